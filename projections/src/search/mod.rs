//! Where do which words stand? One row a text.

mod frequency;
mod lexemes;
mod messages;
mod read;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use lexemes::vector;
pub use read::{Found, Mention, Place, Readable, mentions, search};
use sqlx::PgConnection;

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "search";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 3,
    types: &["ticket.", "conversation.", "contact.", "user.", "subject."],
    tables: include_str!("../../../migrations/read_models/search/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/search/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/search/analytics.sql"),
    make: || Box::new(Search),
};

/// Keeps `search_part`.
#[derive(Debug)]
pub struct Search;

impl Projection for Search {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
