//! What happened to a ticket, and how did it stand then? One row an event, with the ticket as the event left it.

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
pub const NAME: &str = "ticket_history";

/// Keeps `read.ticket_history`.
#[derive(Debug, Default)]
pub struct TicketHistory {
    memory: Memory,
}

impl Projection for TicketHistory {
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
