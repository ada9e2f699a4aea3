//! Which tickets are there, and how does each stand now? One row a ticket.

pub mod counter;
pub mod filter;
mod links;
mod past;
mod read;
mod tally;
mod waiting;
mod write;

use std::sync::{Arc, Mutex};

use counter::Counters;
use domain::{
    assignment::Assignment,
    decider::Decider,
    event::DomainEvent,
    ids::{ConversationId, TicketId},
    ticket::Ticket,
};
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use links::links_from_events;
pub use past::{Past, counts_at, page_at, tally_at};
pub use read::*;
use sqlx::PgConnection;
pub use tally::{Tally, tally};
use uuid::Uuid;
pub use waiting::waits_since;

use crate::{Model, ProjectError, Projection, ticket_row::Memory};

/// Name of the model.
pub const NAME: &str = "ticket_list";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 7,
    // Of changes of many tickets nothing is kept: but whoever waits for one sees the tickets too, at one position.
    types: &["ticket.", "assignment.", "conversation.", "subject.", "bulk."],
    tables: include_str!("../../../migrations/read_models/ticket_list/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/ticket_list/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/ticket_list/analytics.sql"),
    make: || Box::new(TicketList::default()),
};

/// Keeps `ticket_list`, `ticket_link` and `ticket_waiting`.
#[derive(Debug, Default)]
pub struct TicketList {
    memory: Memory,
    counters: Mutex<Counters>,
}

impl Projection for TicketList {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, (&self.memory, &self.counters), tx))
    }

    /// A ticket's row says what its conversation does, so both come to one part.
    fn home(&self, category: &str, stream_id: Uuid) -> Uuid {
        if [Ticket::CATEGORY, Assignment::CATEGORY].contains(&category) {
            ConversationId::of_ticket(TicketId(stream_id)).0
        } else {
            stream_id
        }
    }

    fn forget(&self) {
        drop(self.memory.take());
    }
}
