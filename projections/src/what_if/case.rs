//! The tickets of the period, each folded twice.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use domain::{
    actor::{Actor, ActorKind},
    contact::ContactEvent,
    conversation::{Cause, ConversationEvent},
    decider::{Context, Decider},
    event::DomainEvent,
    ids::{ConversationId, TicketId},
    reception::is_new,
    ticket::{Chosen, ReplyPromise, StatusCategory, Ticket, TicketCommand, TicketEvent, TicketSource},
    values::ClassifiedBy,
    what_if::Definition,
};
use event_store::Recorded;
use uuid::Uuid;

use super::world::World;
use crate::{
    ProjectError, TicketRow,
    ticket_row::{Rows, fold},
};

/// As projections are named in what does not fit.
const NAME: &str = "what_if";
/// Tickets of a customer that are decided again when the customer changes, as the process does.
const MOST: usize = 100;

/// All of them.
#[derive(Debug)]
pub(super) struct Cases {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    /// When the first ticket of the log was opened, whether in the period or not.
    pub(super) first_opened: Option<DateTime<Utc>>,
    known: HashMap<Uuid, Case>,
    /// Ticket by conversation.
    threads: HashMap<Uuid, Uuid>,
    /// Tickets by the customer who opened them.
    by_contact: HashMap<Uuid, Vec<Uuid>>,
    was: Rows,
    would_be: Rows,
    /// What decides when nothing is tried.
    plain: World,
}

#[derive(Debug)]
struct Case {
    opener: Actor,
    source: TicketSource,
    first: Option<First>,
    first_answer: Option<DateTime<Utc>>,
    is_unreadable: bool,
    was: Side,
    would_be: Side,
    /// As the rules of the time would have made it, had they looked at every event at once.
    again: Side,
}

/// The customer's first message.
#[derive(Debug)]
struct First {
    seq: u32,
    body: String,
}

/// What is known of one of both.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    ticket: Option<Ticket>,
    promised_until: Option<DateTime<Utc>>,
    priority_corrected: bool,
    category_corrected: bool,
}

/// How a ticket ends.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) would_be: bool,
    pub(super) row: TicketRow,
    pub(super) first_answer: Option<DateTime<Utc>>,
    pub(super) promised_until: Option<DateTime<Utc>>,
    pub(super) priority_corrected: bool,
    pub(super) category_corrected: bool,
}

/// Which of them rules had no say in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) tickets: u64,
    pub(super) brought: u64,
    pub(super) unreadable: u64,
    pub(super) by_people: u64,
    pub(super) raced: u64,
}

impl Cases {
    pub(super) fn new((from, until): (DateTime<Utc>, DateTime<Utc>)) -> Self {
        Self {
            from,
            until,
            first_opened: None,
            known: HashMap::new(),
            threads: HashMap::new(),
            by_contact: HashMap::new(),
            was: Rows::new(),
            would_be: Rows::new(),
            plain: World::new(Arc::new(Definition::nothing(from, until)), None),
        }
    }

    /// Takes what rules look at beside tickets.
    pub(super) fn note(&mut self, recorded: &Recorded<DomainEvent>) {
        self.plain.note(recorded);
    }

    /// Takes an event of the period, or from before it.
    pub(super) fn take(&mut self, recorded: &Recorded<DomainEvent>, world: &mut World) -> Result<(), ProjectError> {
        if let DomainEvent::Ticket(event) = &recorded.event {
            self.take_ticket(recorded, event, world)
        } else if let DomainEvent::Assignment(_) = &recorded.event {
            if self.known.contains_key(&recorded.stream_id) {
                fold(NAME, &mut self.was, recorded)?;
                fold(NAME, &mut self.would_be, recorded)?;
            }
            Ok(())
        } else if let DomainEvent::Conversation(event) = &recorded.event {
            self.take_words(recorded, event, world)
        } else if let DomainEvent::Contact(
            ContactEvent::AssignedToOrganization { .. } | ContactEvent::RemovedFromOrganization { .. },
        ) = &recorded.event
        {
            self.new_of(recorded.stream_id)
                .into_iter()
                .try_for_each(|it| self.decide(it, recorded, world))
        } else {
            Ok(())
        }
    }

    /// What was withdrawn after the period.
    pub(super) fn withdraw(&mut self, recorded: &Recorded<DomainEvent>) {
        if let DomainEvent::Ticket(TicketEvent::Opened { .. }) = &recorded.event {
            self.note_opened(recorded.metadata.at);
        }
        if let DomainEvent::Conversation(ConversationEvent::MessageRedacted { seq, .. }) = &recorded.event {
            self.redact(recorded.stream_id, *seq);
        }
    }

    fn note_opened(&mut self, at: DateTime<Utc>) {
        self.first_opened = Some(self.first_opened.map_or(at, |it| it.min(at)));
    }

