//! Files: where they may go, which message they belong to, and what becomes of them with it.
//!
//! A file is attached before the message that names it is appended, so that no two messages can have it; whether the
//! message may be is decided before that. If the message never comes, because a crash came first, the file is free again.

use domain::{
    access::{Place, Rights},
    actor::{Actor, ActorKind},
    attachment::{
        Attached, Attachment, AttachmentCommand, AttachmentEvent, AttachmentRefusal, DiscardReason, Found, Limits,
    },
    conversation::{Conversation, ConversationCommand, ConversationEvent, NewMessage, Thread, Visibility},
    decider::Decider,
    event::DomainEvent,
    ids::{AttachmentId, CommandId, ContactId, ConversationId, MessageId, TicketId, stream_name},
    personal::DataSubject,
    ticket::TicketPlace,
};
use event_store::{Position, decode};
use uuid::Uuid;

use crate::{
    Command, CommandError, Handler, Outcome, Refusal, Request,
    authorize::authorize_in,
    folded::{Folded, read_opened},
    tickets::place_of,
};

/// A file with what is personal of it.
#[derive(Debug, Clone)]
pub struct File {
    /// What is known of it.
    pub state: Attachment,
    /// What it is called; `None` when the customer is forgotten.
    pub name: Option<String>,
    /// The key of its bytes, hex; `None` before they are there, and when the customer is forgotten.
    pub key: Option<String>,
    /// Whether the customer is forgotten.
    pub forgotten: bool,
}

/// Where a new file is to go.
struct Goal {
    place: Place,
    subject: DataSubject,
    inbox_id: Option<Uuid>,
    contact_id: Option<ContactId>,
}

impl Handler {
    pub(crate) async fn about_file(
        &self,
        id: AttachmentId,
        command: &AttachmentCommand,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        match command {
            AttachmentCommand::Prepare { .. } => self.announce(id, command.clone(), rights, request).await,
            AttachmentCommand::Store { .. }
            | AttachmentCommand::Scan { .. }
            | AttachmentCommand::Depict { .. }
            | AttachmentCommand::Attach { .. }
            | AttachmentCommand::NoteDownload { .. }
            | AttachmentCommand::Discard { .. }
            | AttachmentCommand::NoteRemoval => self.plain::<Attachment>(id.0, command, request).await,
        }
    }

    async fn announce(
        &self,
        id: AttachmentId,
        mut command: AttachmentCommand,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let AttachmentCommand::Prepare {
            ticket_id,
            inbox_id,
            contact_id,
            usual,
            found,
            ..
        } = &mut command
        else {
            return Err(Refusal::from(AttachmentRefusal::NotFound).into());
        };
        let goal = match (*ticket_id, *inbox_id, *contact_id) {
            (Some(ticket), _, _) => self.under_ticket(ticket).await?,
            (None, Some(inbox), Some(contact)) => self.in_inbox(inbox, contact).await?,
            (None, _, _) => None,
        };
        let place = goal.as_ref().map(|it| it.place).unwrap_or_default();
        authorize_in(rights, &request.command, &place)?;
        if request.actor.kind == ActorKind::Contact
            && let Ok(contact) = request.actor.id.parse()
            && self.is_blocked(contact).await?
        {
            return Err(Refusal::from(AttachmentRefusal::Blocked).into());
        }
        if let Some(goal) = goal {
            *found = Some(Found {
                subject: goal.subject,
                inbox_id: goal.inbox_id,
                contact_id: goal.contact_id,
                limits: self.file_limits(goal.inbox_id, usual).await?,
            });
        }
        self.plain::<Attachment>(id.0, &command, request).await
    }

