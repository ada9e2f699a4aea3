//! Commands about the learned classifier, and what it learns from: tickets whose category an agent chose, as the log has
//! them.

use std::collections::{BTreeSet, HashMap};

use domain::{
    actor::ActorKind,
    classifier::{Classifier, ClassifierCommand, Example, Lesson, learn, stems},
    contact::ContactEvent,
    conversation::ConversationEvent,
    decider::Decider,
    event::DomainEvent,
    ids::{ContactId, ConversationId, TicketId, singleton},
    personal::Personal,
    ticket::TicketEvent,
    values::ClassifiedBy,
};
use event_store::{Position, Raw, Recorded, Scan, decode};
use tokio::task::spawn_blocking;
use tracing::warn;
use uuid::Uuid;

use crate::{CommandError, Handler, Outcome, Request};

/// Events read at a time.
const PAGE: usize = 4096;
/// Tickets that are learnt from at most, those that were chosen last: more do not make it better, only slower.
const MOST: usize = 20_000;
/// What tells which category agents chose, and which customers are one person.
const CHOICES: &[&str] = &[
    "ticket.opened",
    "ticket.categorized",
    "contact.merged",
    "contact.unmerged",
];
/// What customers said, and what of it is still to be read.
const WORDS: &[&str] = &[
    "ticket.opened",
    "ticket.subject_changed",
    "conversation.message_received",
    "conversation.message_redacted",
];

/// What agents chose.
#[derive(Default)]
struct Choices {
    categories: HashMap<Uuid, (Position, String)>,
    merged: HashMap<ContactId, ContactId>,
    until: Position,
}

/// What the customer of a ticket wrote.
#[derive(Default)]
struct Words {
    customer: Option<ContactId>,
    subject: BTreeSet<String>,
    first: Option<(u32, BTreeSet<String>)>,
}

impl Handler {
    /// The learned classifier as the log has it.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn classifier(&self) -> Result<Classifier, CommandError> {
        let id = singleton(Classifier::CATEGORY);
        let slot = self.slot::<Classifier>(id);
        let mut folded = slot.lock().await;
        Ok(self.look(&mut folded, id).await?.state.clone().unwrap_or_default())
    }

    pub(crate) async fn about_classifier(
        &self,
        command: &ClassifierCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let id = singleton(Classifier::CATEGORY);
        if !matches!(command, ClassifierCommand::Train(None)) {
            return self.plain::<Classifier>(id, command, request).await;
        }
        // One reading of the log at a time: whoever comes second learns the same, and keeps nothing new.
        let _learning = self.learning.lock().await;
        let done = {
            let slot = self.slot::<Classifier>(id);
            let mut folded = slot.lock().await;
            self.look(&mut folded, id).await?.find(request.command_id).is_some()
        };
        // Nobody waits for the stream while the log is read.
        let lesson = if done { None } else { self.learn_from_log().await? };
        let train = ClassifierCommand::Train(lesson.map(Box::new));
        self.plain::<Classifier>(id, &train, request).await
    }

    async fn learn_from_log(&self) -> Result<Option<Lesson>, CommandError> {
        let head = self.log.head().await.map_err(CommandError::Log)?;
        let mut choices = self.choices(head).await?;
        let words = self.words(&mut choices, head).await?;
        let examples: Vec<Example> = words
            .into_iter()
            .filter_map(|(ticket, words)| {
                let (_, category) = choices.categories.get(&ticket)?;
                let mut stems = words.subject;
                stems.extend(words.first.into_iter().flat_map(|it| it.1));
                Some(Example {
                    ticket: TicketId(ticket),
                    customer: words.customer.map(|it| survivor(&choices.merged, it)),
                    category: category.clone(),
                    stems,
                })
            })
            .collect();
        let until = choices.until.0;
        // Seconds of pure work, for which no request is to wait.
        let learnt = spawn_blocking(move || learn(&examples, until)).await;
        Ok(learnt.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())))
    }

    async fn choices(&self, head: Position) -> Result<Choices, CommandError> {
        let mut choices = Choices::default();
        let mut log = Scan::start(&self.log, Position::START, CHOICES);
        while let Some(page) = log.next(PAGE).await.map_err(CommandError::Log)? {
            let known = page.iter().filter(|it| it.position <= head);
            known.filter_map(readable).for_each(|it| choices.note(it));
        }
        let mut chosen: Vec<(Uuid, (Position, String))> = choices.categories.drain().collect();
        chosen.sort_by_key(|it| std::cmp::Reverse(it.1.0));
        chosen.truncate(MOST);
        choices.categories = chosen.into_iter().collect();
        Ok(choices)
    }

    /// What the customers of those tickets wrote. What nobody can read any more is not there.
    async fn words(&self, choices: &mut Choices, head: Position) -> Result<HashMap<Uuid, Words>, CommandError> {
        let threads: HashMap<Uuid, Uuid> = choices
            .categories
            .keys()
            .flat_map(|it| [(*it, *it), (ConversationId::of_ticket(TicketId(*it)).0, *it)])
            .collect();
        let mut words: HashMap<Uuid, Words> = HashMap::new();
        let mut log = Scan::start(&self.log, Position::START, WORDS);
        while let Some(page) = log.next(PAGE).await.map_err(CommandError::Log)? {
            let wanted = page
                .iter()
                .filter(|it| it.position <= head && stream_id(it).is_some_and(|id| threads.contains_key(&id)));
            for it in self.opened(wanted.collect()).await? {
                choices.until = choices.until.max(it.position);
                if let Some(ticket) = threads.get(&it.stream_id) {
                    words.entry(*ticket).or_default().note(&it.event);
                }
            }
        }
        Ok(words)
    }

    /// The events, their personal data opened; without those that cannot be.
    async fn opened(&self, raws: Vec<&Raw>) -> Result<Vec<Recorded<DomainEvent>>, CommandError> {
        let mut all: Vec<_> = raws.iter().copied().filter_map(readable).collect();
        match self.vault.open_events(&mut all).await.map_err(CommandError::from) {
            Ok(()) => return Ok(all),
            Err(error) if error.is_lasting() => {}
            Err(error) => return Err(error),
        }
        let mut opened = Vec::with_capacity(raws.len());
        for it in raws.into_iter().filter_map(readable) {
            let mut one = [it];
            match self.vault.open_events(&mut one).await.map_err(CommandError::from) {
                Ok(()) => opened.extend(one),
                Err(error) if error.is_lasting() => warn!(%error, "nothing is learnt from an event"),
                Err(error) => return Err(error),
            }
        }
        Ok(opened)
    }
}

