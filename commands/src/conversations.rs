//! Messages under a ticket: two streams, one after the other.
//!
//! The message is appended first, then what it means for the ticket. The second has an id that follows from the first's,
//! and what it is follows from the ticket's status, so it can be carried out by whoever comes to it: the command itself,
//! the same command repeated, or the process that follows the log after a crash. The ticket's lock is held over both.

use domain::{
    access::{Place, Rights},
    actor::{Actor, ActorKind},
    conversation::{
        Cause, Conversation, ConversationCommand, ConversationEvent, ConversationRefusal, Known, Sort, Thread, Via,
        Visibility, consequence,
    },
    decider::Decider,
    event::DomainEvent,
    ids::{AgentId, CommandId, ConversationId, TicketId, stream_name},
    ticket::{Status, Ticket, TicketEvent, TicketRefusal},
};
use event_store::{Position, Recorded};
use uuid::Uuid;

use crate::{
    Command, CommandError, Handler, Outcome, Refusal, Request,
    attachments::Which,
    authorize::authorize_in,
    folded::{Folded, read_opened},
    questions::later,
    tickets::place_of,
};

/// What came first, as far as the second step needs it.
#[derive(Debug)]
struct First<'a> {
    command_id: CommandId,
    actor: &'a Actor,
    traceparent: Option<&'a String>,
    cause: Cause,
}

impl Handler {
    pub(crate) async fn converse(
        &self,
        ticket_id: TicketId,
        command: &ConversationCommand,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let slot = self.slot::<Ticket>(ticket_id.0);
        let mut ticket = slot.lock().await;
        let known = self.look(&mut ticket, ticket_id.0).await?;
        permit_words(rights, request, command, &place_of(known))?;
        let thread = thread(ticket_id, known)?;
        let shown_with = known.state.as_ref().and_then(|it| it.merged_into);
        if let (Some(into), ConversationCommand::Post { .. }) = (shown_with, command)
            && !self.is_said(ticket_id, command).await?
        {
            return Err(Refusal::from(TicketRefusal::Merged { into }).into());
        }
        if let ConversationCommand::Post { mentions, .. } = command {
            self.check_mentions(mentions).await?;
        }
        if request.actor.kind == ActorKind::Contact
            && let Ok(contact) = request.actor.id.parse()
            && self.is_blocked(contact).await?
        {
            return Err(Refusal::from(ConversationRefusal::Blocked).into());
        }
        let command = under(command.clone(), thread);
        let id = ConversationId::of_ticket(ticket_id).0;
        let said = {
            let slot = self.slot::<Conversation>(id);
            let mut conversation = slot.lock().await;
            self.attach_files(&mut conversation, (id, &command), request).await?;
            self.run(&mut conversation, id, &command, request, |_| Ok(())).await?
        };
        if let ConversationCommand::Redact { message_id, .. } = &command {
            let first = (request.command_id, &request.actor, request.traceparent.as_ref());
            // Positions of files are not waited for by who waits for a message.
            self.discard_files(id, Which::Id(*message_id), first).await?;
            return Ok(said);
        }
        let Some(cause) = cause_of(&command).filter(|_| said.changed || said.repeated) else {
            return Ok(said);
        };
        let first = First {
            command_id: request.command_id,
            actor: &request.actor,
            traceparent: request.traceparent.as_ref(),
            cause,
        };
        // A repetition may come to what a crash left undone; whatever was done to the ticket since then stands.
        let since = (!said.changed).then_some(said.position);
        let then = if shown_with.is_some() {
            drop(ticket);
            self.follow_shown(ticket_id, &first, (said.position, since)).await?
        } else {
            self.follow(&mut ticket, ticket_id, &first, since).await?
        };
        Ok(then.map_or(said, |then| Outcome {
            position: said.position.max(then.position),
            changed: said.changed || then.changed,
            ..said
        }))
    }