    async fn under_ticket(&self, id: TicketId) -> Result<Option<Goal>, CommandError> {
        let slot = self.slot::<domain::ticket::Ticket>(id.0);
        let mut ticket = slot.lock().await;
        let folded = self.look(&mut ticket, id.0).await?;
        Ok(folded.state.as_ref().map(|it| Goal {
            place: place_of(folded),
            subject: DataSubject(it.contact_id.map_or(id.0, |it| it.0)),
            inbox_id: it.place.inbox_id,
            contact_id: it.contact_id,
        }))
    }

    async fn in_inbox(&self, inbox: Uuid, contact: ContactId) -> Result<Option<Goal>, CommandError> {
        let there = self.inbox(inbox).await?.is_some_and(|it| !it.retired);
        if !there || !self.knows_contact(contact).await? {
            return Ok(None);
        }
        let contact = self.survivor(contact).await?;
        let place = TicketPlace {
            inbox_id: Some(inbox),
            ..TicketPlace::default()
        };
        Ok(Some(Goal {
            place: self.complete(place).await?.of(Some(contact.0)),
            subject: DataSubject(contact.0),
            inbox_id: Some(inbox),
            contact_id: Some(contact),
        }))
    }

    async fn knows_contact(&self, id: ContactId) -> Result<bool, CommandError> {
        let slot = self.slot::<domain::contact::Contact>(id.0);
        let mut contact = slot.lock().await;
        Ok(self.look(&mut contact, id.0).await?.state.is_some())
    }

