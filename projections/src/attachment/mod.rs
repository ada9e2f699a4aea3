//! Which files are there, and who read them? One row a file, one a download.

mod read;
mod row;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
pub use row::AttachmentRow;
use sqlx::PgConnection;

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "attachment";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 1,
    types: &["attachment.", "subject."],
    tables: include_str!("../../../migrations/read_models/attachment/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/attachment/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/attachment/analytics.sql"),
    make: || Box::new(Attachments),
};

/// Keeps `attachment` and `attachment_download`.
#[derive(Debug)]
pub struct Attachments;

impl Projection for Attachments {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
