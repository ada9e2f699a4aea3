//! What is done with a ticket when it is opened: it gets its category and priority, and the customer is told so.
//!
//! Called by the process that follows the log (`api`); each step has an id that follows from what led to it, so that it is
//! one step however often, and by however many servers, it is tried. What has been decided is in the log: a step that
//! comes again goes by that, and not by what the rules have become meanwhile.

mod answer;
mod classify;
mod estimate;

use chrono::{DateTime, Utc};
use domain::{
    actor::Actor,
    contact::Contact,
    conversation::{Conversation, ConversationEvent},
    decider::Decider,
    event::DomainEvent,
    ids::{ConversationId, TicketId, stream_name},
    reception::is_new,
    ticket::{Ticket, TicketEvent, TicketSource},
};
pub use estimate::Estimated;
use event_store::{Position, Recorded};

use crate::{CommandError, Handler, folded::read_opened};

/// How a ticket came to be, and how it stands.
#[derive(Debug, Clone)]
pub(crate) struct Newcomer {
    /// For people.
    pub(crate) number: i64,
    /// Who opened it.
    pub(crate) opener: Actor,
    /// Where it came from.
    pub(crate) source: TicketSource,
    /// When, UTC.
    pub(crate) opened_at: DateTime<Utc>,
    /// When the newest cycle of work on it began, UTC: its opening, or the newest reopening.
    pub(crate) since: DateTime<Utc>,
    /// Of the newest event that is known of it.
    pub(crate) position: Position,
    /// As it is now.
    pub(crate) ticket: Ticket,
}

impl Newcomer {
    /// Whether it was asked for here, and not brought from elsewhere or made of a part of another ticket.
    fn is_new(&self) -> bool {
        is_new(&self.opener, &self.source, &self.ticket)
    }
}

impl Handler {
    /// The ticket with its beginning; `None` when there is none.
    pub(crate) async fn newcomer(&self, id: TicketId) -> Result<Option<Newcomer>, CommandError> {
        let events = read_opened(&self.log, &self.vault, &stream_name(Ticket::CATEGORY, id.0)).await?;
        let Some(first) = events.first() else { return Ok(None) };
        let DomainEvent::Ticket(TicketEvent::Opened { number, source, .. }) = &first.event else {
            return Ok(None);
        };
        let ticket = events
            .iter()
            .filter_map(|it| TicketEvent::try_from(it.event.clone()).ok())
            .fold(None, |state, event| Ticket::evolve(state, &event));
        let reopened =
            |it: &&Recorded<DomainEvent>| matches!(&it.event, DomainEvent::Ticket(TicketEvent::Reopened { .. }));
        let since = events.iter().rfind(reopened).unwrap_or(first).metadata.at;
        let position = events.last().unwrap_or(first).position;
        Ok(ticket.map(|ticket| Newcomer {
            number: *number,
            opener: first.metadata.actor.clone(),
            source: source.clone(),
            opened_at: first.metadata.at,
            since,
            position,
            ticket,
        }))
    }

    /// The customer of a ticket, as the record it is shown with.
    pub(crate) async fn customer(&self, ticket: &Ticket) -> Result<Option<Contact>, CommandError> {
        let Some(id) = ticket.contact_id else { return Ok(None) };
        let id = self.survivor(id).await?;
        self.known(id).await
    }

    /// What the customer wrote first; `None` when nothing, or nothing that is still to be read.
    async fn first_words(&self, id: TicketId) -> Result<Option<String>, CommandError> {
        let stream = stream_name(Conversation::CATEGORY, ConversationId::of_ticket(id).0);
        let events = read_opened(&self.log, &self.vault, &stream).await?;
        let said = events.iter().find_map(|it| {
            if let DomainEvent::Conversation(ConversationEvent::MessageReceived { seq, body, .. }) = &it.event {
                Some((*seq, body.clone()))
            } else {
                None
            }
        });
        let Some((place, body)) = said else { return Ok(None) };
        let redacted = events.iter().any(|it| {
            matches!(&it.event, DomainEvent::Conversation(ConversationEvent::MessageRedacted { seq, .. }) if *seq == place)
        });
        Ok(body.known().cloned().filter(|_| !redacted))
    }
}
