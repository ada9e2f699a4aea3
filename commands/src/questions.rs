//! Questions that wait for an answer under another ticket than the one they were asked under.
//!
//! Tickets that are merged, split and unmerged take the questions in them along; the ticket that is worked on then notes
//! that a customer waits, so that whoever looks for what waits finds it. Like the consequence of a message it is an append of
//! its own, with an id that follows from the first's, so the process that follows the log can make up for a crash.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    access::Rights,
    actor::Actor,
    conversation::{Cause, Conversation, ConversationEvent},
    decider::Decider,
    event::DomainEvent,
    ids::{CommandId, ConversationId, TicketId, stream_name},
    ticket::{Join, LEVELS, Ticket, TicketCommand, TicketEvent},
};
use event_store::{Position, Recorded};
use uuid::Uuid;

use crate::{Command, CommandError, Handler, Outcome, Request, folded::read_opened};

/// What a note follows from: the command's id, who gave it, and its trace.
pub(crate) type Origin<'a> = (CommandId, &'a Actor, Option<&'a String>);

/// A question that nobody has answered where it was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// The ticket that shows it.
    pub(crate) from: TicketId,
    /// When it arrived.
    pub(crate) since: DateTime<Utc>,
}

impl Handler {
    /// The ticket with which one is shown, and the last one before it; `None` when it is by itself.
    pub(crate) async fn shown_with(&self, ticket_id: TicketId) -> Result<Option<(TicketId, TicketId)>, CommandError> {
        let mut shown = None;
        let mut at = ticket_id;
        for _ in 0..LEVELS {
            match self.ticket(at).await?.and_then(|it| it.merged_into) {
                Some(into) => {
                    shown = Some((into, at));
                    at = into;
                }
                None => break,
            }
        }
        Ok(shown)
    }

    /// Takes along what waits for an answer, after a ticket was merged, unmerged or split off.
    pub(crate) async fn carry_along(
        &self,
        ticket_id: TicketId,
        event: &TicketEvent,
        at: Position,
        origin: Origin<'_>,
    ) -> Result<Option<Outcome>, CommandError> {
        let (into, question) = if let TicketEvent::Merged { .. } = event {
            let Some((into, from)) = self.shown_with(ticket_id).await? else {
                return Ok(None);
            };
            let since = self.unanswered(ticket_id).await?;
            (into, since.map(|since| Question { from, since }))
        } else if let TicketEvent::SplitOff { from, from_message_seq } = event {
            let since = self.asked(*from, *from_message_seq).await?.0;
            (ticket_id, since.map(|since| Question { from: *from, since }))
        } else if let TicketEvent::Unmerged { from } = event {
            (ticket_id, self.left(*from, ticket_id).await?)
        } else {
            return Ok(None);
        };
        match question {
            Some(question) => self.carry(into, question, at, origin).await,
            None => Ok(None),
        }
    }