/// The event; `None` when this program does not understand it.
fn readable(raw: &Raw) -> Option<Recorded<DomainEvent>> {
    let read = decode(raw);
    if let Err(error) = &read {
        warn!(%error, "nothing is learnt from an event");
    }
    read.ok()
}

impl Choices {
    fn note(&mut self, recorded: Recorded<DomainEvent>) {
        self.until = self.until.max(recorded.position);
        let chosen = if let DomainEvent::Ticket(TicketEvent::Opened { category_id, .. }) = recorded.event {
            category_id.filter(|_| is_of_staff(recorded.metadata.actor.kind))
        } else if let DomainEvent::Ticket(TicketEvent::Categorized { category_id, by, .. }) = recorded.event {
            category_id.filter(|_| by == ClassifiedBy::Agent)
        } else {
            return self.note_contact(ContactId(recorded.stream_id), &recorded.event);
        };
        match chosen {
            Some(key) => self.categories.insert(recorded.stream_id, (recorded.position, key)),
            None => self.categories.remove(&recorded.stream_id),
        };
    }

    fn note_contact(&mut self, contact: ContactId, event: &DomainEvent) {
        if let DomainEvent::Contact(ContactEvent::Merged { into }) = event {
            self.merged.insert(contact, *into);
        } else if let DomainEvent::Contact(ContactEvent::Unmerged { .. }) = event {
            self.merged.remove(&contact);
        }
    }
}

impl Words {
    fn note(&mut self, event: &DomainEvent) {
        if let DomainEvent::Ticket(TicketEvent::Opened {
            subject, contact_id, ..
        }) = event
        {
            (self.subject, self.customer) = (read(subject), *contact_id);
        } else if let DomainEvent::Ticket(TicketEvent::SubjectChanged { subject }) = event {
            self.subject = read(subject);
        } else if let DomainEvent::Conversation(ConversationEvent::MessageReceived { seq, body, .. }) = event {
            self.first.get_or_insert_with(|| (*seq, read(body)));
        } else if let DomainEvent::Conversation(ConversationEvent::MessageRedacted { seq, .. }) = event
            && let Some((first, words)) = &mut self.first
            && first == seq
        {
            words.clear();
        }
    }
}

fn read(text: &Personal<String>) -> BTreeSet<String> {
    stems(text.known().map(String::as_str))
}

/// Whoever works here, a program on their behalf, or those who did elsewhere.
fn is_of_staff(kind: ActorKind) -> bool {
    match kind {
        ActorKind::Agent | ActorKind::ApiKey | ActorKind::Import => true,
        ActorKind::Contact | ActorKind::Bot | ActorKind::System => false,
    }
}

/// The record with which a customer is shown. Rings cannot be, and are not followed for ever all the same.
fn survivor(merged: &HashMap<ContactId, ContactId>, contact: ContactId) -> ContactId {
    let next = |it: &ContactId| merged.get(it).copied();
    std::iter::successors(Some(contact), next)
        .take(16)
        .last()
        .unwrap_or(contact)
}

fn stream_id(raw: &Raw) -> Option<Uuid> {
    raw.stream.split_once('-')?.1.parse().ok()
}
