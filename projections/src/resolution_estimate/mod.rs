//! When was each ticket expected to be resolved, and when was it? One row a ticket.

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
pub const NAME: &str = "resolution_estimate";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 1,
    types: &[
        "ticket.opened",
        "ticket.categorized",
        "ticket.prioritized",
        "ticket.resolved",
        "ticket.reopened",
        "ticket.resolution_estimated",
    ],
    tables: include_str!("../../../migrations/read_models/resolution_estimate/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/resolution_estimate/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/resolution_estimate/analytics.sql"),
    make: || Box::new(Estimates),
};

/// Keeps `resolution_estimate`.
#[derive(Debug)]
pub struct Estimates;

impl Projection for Estimates {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