    /// Notes a question at the ticket where it waits from now on, if nobody has answered there since `at`.
    pub(crate) async fn carry(
        &self,
        into: TicketId,
        question: Question,
        at: Position,
        (command_id, actor, traceparent): Origin<'_>,
    ) -> Result<Option<Outcome>, CommandError> {
        if self.asked(into, 1).await?.1 > at {
            return Ok(None);
        }
        let Question { from, since } = question;
        let join = Join::CarryQuestion { from, since };
        let request = Request {
            command_id: carried_by(command_id),
            command: Command::Ticket(into, TicketCommand::Join(join)),
            actor: actor.clone(),
            expected_version: None,
            traceparent: traceparent.cloned(),
        };
        match self.change_alone(into, &Rights::all(), &request).await {
            Ok(outcome) => Ok(Some(outcome)),
            // It takes nothing more, or the same was noted when another question was the oldest.
            Err(CommandError::Refused(_) | CommandError::KeyReused) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// When the message of a command arrived.
    pub(crate) async fn arrived(
        &self,
        ticket_id: TicketId,
        command_id: CommandId,
    ) -> Result<Option<DateTime<Utc>>, CommandError> {
        let events = self.said(ticket_id).await?;
        let found = events.iter().find(|it| it.metadata.command_id == command_id);
        Ok(found.map(|it| it.metadata.at))
    }

    /// Since when somebody waits for an answer to what a ticket shows.
    async fn unanswered(&self, ticket_id: TicketId) -> Result<Option<DateTime<Utc>>, CommandError> {
        let (own, answered) = self.asked(ticket_id, 1).await?;
        let carried = self.carried(ticket_id, answered, None).await?.0;
        Ok(own.into_iter().chain(carried.into_values()).min())
    }

    /// What nobody answered at `with` while a ticket was shown there, if the ticket does not wait by itself.
    async fn left(&self, with: TicketId, ticket_id: TicketId) -> Result<Option<Question>, CommandError> {
        if self.unanswered(ticket_id).await?.is_some() {
            return Ok(None);
        }
        let answered = self.asked(with, 1).await?.1;
        let (carried, parted) = self.carried(with, answered, Some(ticket_id)).await?;
        let since = parted.or(carried.get(&ticket_id).copied());
        Ok(since.map(|since| Question { from: with, since }))
    }

    /// When the oldest message of the customer that nobody has answered arrived in a ticket's own conversation, of those from
    /// a place on; and where in the log its newest answer is.
    async fn asked(
        &self,
        ticket_id: TicketId,
        from_seq: u64,
    ) -> Result<(Option<DateTime<Utc>>, Position), CommandError> {
        let (mut since, mut answered) = (None, Position::START);
        for recorded in self.said(ticket_id).await? {
            let DomainEvent::Conversation(event) = &recorded.event else {
                continue;
            };
            match Cause::of(event) {
                Some(Cause::Answer) => (since, answered) = (None, recorded.position),
                Some(Cause::Customer) if place(event) >= from_seq => since = since.or(Some(recorded.metadata.at)),
                Some(Cause::Customer) | None => {}
            }
        }
        Ok((since, answered))
    }

    /// What was noted at a ticket behind a position and is not by itself again, by where it was asked; and what was noted of
    /// `parted` before it was parted last.
    async fn carried(
        &self,
        ticket_id: TicketId,
        after: Position,
        parted: Option<TicketId>,
    ) -> Result<(BTreeMap<TicketId, DateTime<Utc>>, Option<DateTime<Utc>>), CommandError> {
        let stream = stream_name(Ticket::CATEGORY, ticket_id.0);
        let (mut carried, mut left) = (BTreeMap::new(), None);
        for recorded in read_opened(&self.log, &self.vault, &stream).await? {
            let DomainEvent::Ticket(event) = recorded.event else {
                continue;
            };
            if let TicketEvent::Separated { ticket_id } = event {
                let since = carried.remove(&ticket_id);
                if parted == Some(ticket_id) {
                    left = since;
                }
            } else if let TicketEvent::QuestionCarried { from, since } = event
                && recorded.position > after
            {
                carried.entry(from).or_insert(since);
            }
        }
        Ok((carried, left))
    }

    async fn said(&self, ticket_id: TicketId) -> Result<Vec<Recorded<DomainEvent>>, CommandError> {
        let conversation = ConversationId::of_ticket(ticket_id).0;
        let stream = stream_name(Conversation::CATEGORY, conversation);
        read_opened(&self.log, &self.vault, &stream).await
    }
}

/// Place of a customer's message; 0 for everything else.
fn place(event: &ConversationEvent) -> u64 {
    match event {
        ConversationEvent::MessageReceived { seq, .. } => u64::from(*seq),
        ConversationEvent::Started { .. }
        | ConversationEvent::MessagePosted { .. }
        | ConversationEvent::MessageEdited { .. }
        | ConversationEvent::MessageRedacted { .. }
        | ConversationEvent::MessagesDeliveredUpTo { .. }
        | ConversationEvent::MessagesReadUpTo { .. } => 0,
    }
}

/// Id of the note that a question waits elsewhere, by the id of the command that brought it there.
fn carried_by(first: CommandId) -> CommandId {
    CommandId(Uuid::new_v5(&first.0, b"question"))
}