    /// Carries out what a message in the log means for its ticket, or what a merged, unmerged or split ticket takes along, if
    /// that is still to be done; whether it was.
    ///
    /// # Errors
    /// [`CommandError`]; the same call may succeed later.
    pub async fn finish_reply(&self, message: &Recorded<DomainEvent>) -> Result<bool, CommandError> {
        let metadata = &message.metadata;
        let first = (metadata.command_id, &metadata.actor, metadata.traceparent.as_ref());
        if let DomainEvent::Ticket(event) = &message.event {
            let carried = self.carry_along(TicketId(message.stream_id), event, message.position, first);
            return Ok(carried.await?.is_some_and(|it| it.changed));
        }
        let DomainEvent::Conversation(event) = &message.event else {
            return Ok(false);
        };
        if let ConversationEvent::MessageRedacted { seq, .. } = event {
            let discarded = self.discard_files(message.stream_id, Which::Place(*seq), first).await?;
            return Ok(discarded.is_some_and(|it| it > message.position));
        }
        let Some(cause) = Cause::of(event) else {
            return Ok(false);
        };
        let Some(ticket_id) = self.ticket_of(message.stream_id).await? else {
            return Ok(false);
        };
        let first = First {
            command_id: message.metadata.command_id,
            actor: &message.metadata.actor,
            traceparent: message.metadata.traceparent.as_ref(),
            cause,
        };
        let at = message.position;
        let done = self.follow_shown(ticket_id, &first, (at, Some(at))).await?;
        Ok(done.is_some_and(|it| it.changed))
    }

    /// The second step, at the ticket with which this one is shown: there it is worked on, and there the customer waits.
    async fn follow_shown(
        &self,
        ticket_id: TicketId,
        first: &First<'_>,
        (at, since): (Position, Option<Position>),
    ) -> Result<Option<Outcome>, CommandError> {
        let shown = self.shown_at(ticket_id).await?;
        let done = {
            let slot = self.slot::<Ticket>(shown.0);
            let mut ticket = slot.lock().await;
            self.follow(&mut ticket, shown, first, since).await?
        };
        if shown == ticket_id || first.cause != Cause::Customer {
            return Ok(done);
        }
        let Some(since) = self.arrived(ticket_id, first.command_id).await? else {
            return Ok(done);
        };
        let origin = (first.command_id, first.actor, first.traceparent);
        let carried = self.carry((ticket_id, since), at, origin).await?;
        Ok(later(done, carried))
    }

    /// Place of the last message under a ticket; 0 when there is none.
    pub(crate) async fn last_message(&self, ticket_id: TicketId) -> Result<u32, CommandError> {
        let id = ConversationId::of_ticket(ticket_id).0;
        let slot = self.slot::<Conversation>(id);
        let mut conversation = slot.lock().await;
        let state = &self.look(&mut conversation, id).await?.state;
        Ok(state.as_ref().map_or(0, |it| it.last_seq))
    }

    /// Whether the message of a command is in its conversation already.
    async fn is_said(&self, ticket_id: TicketId, command: &ConversationCommand) -> Result<bool, CommandError> {
        let (ConversationCommand::Post { message, .. } | ConversationCommand::Receive { message, .. }) = command else {
            return Ok(false);
        };
        let id = ConversationId::of_ticket(ticket_id).0;
        let slot = self.slot::<Conversation>(id);
        let mut conversation = slot.lock().await;
        let state = &self.look(&mut conversation, id).await?.state;
        Ok(state
            .as_ref()
            .is_some_and(|it| it.known.contains_key(&message.message_id)))
    }

