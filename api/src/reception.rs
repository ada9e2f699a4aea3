//! Follows the log for new tickets: each gets its category and priority by the rules, an estimate, and its customer is
//! answered.
//!
//! How far it came is kept in `ops`; what it does has ids that follow from the log, so that several servers, and a look at
//! what was done already, come to the same. Whatever it does is in the log, and nothing of it is lost with this row.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use commands::Handler;
use domain::{
    actor::ActorKind,
    contact::ContactEvent,
    conversation::ConversationEvent,
    event::DomainEvent,
    ids::{ContactId, TicketId},
    ticket::TicketEvent,
};
use event_store::{Position, Recorded};
use projections::ticket_list;
use sqlx::PgPool;

use crate::{estimates, following::Duty};

/// Tickets of one customer that are answered within an hour at most: whoever opens more is a program.
const ANSWERS: usize = 5;
/// In which the tickets of a customer are counted.
const HOUR: TimeDelta = TimeDelta::hours(1);
/// Tickets of a customer that are looked at when the customer changes, the newest first.
const MOST: i64 = 100;
/// Customers that are remembered before those are dropped who opened nothing lately.
const REMEMBERED: usize = 10_000;

/// Receives new tickets.
pub(crate) struct Reception {
    pool: PgPool,
    handler: Arc<Handler>,
    recent: Mutex<Recent>,
}

impl Reception {
    /// With the read models in `pool`.
    pub(crate) fn new(handler: Arc<Handler>, pool: PgPool) -> Self {
        Self {
            pool,
            handler,
            recent: Mutex::default(),
        }
    }

    async fn opened(&self, recorded: &Recorded<DomainEvent>, contact: Option<ContactId>) -> Result<()> {
        let ticket = TicketId(recorded.stream_id);
        self.handler.classify(ticket, recorded.id).await?;
        // Knows of what was chosen: its events lead to no other estimate, and the answer may tell of this one.
        estimates::note(&self.handler, &self.pool, recorded).await?;
        if !self.is_flooding(contact, recorded).await? {
            Box::pin(self.handler.answer_opening(ticket)).await?;
        }
        Ok(())
    }

    /// Whether the customer opened so many tickets within the hour before that a program must be answering us.
    ///
    /// Who is not known is nobody in particular: an integration without customers' records opens tickets for all of
    /// them, and each is to be answered.
    async fn is_flooding(&self, contact: Option<ContactId>, recorded: &Recorded<DomainEvent>) -> Result<bool> {
        let Some(named) = contact else { return Ok(false) };
        let at = recorded.metadata.at;
        let person = self.handler.survivor(named).await?;
        let seen = {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.opened(person, recorded.position, at)
        };
        let mut shown = 0;
        for contact in [Some(person), Some(named).filter(|it| *it != person)]
            .into_iter()
            .flatten()
        {
            shown += ticket_list::opened_between(&self.pool, contact.0, (at - HOUR, at)).await?;
        }
        Ok(seen.max(usize::try_from(shown).unwrap_or_default()) > ANSWERS)
    }
}

impl Duty for Reception {
    const NAME: &'static str = "reception";
    const TYPES: &'static [&'static str] = &[
        "ticket.opened",
        "ticket.subject_changed",
        "ticket.type_changed",
        "conversation.message_received",
        "contact.assigned_to_organization",
        "contact.removed_from_organization",
    ];

    async fn take(&self, recorded: &Recorded<DomainEvent>) -> Result<()> {
        // What was brought from elsewhere happened long ago, and there may be very much of it.
        if recorded.metadata.actor.kind == ActorKind::Import {
            return Ok(());
        }
        let ticket = TicketId(recorded.stream_id);
        if let DomainEvent::Ticket(TicketEvent::Opened { contact_id, .. }) = &recorded.event {
            Box::pin(self.opened(recorded, *contact_id)).await?;
        } else if let DomainEvent::Ticket(TicketEvent::SubjectChanged { .. } | TicketEvent::TypeChanged { .. }) =
            &recorded.event
        {
            self.handler.classify(ticket, recorded.id).await?;
        } else if let DomainEvent::Conversation(ConversationEvent::MessageReceived { seq, .. }) = &recorded.event {
            if let Some(ticket) = self.handler.first_asked(recorded.stream_id, *seq).await? {
                self.handler.classify(ticket, recorded.id).await?;
            }
        } else if let DomainEvent::Contact(
            ContactEvent::AssignedToOrganization { .. } | ContactEvent::RemovedFromOrganization { .. },
        ) = &recorded.event
        {
            for ticket in ticket_list::new_of(&self.pool, recorded.stream_id, MOST).await? {
                self.handler.classify(TicketId(ticket), recorded.id).await?;
            }
        }
        Ok(())
    }
}

/// Who opened tickets lately, as far as this process has seen: the tables come a moment later.
#[derive(Default)]
struct Recent(HashMap<ContactId, Vec<(Position, DateTime<Utc>)>>);

impl Recent {
    /// Notes a ticket that was opened, however often it is told of; how many there were within the hour before.
    fn opened(&mut self, by: ContactId, position: Position, at: DateTime<Utc>) -> usize {
        let since = at - HOUR;
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, opened| opened.last().is_some_and(|it| it.1 > since));
        }
        let opened = self.0.entry(by).or_default();
        opened.retain(|it| it.1 > since && it.0 != position);
        opened.push((position, at));
        opened.iter().filter(|it| it.1 <= at).count()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use domain::ids::ContactId;
    use event_store::Position;
    use uuid::Uuid;

    use super::Recent;

    #[test]
    fn tickets_of_an_hour_are_counted_once_each() {
        let (one, other) = (ContactId(Uuid::from_u128(1)), ContactId(Uuid::from_u128(2)));
        let mut recent = Recent::default();
        let mut opened = |by, position, minutes| {
            let at = DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
            recent.opened(by, Position(position), at)
        };
        assert_eq!(opened(one, 1, 0), 1);
        assert_eq!(opened(one, 2, 30), 2);
        assert_eq!(opened(one, 2, 30), 2, "looked at again");
        assert_eq!(opened(other, 3, 40), 1);
        assert_eq!(opened(one, 4, 59), 3);
        assert_eq!(opened(one, 5, 61), 3, "the first is longer ago");
    }
}
