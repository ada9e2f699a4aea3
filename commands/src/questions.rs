//! Questions that wait for an answer under another ticket than the one they were asked under.
//!
//! Tickets that are merged, split and unmerged take the questions in them along; the ticket that is worked on then notes
//! that a customer waits, so that whoever looks for what waits finds it. Like the consequence of a message it is an append of
//! its own, with an id that follows from the first's, so the process that follows the log can make up for a crash.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    access::Rights,
    conversation::{Cause, Conversation, ConversationEvent},
    decider::Decider,
    event::DomainEvent,
    ids::{CommandId, ConversationId, TicketId, stream_name},
    ticket::{Join, LEVELS, Ticket, TicketCommand, TicketEvent},
};
use event_store::{Position, Recorded};
use uuid::Uuid;

use crate::{Command, CommandError, Handler, Outcome, Request, attachments::First, folded::read_opened};

/// Since when customers wait for an answer, by the ticket under which they asked.
type Questions = BTreeMap<TicketId, DateTime<Utc>>;

impl Handler {
    /// The ticket with which one is shown at last; itself when it is by itself.
    pub(crate) async fn shown_at(&self, ticket_id: TicketId) -> Result<TicketId, CommandError> {
        let mut shown = ticket_id;
        for _ in 0..LEVELS {
            match self.ticket(shown).await?.and_then(|it| it.merged_into) {
                Some(into) => shown = into,
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
        first: First<'_>,
    ) -> Result<Option<Outcome>, CommandError> {
        let mut done = None;
        if let TicketEvent::Merged { .. } = event {
            for (from, since) in self.unanswered(ticket_id).await? {
                done = later(done, self.carry((from, since), at, first).await?);
            }
        } else if let TicketEvent::SplitOff { from, from_message_seq } = event {
            if let Some(since) = self.asked(*from, *from_message_seq).await?.0 {
                // Its own from then on: no parting takes it away again.
                done = self.note(ticket_id, (ticket_id, Some(since)), at, first).await?;
            }
        } else if let TicketEvent::Unmerged { from } = event {
            done = self.part_questions(*from, at, first).await?;
        }
        Ok(done)
    }

    /// Notes a question where it is shown; whoever merges or unmerges at the same time does not lose it.
    pub(crate) async fn carry(
        &self,
        (from, since): (TicketId, DateTime<Utc>),
        at: Position,
        first: First<'_>,
    ) -> Result<Option<Outcome>, CommandError> {
        let mut done = None;
        for _ in 0..LEVELS {
            let into = self.shown_at(from).await?;
            if into == from {
                break;
            }
            done = later(done, self.note(into, (from, Some(since)), at, first).await?);
            if self.shown_at(from).await? == into {
                break;
            }
            done = later(done, self.note(into, (from, None), at, first).await?);
        }
        Ok(done)
    }

    /// Moves on what is noted where a ticket is shown, and is shown elsewhere by now.
    async fn part_questions(
        &self,
        with: TicketId,
        at: Position,
        first: First<'_>,
    ) -> Result<Option<Outcome>, CommandError> {
        let shown = self.shown_at(with).await?;
        let answered = self.asked(shown, 1).await?.1;
        let mut done = None;
        for (from, since) in self.noted(shown, answered).await? {
            let now = self.shown_at(from).await?;
            if now != shown {
                done = later(done, self.note(shown, (from, None), at, first).await?);
                done = later(done, self.carry((from, since), at, first).await?);
            }
        }
        Ok(done)
    }

    /// Notes at a ticket since when a question waits there, if nobody has answered there since `at`; or, with `None`, that it
    /// no longer does.
    async fn note(
        &self,
        into: TicketId,
        (from, since): (TicketId, Option<DateTime<Utc>>),
        at: Position,
        (command_id, actor, traceparent): First<'_>,
    ) -> Result<Option<Outcome>, CommandError> {
        if since.is_some() && self.asked(into, 1).await?.1 > at {
            return Ok(None);
        }
        let join = Join::CarryQuestion { from, since };
        let request = Request {
            command_id: carried_by(command_id, (from, into), since.is_some()),
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
    async fn unanswered(&self, ticket_id: TicketId) -> Result<Questions, CommandError> {
        let (own, answered) = self.asked(ticket_id, 1).await?;
        let mut questions = self.noted(ticket_id, answered).await?;
        if let Some(own) = own {
            let known = questions.entry(ticket_id).or_insert(own);
            *known = own.min(*known);
        }
        Ok(questions)
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

    /// What was noted at a ticket behind a position, and still is.
    async fn noted(&self, ticket_id: TicketId, after: Position) -> Result<Questions, CommandError> {
        let stream = stream_name(Ticket::CATEGORY, ticket_id.0);
        let mut noted = Questions::new();
        for recorded in read_opened(&self.log, &self.vault, &stream).await? {
            let DomainEvent::Ticket(event) = recorded.event else {
                continue;
            };
            if let TicketEvent::Separated { ticket_id } = event {
                noted.remove(&ticket_id);
            } else if let TicketEvent::QuestionCarried { from, since: None } = event {
                noted.remove(&from);
            } else if let TicketEvent::QuestionCarried {
                from,
                since: Some(since),
            } = event
                && recorded.position > after
            {
                noted.entry(from).or_insert(since);
            }
        }
        Ok(noted)
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

/// Id of the note that a question waits elsewhere, or no longer does, by the id of the command that brought that about.
fn carried_by(first: CommandId, (from, into): (TicketId, TicketId), waits: bool) -> CommandId {
    CommandId(Uuid::new_v5(
        &first.0,
        format!("question {from} {into} {waits}").as_bytes(),
    ))
}

/// Both, as one.
pub(crate) fn later(first: Option<Outcome>, then: Option<Outcome>) -> Option<Outcome> {
    match (first, then) {
        (Some(first), Some(then)) => Some(Outcome {
            position: first.position.max(then.position),
            changed: first.changed || then.changed,
            ..then
        }),
        (one, other) => one.or(other),
    }
}