    fn take_ticket(
        &mut self,
        recorded: &Recorded<DomainEvent>,
        event: &TicketEvent,
        world: &mut World,
    ) -> Result<(), ProjectError> {
        let id = recorded.stream_id;
        if let TicketEvent::Opened { source, contact_id, .. } = event {
            self.note_opened(recorded.metadata.at);
            if recorded.metadata.at < self.from || recorded.metadata.at >= self.until {
                return Ok(());
            }
            if let Some(contact) = contact_id {
                self.by_contact.entry(contact.0).or_default().push(id);
            }
            let case = Case::new(recorded.metadata.actor.clone(), source.clone());
            self.known.insert(id, case);
            self.threads.insert(ConversationId::of_ticket(TicketId(id)).0, id);
        }
        let Some(case) = self.known.get_mut(&id) else {
            return Ok(());
        };
        fold(NAME, &mut self.was, recorded)?;
        case.was.take(event);
        if !is_by_rules(event) {
            fold(NAME, &mut self.would_be, recorded)?;
            case.would_be.take(event);
            case.again.take(event);
        }
        if let TicketEvent::ReplyPromised { .. } = event {
            case.would_be
                .promise(event, recorded.metadata.at, self.would_be.get(&id), world);
        }
        let leads_to_a_look = matches!(
            event,
            TicketEvent::Opened { .. } | TicketEvent::SubjectChanged { .. } | TicketEvent::TypeChanged { .. }
        );
        if leads_to_a_look {
            self.decide(id, recorded, world)?;
        }
        Ok(())
    }

    fn take_words(
        &mut self,
        recorded: &Recorded<DomainEvent>,
        event: &ConversationEvent,
        world: &mut World,
    ) -> Result<(), ProjectError> {
        let Some(id) = self.threads.get(&recorded.stream_id).copied() else {
            return Ok(());
        };
        let Some(case) = self.known.get_mut(&id) else {
            return Ok(());
        };
        if let ConversationEvent::MessageRedacted { seq, .. } = event {
            self.redact(recorded.stream_id, *seq);
            return Ok(());
        }
        if let (ConversationEvent::MessagePosted { posted_at, .. }, Some(Cause::Answer)) = (event, Cause::of(event)) {
            case.first_answer = Some(case.first_answer.map_or(*posted_at, |it| it.min(*posted_at)));
        }
        if let ConversationEvent::MessageReceived { seq, body, .. } = event
            && case.first.is_none()
        {
            case.is_unreadable |= body.known().is_none();
            case.first = Some(First {
                seq: *seq,
                body: body.known().cloned().unwrap_or_default(),
            });
            return self.decide(id, recorded, world);
        }
        Ok(())
    }

    /// What a message said is for nobody to read any more.
    fn redact(&mut self, conversation: Uuid, seq: u32) {
        let ticket = self.threads.get(&conversation);
        if let Some(case) = ticket.and_then(|it| self.known.get_mut(it))
            && case.first.as_ref().is_some_and(|it| it.seq == seq)
        {
            case.is_unreadable = true;
        }
    }

    /// Tickets of a customer that nobody works on yet, the newest first.
    fn new_of(&self, contact: Uuid) -> Vec<Uuid> {
        let new = StatusCategory::New.as_str();
        let is_new = |row: &&TicketRow| row.status == new && row.merged_into.is_none();
        let all = self.by_contact.get(&contact).into_iter().flatten();
        let mut found: Vec<&TicketRow> = all.filter_map(|it| self.was.get(it)).filter(is_new).collect();
        found.sort_by_key(|it| std::cmp::Reverse(it.number));
        found.iter().take(MOST).map(|it| it.ticket_id).collect()
    }

    /// Lets the rules that are tried say what they say, as the process would.
    fn decide(&mut self, id: Uuid, recorded: &Recorded<DomainEvent>, world: &mut World) -> Result<(), ProjectError> {
        let Some(case) = self.known.get_mut(&id) else {
            return Ok(());
        };
        if recorded.metadata.actor.kind == ActorKind::Import {
            return Ok(());
        }
        for event in case.decided(&case.again, recorded, &mut self.plain) {
            case.again.take(&event);
        }
        for event in case.decided(&case.would_be, recorded, world) {
            case.would_be.take(&event);
            let mut chosen = recorded.clone();
            (chosen.stream_id, chosen.event) = (id, DomainEvent::Ticket(event));
            fold(NAME, &mut self.would_be, &chosen)?;
        }
        Ok(())
    }

    /// How all of them end, each twice.
    pub(super) fn outcomes(mut self) -> (Vec<Outcome>, Counts) {
        let mut counts = Counts::default();
        let mut outcomes = Vec::with_capacity(self.known.len() * 2);
        for (id, case) in self.known {
            let (Some(was), Some(would_be)) = (self.was.remove(&id), self.would_be.remove(&id)) else {
                continue;
            };
            counts.tickets += 1;
            let unreadable = case.is_unreadable();
            counts.unreadable += u64::from(unreadable);
            counts.brought += u64::from(case.was.ticket.as_ref().is_some_and(|it| !case.is_new(it)));
            counts.by_people += u64::from(case.is_by_people());
            let raced = !unreadable && case.is_raced();
            counts.raced += u64::from(raced);
            // Nobody knows what rules would have said of it, or whether in time.
            let other = if unreadable || raced {
                (was.clone(), case.was.clone())
            } else {
                (would_be, case.would_be)
            };
            outcomes.push(Outcome::of(false, (was, case.was), case.first_answer));
            outcomes.push(Outcome::of(true, other, case.first_answer));
        }
        (outcomes, counts)
    }
}