    /// The second step; `None` when there is nothing to do. With `since`, only if nobody has changed the ticket's status
    /// after that position.
    async fn follow(
        &self,
        ticket: &mut Option<Folded<Ticket>>,
        ticket_id: TicketId,
        first: &First<'_>,
        since: Option<Position>,
    ) -> Result<Option<Outcome>, CommandError> {
        let state = self.look(ticket, ticket_id.0).await?.state.as_ref();
        let command = state.and_then(|it| consequence(first.cause, it.status, it.snooze.is_some()));
        let Some(command) = command else {
            return Ok(None);
        };
        if let Some(since) = since
            && self.moved_at(ticket_id).await? > since
        {
            return Ok(None);
        }
        let request = Request {
            command_id: followed_by(first.command_id),
            command: Command::Ticket(ticket_id, command.clone()),
            actor: first.actor.clone(),
            expected_version: None,
            traceparent: first.traceparent.cloned(),
        };
        match self.run(ticket, ticket_id.0, &command, &request, |_| Ok(())).await {
            Ok(outcome) => Ok(Some(outcome)),
            // Somebody was faster, or the ticket takes nothing more: the message stands all the same.
            Err(CommandError::Refused(_) | CommandError::KeyReused) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Position of the event that gave a ticket its status, or put it out of sight or back.
    async fn moved_at(&self, ticket_id: TicketId) -> Result<Position, CommandError> {
        let stream = stream_name(Ticket::CATEGORY, ticket_id.0);
        let events = read_opened(&self.log, &self.vault, &stream).await?;
        let changes = events
            .into_iter()
            .rev()
            .find(|it| TicketEvent::try_from(it.event.clone()).is_ok_and(|event| moves(&event)));
        Ok(changes.map_or(Position::START, |it| it.position))
    }

    /// The ticket of a conversation, if the message at a place is the first that its customer wrote there: what the team
    /// or an answer of itself said before does not count.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn first_asked(&self, conversation: Uuid, place: u32) -> Result<Option<TicketId>, CommandError> {
        let slot = self.slot::<Conversation>(conversation);
        let mut slot = slot.lock().await;
        let state = &self.look(&mut slot, conversation).await?.state;
        let before = |it: &Known| it.sort == Sort::Received && it.seq < place;
        let found = state.as_ref().filter(|it| !it.known.values().any(before));
        Ok(found.map(|it| it.ticket_id))
    }

    async fn ticket_of(&self, conversation: Uuid) -> Result<Option<TicketId>, CommandError> {
        let slot = self.slot::<Conversation>(conversation);
        let mut slot = slot.lock().await;
        let state = &self.look(&mut slot, conversation).await?.state;
        Ok(state.as_ref().map(|it| it.ticket_id))
    }

    async fn check_mentions(&self, mentions: &[AgentId]) -> Result<(), CommandError> {
        for id in mentions {
            if self.user(*id).await?.is_none() {
                return Err(Refusal::from(ConversationRefusal::MentionUnknown).into());
            }
        }
        Ok(())
    }
}

/// Customers say what they say, of today, to the team. Everything else, under whatever ticket, takes the right to it as
/// one of the team: one that counts there whoever the customer is.
fn permit_words(
    rights: &Rights,
    request: &Request,
    command: &ConversationCommand,
    place: &Place,
) -> Result<(), CommandError> {
    let customers = request.actor.kind == ActorKind::Contact;
    let open_to_customers = match command {
        ConversationCommand::Receive {
            external_id, sent_at, ..
        } => customers && external_id.is_none() && sent_at.is_none(),
        ConversationCommand::MarkDelivered { .. } | ConversationCommand::MarkRead { .. } => true,
        ConversationCommand::Post { .. } | ConversationCommand::Edit { .. } | ConversationCommand::Redact { .. } => {
            false
        }
    };
    let contact = place.contact.filter(|_| open_to_customers);
    Ok(authorize_in(rights, &request.command, &Place { contact, ..*place })?)
}

fn thread(ticket_id: TicketId, ticket: &Folded<Ticket>) -> Result<Thread, CommandError> {
    let state = ticket.state.as_ref().ok_or(Refusal::from(TicketRefusal::NotFound))?;
    Ok(thread_of(ticket_id, state))
}

/// What a conversation has to know of its ticket.
pub(crate) fn thread_of(ticket_id: TicketId, ticket: &Ticket) -> Thread {
    Thread {
        ticket_id,
        contact_id: ticket.contact_id,
        inbox_id: ticket.place.inbox_id,
        channel: CHANNEL.to_owned(),
        closed: ticket.status == Status::Closed,
    }
}

fn moves(event: &TicketEvent) -> bool {
    matches!(event, TicketEvent::Snoozed { .. } | TicketEvent::WokeUp { .. }) || Status::after(event).is_some()
}

/// Where conversations are held until there are others.
const CHANNEL: &str = "api";

/// The command with what the server has found out about the ticket.
pub(crate) fn under(mut command: ConversationCommand, found: Thread) -> ConversationCommand {
    if let ConversationCommand::Receive { thread, .. } | ConversationCommand::Post { thread, .. } = &mut command {
        *thread = Some(found);
    }
    command
}

/// Id of what a message means for its ticket, by the id of the command that said it.
pub(crate) fn followed_by(first: CommandId) -> CommandId {
    CommandId(Uuid::new_v5(&first.0, b"ticket"))
}

fn cause_of(command: &ConversationCommand) -> Option<Cause> {
    match command {
        ConversationCommand::Receive { .. } => Some(Cause::Customer),
        ConversationCommand::Post {
            visibility: Visibility::Public,
            via: Via::Human | Via::Macro { .. } | Via::Bot { .. },
            ..
        } => Some(Cause::Answer),
        ConversationCommand::Post { .. }
        | ConversationCommand::Edit { .. }
        | ConversationCommand::Redact { .. }
        | ConversationCommand::MarkDelivered { .. }
        | ConversationCommand::MarkRead { .. } => None,
    }
}
