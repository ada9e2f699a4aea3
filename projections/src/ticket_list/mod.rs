//! Which tickets are there, and how does each stand now? One row a ticket.

pub mod filter;
mod links;
mod read;
mod tally;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
use sqlx::PgConnection;
pub use tally::{Tally, tally};

use crate::{Model, ProjectError, Projection, ticket_row::Memory};

/// Name of the model.
pub const NAME: &str = "ticket_list";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 4,
    types: &["ticket.", "assignment.", "subject."],
    tables: include_str!("../../../migrations/read_models/ticket_list/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/ticket_list/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/ticket_list/analytics.sql"),
    make: || Box::new(TicketList::default()),
};

/// Keeps `ticket_list` and `ticket_link`.
#[derive(Debug, Default)]
pub struct TicketList {
    memory: Memory,
}

impl Projection for TicketList {
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
