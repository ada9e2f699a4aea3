//! Receives new tickets: follows the log, gives each its category and priority, estimates when it will be resolved, then
//! answers the customer.
//!
//! How far it came is kept in `ops.process_cursor`; without it, it looks back a little. Whatever it comes to twice is one
//! thing, for the ids of its commands follow from the events that led to them: so several servers may do this at once, and
//! a crash between any two steps loses nothing and repeats nothing.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use commands::{Clock, CommandError, Handler, processes::MacroRuns};
use domain::{
    contact::ContactEvent,
    conversation::ConversationEvent,
    event::DomainEvent,
    ids::{ContactId, TicketId},
    ticket::TicketEvent,
};
use event_store::{Delivery, EventLog, Position, Recorded, Subscription, decode};
use projections::ticket_list;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{estimates, replies::Replies, timers};

/// Name of its row in `ops.process_cursor`.
const NAME: &str = "reception";
/// Events before the end of the log that are looked at when nothing is known of how far it came.
const LOOK_BACK: usize = 1000;
/// Events taken at a time.
const BATCH: usize = 256;
const PAUSE: Duration = Duration::from_secs(1);
/// Events that may change what is to be chosen.
const TYPES: &[&str] = &[
    "ticket.opened",
    "ticket.subject_changed",
    "ticket.type_changed",
    "ticket.categorized",
    "ticket.prioritized",
    "ticket.reopened",
    "conversation.message_received",
    "contact.assigned_to_organization",
    "contact.removed_from_organization",
];
/// Tickets of one customer that are answered within an hour at most: whoever opens more is a program.
const ANSWERS: i64 = 5;
/// Tickets of a customer that are looked at when the customer changes, the newest first.
const MOST: i64 = 100;

/// Starts what follows the log and goes on with tickets, until `working` ends.
pub(crate) fn follow_tickets(
    log: &EventLog,
    pool: &PgPool,
    handler: &Arc<Handler>,
    (clock, working): (&Clock, &CancellationToken),
) {
    let ending = timers::follow(Arc::clone(handler), pool.clone(), clock.clone());
    tokio::spawn(working.clone().run_until_cancelled_owned(ending));
    let replies = Replies::new(log.clone(), pool.clone(), Arc::clone(handler));
    tokio::spawn(working.clone().run_until_cancelled_owned(replies.follow()));
    let runs = MacroRuns::new(log.clone(), Arc::clone(handler), clock.clone());
    tokio::spawn(runs.run(working.clone()));
    let reception = Reception {
        log: log.clone(),
        pool: pool.clone(),
        handler: Arc::clone(handler),
    };
    tokio::spawn(working.clone().run_until_cancelled_owned(reception.follow()));
}

/// What it works with.
struct Reception {
    log: EventLog,
    pool: PgPool,
    handler: Arc<Handler>,
}

impl Reception {
    /// Follows the log for ever.
    async fn follow(self) {
        loop {
            if let Err(error) = self.go_on().await {
                warn!(%error, "new tickets are not classified and answered for now");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn go_on(&self) -> Result<()> {
        let after = match self.place().await? {
            Some(position) => position,
            None => self.log.before_end(LOOK_BACK).await?,
        };
        // From here on, even if this server ends before anything comes.
        self.keep(after).await?;
        let mut events = Subscription::start(&self.log, after, TYPES);
        loop {
            let mut last = None;
            for delivery in events.next_batch(BATCH).await? {
                if let Delivery::Event(raw) = delivery {
                    match decode(&raw) {
                        Ok(event) => self.receive(&event).await?,
                        // Of a newer program, which takes care of it itself.
                        Err(error) => warn!(%error, position = raw.position.0, "an event is not looked at"),
                    }
                    last = Some(raw.position);
                }
            }
            if let Some(position) = last {
                self.keep(position).await?;
            }
        }
    }

    /// What cannot be done however often it is tried holds up nobody else.
    async fn receive(&self, recorded: &Recorded<DomainEvent>) -> Result<()> {
        let Err(error) = self.take(recorded).await else {
            return Ok(());
        };
        match error.downcast_ref::<CommandError>() {
            Some(CommandError::Decode(_) | CommandError::Encode(_) | CommandError::Refused(_)) => {
                warn!(%error, position = recorded.position.0, "a ticket is neither classified nor answered");
                Ok(())
            }
            Some(_) | None => Err(error),
        }
    }

    async fn take(&self, recorded: &Recorded<DomainEvent>) -> Result<()> {
        let ticket = TicketId(recorded.stream_id);
        if let DomainEvent::Ticket(TicketEvent::Opened { contact_id, .. }) = &recorded.event {
            self.handler.classify(ticket, recorded.id).await?;
            // Knows of what was chosen: its events lead to no other estimate, and the answer may tell of this one.
            estimates::note(&self.handler, &self.pool, recorded).await?;
            if !self.is_flooding(*contact_id, recorded.metadata.at).await? {
                self.handler.answer_opening(ticket).await?;
            }
        } else if let DomainEvent::Ticket(TicketEvent::SubjectChanged { .. } | TicketEvent::TypeChanged { .. }) =
            &recorded.event
        {
            self.handler.classify(ticket, recorded.id).await?;
        } else if let DomainEvent::Ticket(
            TicketEvent::Categorized { .. } | TicketEvent::Prioritized { .. } | TicketEvent::Reopened { .. },
        ) = &recorded.event
        {
            estimates::note(&self.handler, &self.pool, recorded).await?;
        } else if let DomainEvent::Conversation(ConversationEvent::MessageReceived { seq: 1, .. }) = &recorded.event {
            if let Some(ticket) = self.handler.ticket_under(recorded.stream_id).await? {
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

    /// Whether the customer opened so many tickets within the hour before that a program must be answering us.
    async fn is_flooding(&self, contact: Option<ContactId>, at: DateTime<Utc>) -> Result<bool> {
        let Some(contact) = contact else { return Ok(false) };
        let since = at - TimeDelta::hours(1);
        Ok(ticket_list::opened_between(&self.pool, contact.0, (since, at)).await? > ANSWERS)
    }

    async fn place(&self) -> Result<Option<Position>, sqlx::Error> {
        const PLACE: &str = "SELECT position FROM ops.process_cursor WHERE process = $1";
        let position: Option<i64> = sqlx::query_scalar(PLACE).bind(NAME).fetch_optional(&self.pool).await?;
        Ok(position.map(|it| Position(it.cast_unsigned())))
    }

    /// Never backwards: another server may be ahead.
    async fn keep(&self, position: Position) -> Result<(), sqlx::Error> {
        const KEEP: &str = "INSERT INTO ops.process_cursor AS it (process, position) VALUES ($1, $2)
            ON CONFLICT (process) DO UPDATE SET position = GREATEST(it.position, EXCLUDED.position)";
        let position = position.0.cast_signed();
        sqlx::query(KEEP).bind(NAME).bind(position).execute(&self.pool).await?;
        Ok(())
    }
}