    /// What an inbox takes now: what it says itself, or else what is usual here.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn file_limits(&self, inbox: Option<Uuid>, usual: &Limits) -> Result<Limits, CommandError> {
        let own = match inbox {
            Some(id) => self.inbox(id).await?.map(|it| it.definition),
            None => None,
        };
        let Some(own) = own else { return Ok(usual.clone()) };
        Ok(Limits {
            max_bytes: own.file_max_bytes.unwrap_or(usual.max_bytes),
            allowed: if own.file_types.is_empty() {
                usual.allowed.clone()
            } else {
                own.file_types
            },
        })
    }

    /// A file as the log has it; `None` when there is none.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn file(&self, id: AttachmentId) -> Result<Option<File>, CommandError> {
        let stream = stream_name(Attachment::CATEGORY, id.0);
        let mut state = None;
        let (mut name, mut key, mut forgotten) = (None, None, false);
        for recorded in read_opened(&self.log, &self.vault, &stream).await? {
            let DomainEvent::Attachment(event) = recorded.event else {
                continue;
            };
            if let AttachmentEvent::Prepared { name: called, .. } = &event {
                name = called.known().cloned();
                forgotten = name.is_none();
            }
            if let AttachmentEvent::Stored { key: sealing, .. } = &event {
                key = sealing.known().cloned();
            }
            state = Attachment::evolve(state, &event);
        }
        Ok(state.map(|state| File {
            state,
            name,
            key,
            forgotten,
        }))
    }

    /// Lets the files of a message that is about to be appended belong to it; all of them or none.
    pub(crate) async fn attach_files(
        &self,
        conversation: &mut Option<Folded<Conversation>>,
        (id, command): (Uuid, &ConversationCommand),
        request: &Request,
    ) -> Result<(), CommandError> {
        let Some((message, thread, internal)) = new_message(command).filter(|it| !it.0.attachments.is_empty()) else {
            return Ok(());
        };
        let folded = self.look(conversation, id).await?;
        if folded.find(request.command_id).is_some() {
            return Ok(());
        }
        let context = self.context(&request.actor, id);
        let said = Conversation::decide(folded.state.as_ref(), command, &context).map_err(Refusal::from)?;
        if said.is_empty() {
            return Ok(());
        }
        let mut wishes = Vec::with_capacity(message.attachments.len());
        for file in &message.attachments {
            let known = self.known_file(*file).await?;
            let attached = known.as_ref().and_then(|it| it.attached);
            let wish = AttachmentCommand::Attach {
                ticket_id: thread.ticket_id,
                message_id: message.message_id,
                internal,
                subject: self.subject_of(known.as_ref(), thread).await?,
                is_free: attached.is_some_and(|it| never_came(&it, thread, folded)),
                same_person: self.was_announced_by(known.as_ref(), &request.actor).await?,
            };
            let context = self.context(&request.actor, file.0);
            Attachment::decide(known.as_ref(), &wish, &context).map_err(Refusal::from)?;
            wishes.push((*file, wish));
        }
        for (file, wish) in wishes {
            let first = (request.command_id, &request.actor, request.traceparent.as_ref());
            self.further(file, wish, first).await?;
        }
        Ok(())
    }

    async fn known_file(&self, id: AttachmentId) -> Result<Option<Attachment>, CommandError> {
        let slot = self.slot::<Attachment>(id.0);
        let mut slot = slot.lock().await;
        Ok(self.look(&mut slot, id.0).await?.state.clone())
    }

    /// Whether two ids are of one customer: the same, or of records that were merged.
    async fn are_one(&self, one: Uuid, other: Uuid) -> Result<bool, CommandError> {
        Ok(one == other || self.survivor(ContactId(one)).await? == self.survivor(ContactId(other)).await?)
    }

    /// Whose key seals what is said under a ticket; that of the file, when its customer is the ticket's by another record.
    async fn subject_of(&self, file: Option<&Attachment>, thread: &Thread) -> Result<DataSubject, CommandError> {
        let of_thread = DataSubject(thread.contact_id.map_or(thread.ticket_id.0, |it| it.0));
        match file {
            Some(file) if self.are_one(file.subject.0, of_thread.0).await? => Ok(file.subject),
            Some(_) | None => Ok(of_thread),
        }
    }

    /// Whether a customer announced a file, under whichever record of theirs.
    async fn was_announced_by(&self, file: Option<&Attachment>, actor: &Actor) -> Result<bool, CommandError> {
        let Some(Ok(author)) = file.map(|it| it.author.parse::<Actor>()) else {
            return Ok(false);
        };
        if (author.kind, actor.kind) != (ActorKind::Contact, ActorKind::Contact) {
            return Ok(false);
        }
        let (Ok(author), Ok(actor)) = (author.id.parse(), actor.id.parse()) else {
            return Ok(false);
        };
        self.are_one(author, actor).await
    }

    /// Whether the message that a file belongs to was withdrawn; the file itself is taken away a moment later.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn is_withdrawn(&self, attached: &Attached) -> Result<bool, CommandError> {
        let conversation = ConversationId::of_ticket(attached.ticket_id).0;
        let slot = self.slot::<Conversation>(conversation);
        let mut slot = slot.lock().await;
        let state = self.look(&mut slot, conversation).await?.state.as_ref();
        Ok(state.is_some_and(|it| {
            let message = it.known.get(&attached.message_id);
            message.is_some_and(|message| it.redacted.contains(&message.seq))
        }))
    }

    /// Takes away the files of a message that was withdrawn; the position of the last of it.
    pub(crate) async fn discard_files(
        &self,
        conversation: Uuid,
        which: Which,
        first: First<'_>,
    ) -> Result<Option<Position>, CommandError> {
        let stream = stream_name(Conversation::CATEGORY, conversation);
        let mut files = Vec::new();
        for raw in &self.log.read_stream(&stream, 0).await.map_err(CommandError::Log)? {
            if let DomainEvent::Conversation(event) = decode(raw)?.event
                && let Some(found) = which.files(event)
            {
                files = found;
            }
        }
        let mut last = None;
        for file in files {
            let discard = AttachmentCommand::Discard {
                reason: DiscardReason::Redacted,
                never_came: None,
            };
            let outcome = self.further(file, discard, first).await?;
            last = last.max(Some(outcome.position));
        }
        Ok(last)
    }

    /// Takes a file away that no message has; whether nothing is left to be done.
    ///
    /// # Errors
    /// [`CommandError`].
    pub async fn discard_orphan(&self, id: AttachmentId, actor: &Actor) -> Result<bool, CommandError> {
        let attached = self.known_file(id).await?.and_then(|it| it.attached);
        let discard = AttachmentCommand::Discard {
            reason: DiscardReason::Orphaned,
            never_came: attached.map(|it| it.message_id),
        };
        let command_id = CommandId::of_request(&actor.to_string(), "discardOrphan", &id.to_string(), "");
        let first = (command_id, actor, None);
        let Some(attached) = attached else {
            self.further(id, discard, first).await?;
            return Ok(true);
        };
        let conversation = ConversationId::of_ticket(attached.ticket_id).0;
        let slot = self.slot::<Conversation>(conversation);
        let mut slot = slot.lock().await;
        let state = &self.look(&mut slot, conversation).await?.state;
        if state
            .as_ref()
            .is_some_and(|it| it.known.contains_key(&attached.message_id))
        {
            return Ok(true);
        }
        self.further(id, discard, first).await?;
        Ok(true)
    }

    /// What a first command means for a file.
    async fn further(
        &self,
        id: AttachmentId,
        wish: AttachmentCommand,
        (command_id, actor, traceparent): First<'_>,
    ) -> Result<Outcome, CommandError> {
        let request = Request {
            command_id: CommandId(Uuid::new_v5(&command_id.0, format!("attachment {id}").as_bytes())),
            command: Command::Attachment(id, wish.clone()),
            actor: actor.clone(),
            expected_version: None,
            traceparent: traceparent.cloned(),
        };
        self.plain::<Attachment>(id.0, &wish, &request).await
    }
}