impl Case {
    fn new(opener: Actor, source: TicketSource) -> Self {
        Self {
            opener,
            source,
            first: None,
            first_answer: None,
            is_unreadable: false,
            was: Side::default(),
            would_be: Side::default(),
            again: Side::default(),
        }
    }

    /// Whether what became of it does not follow from the rules of the time: it ended, or people were at work, before they
    /// came to look.
    fn is_raced(&self) -> bool {
        let chosen = |side: &Side| side.ticket.as_ref().map(|it| (it.category.clone(), it.priority));
        chosen(&self.again) != chosen(&self.was)
    }

    fn is_new(&self, ticket: &Ticket) -> bool {
        is_new(&self.opener, &self.source, ticket)
    }

    fn is_unreadable(&self) -> bool {
        self.is_unreadable || self.was.ticket.as_ref().is_some_and(|it| it.subject.is_none())
    }

    fn is_by_people(&self) -> bool {
        self.was.ticket.as_ref().is_some_and(|it| {
            Chosen::stands(it.category_chosen.as_ref()) && Chosen::stands(it.priority_chosen.as_ref())
        })
    }

    fn decided(&self, side: &Side, recorded: &Recorded<DomainEvent>, world: &mut World) -> Vec<TicketEvent> {
        let ticket = side.ticket.as_ref();
        let Some(ticket) = ticket.filter(|it| self.is_new(it) && it.is_open_to_rules()) else {
            return Vec::new();
        };
        let first = self.first.as_ref().map(|it| it.body.as_str());
        let texts = ticket.subject.as_deref().into_iter().chain(first).collect();
        let command = TicketCommand::Classify(world.choose(ticket, texts));
        let context = Context {
            at: recorded.metadata.at,
            actor: Actor::new(ActorKind::System, NAME),
            id: recorded.stream_id,
        };
        // A refusal is what the process would have met, too.
        Ticket::decide(Some(ticket), &command, &context).unwrap_or_default()
    }
}

impl Side {
    fn take(&mut self, event: &TicketEvent) {
        self.note_correction(event);
        if let TicketEvent::ReplyPromised { due_at, .. } = event {
            self.promised_until = Some(*due_at);
        }
        self.ticket = Ticket::evolve(self.ticket.take(), event);
    }

    /// What people chose otherwise than rules had.
    fn note_correction(&mut self, event: &TicketEvent) {
        let Some(ticket) = &self.ticket else { return };
        let by_rules = |chosen: Option<&Chosen>| chosen.is_some_and(|it| it.by != ClassifiedBy::Agent);
        if is_by_rules(event) {
            return;
        }
        if let TicketEvent::Categorized { category_id, .. } = event {
            let kept = ticket.category.as_ref().map(|it| &it.0) == category_id.as_ref();
            self.category_corrected |= by_rules(ticket.category_chosen.as_ref()) && !kept;
        } else if let TicketEvent::Prioritized { to, .. } = event {
            self.priority_corrected |= by_rules(ticket.priority_chosen.as_ref()) && ticket.priority != *to;
        }
    }

    /// What would have been promised in the place of what was.
    fn promise(&mut self, event: &TicketEvent, at: DateTime<Utc>, row: Option<&TicketRow>, world: &World) {
        let (Some(ticket), Some(row)) = (&self.ticket, row) else {
            return;
        };
        let TicketEvent::ReplyPromised {
            message_id, priority, ..
        } = event
        else {
            return;
        };
        if ticket.priority == *priority {
            return;
        }
        if let Some(promises) = world.promises(ticket) {
            let promise = ReplyPromise::to(*message_id, ticket.priority, promises, (row.opened_at, at));
            self.promised_until = Some(promise.due_at);
        }
    }
}

impl Outcome {
    fn of(would_be: bool, (row, side): (TicketRow, Side), first_answer: Option<DateTime<Utc>>) -> Self {
        Self {
            would_be,
            row,
            first_answer,
            promised_until: side.promised_until,
            priority_corrected: side.priority_corrected,
            category_corrected: side.category_corrected,
        }
    }
}

/// Whether rules or the learned classifier chose.
fn is_by_rules(event: &TicketEvent) -> bool {
    if let TicketEvent::Categorized { by, .. } = event {
        *by != ClassifiedBy::Agent
    } else if let TicketEvent::Prioritized { by, .. } = event {
        by.is_some_and(|it| it != ClassifiedBy::Agent)
    } else {
        false
    }
}
