//! What happened to a ticket, and how did it stand then? One row an event, with the ticket as the event left it.

mod read;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
use sqlx::PgConnection;
pub use write::from_events;

use crate::{Model, ProjectError, Projection, ticket_row::Memory};

/// Name of the model.
pub const NAME: &str = "ticket_history";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 5,
    // Of conversations nothing is kept: but whoever waits for a message sees its ticket too, at one position.
    // Of changes of many tickets nothing is kept: but whoever waits for one sees the tickets too, at one position.
    types: &["ticket.", "assignment.", "conversation.", "subject.", "bulk."],
    tables: include_str!("../../../migrations/read_models/ticket_history/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/ticket_history/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/ticket_history/analytics.sql"),
    make: || Box::new(TicketHistory::default()),
};

/// Keeps `ticket_history`.
#[derive(Debug, Default)]
pub struct TicketHistory {
    memory: Memory,
}

impl Projection for TicketHistory {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, &self.memory, tx))
    }

    fn forget(&self) {
        drop(self.memory.take());
    }
}
