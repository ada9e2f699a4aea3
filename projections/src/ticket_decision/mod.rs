//! Who chose the category and the priority of each ticket, and why? One row a choice.

mod read;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
use sqlx::PgConnection;
pub use write::from_events;

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "ticket_decision";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 2,
    types: &[
        "ticket.opened",
        "ticket.categorized",
        "ticket.prioritized",
        "subject.key_destroyed",
    ],
    tables: include_str!("../../../migrations/read_models/ticket_decision/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/ticket_decision/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/ticket_decision/analytics.sql"),
    make: || Box::new(Decisions),
};

/// Keeps `ticket_decision`.
#[derive(Debug)]
pub struct Decisions;

impl Projection for Decisions {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
