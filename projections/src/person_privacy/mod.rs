//! Whose personal data is to be erased, is held, or was erased? One row a person of whom anything of that was said.

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
pub const NAME: &str = "person_privacy";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 1,
    types: &["subject."],
    tables: include_str!("../../../migrations/read_models/person_privacy/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/person_privacy/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/person_privacy/analytics.sql"),
    make: || Box::new(Privacy),
};

/// Keeps `person_privacy`.
#[derive(Debug)]
pub struct Privacy;

impl Projection for Privacy {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
