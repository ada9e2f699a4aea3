//! Which tickets are there, and how does each stand now? One row a ticket.

pub mod filter;
pub mod page;
mod read;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
use sqlx::PgConnection;

use crate::{ProjectError, Projection, ticket_row::Memory};

/// Name in `ops.checkpoint`.
pub const NAME: &str = "ticket_list";

/// Keeps `read.ticket_list`.
#[derive(Debug, Default)]
pub struct TicketList {
    memory: Memory,
}

impl Projection for TicketList {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

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
