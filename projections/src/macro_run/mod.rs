//! Which macros were run on which tickets, and how did that end? One row a run.

mod read;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
use sqlx::PgConnection;

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "macro_run";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 1,
    types: &["macro_run."],
    tables: include_str!("../../../migrations/read_models/macro_run/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/macro_run/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/macro_run/analytics.sql"),
    make: || Box::new(MacroRuns),
};

/// Keeps `macro_run`.
#[derive(Debug)]
pub struct MacroRuns;

impl Projection for MacroRuns {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