/// The command that came first, who gave it, and its trace.
pub(crate) type First<'a> = (CommandId, &'a Actor, Option<&'a String>);

/// Which message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// The one with this id.
    Id(MessageId),
    /// The one at this place.
    Place(u32),
}

impl Which {
    /// Its files, if the event added it.
    fn files(self, event: ConversationEvent) -> Option<Vec<AttachmentId>> {
        let (ConversationEvent::MessageReceived {
            seq,
            message_id,
            attachments,
            ..
        }
        | ConversationEvent::MessagePosted {
            seq,
            message_id,
            attachments,
            ..
        }) = event
        else {
            return None;
        };
        let is_it = match self {
            Self::Id(id) => id == message_id,
            Self::Place(place) => place == seq,
        };
        is_it.then_some(attachments)
    }
}

/// The message that a command adds, under what, and whether it is the team's own.
fn new_message(command: &ConversationCommand) -> Option<(&NewMessage, &Thread, bool)> {
    match command {
        ConversationCommand::Receive { message, thread, .. } => Some((message, thread.as_ref()?, false)),
        ConversationCommand::Post {
            message,
            thread,
            visibility,
            ..
        } => Some((message, thread.as_ref()?, *visibility == Visibility::Note)),
        ConversationCommand::Edit { .. }
        | ConversationCommand::Redact { .. }
        | ConversationCommand::MarkDelivered { .. }
        | ConversationCommand::MarkRead { .. } => None,
    }
}

/// The files that a command names.
pub(crate) fn files_of(command: &ConversationCommand) -> &[AttachmentId] {
    match command {
        ConversationCommand::Receive { message, .. } | ConversationCommand::Post { message, .. } => {
            &message.attachments
        }
        ConversationCommand::Edit { .. }
        | ConversationCommand::Redact { .. }
        | ConversationCommand::MarkDelivered { .. }
        | ConversationCommand::MarkRead { .. } => &[],
    }
}

/// Whether the message that a file was attached to is not in the conversation at hand, where it would be.
fn never_came(attached: &Attached, thread: &Thread, conversation: &Folded<Conversation>) -> bool {
    let known = conversation.state.as_ref();
    attached.ticket_id == thread.ticket_id && !known.is_some_and(|it| it.known.contains_key(&attached.message_id))
}
