//! Which changes of many tickets were there, and how did they go? One row an operation, one a ticket of it.

mod read;
mod write;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "bulk_operation";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 1,
    types: &["bulk."],
    tables: include_str!("../../../migrations/read_models/bulk_operation/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/bulk_operation/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/bulk_operation/analytics.sql"),
    make: || Box::new(BulkOperations),
};

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkRow {
    /// Id of the operation.
    pub bulk_id: Uuid,
    /// Number of its events.
    pub version: i64,
    /// Who asked for it, `kind:id`.
    pub asked_by: String,
    /// What is done to each ticket: JSON of [`domain::bulk::Step`].
    pub action: String,
    /// `choosing`, `running`, `cancelled`, `finished`, `undoing` or `undone`.
    pub state: String,
    /// How many tickets it is about.
    pub total: i32,
    /// How many of them are named.
    pub chosen: i32,
    /// How many it changed.
    pub done: i32,
    /// How many were so already.
    pub unchanged: i32,
    /// How many it was not allowed to change.
    pub refused: i32,
    /// How many are as they were.
    pub undone: i32,
    /// How many were left when it was undone.
    pub kept: i32,
    /// When it began, UTC.
    pub started_at: DateTime<Utc>,
    /// When it last changed, UTC.
    pub updated_at: DateTime<Utc>,
    /// When it was finished or cancelled, UTC.
    pub ended_at: Option<DateTime<Utc>>,
    /// When nothing was left to be undone, UTC.
    pub undone_at: Option<DateTime<Utc>>,
}

/// A ticket of an operation.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct BulkItemRow {
    /// The ticket.
    pub ticket_id: Uuid,
    /// Its place, from 1.
    pub seq: i32,
    /// `done`, `unchanged` or `refused`.
    pub outcome: Option<String>,
    /// Why it was refused, for programs.
    pub code: Option<String>,
    /// The same in Russian.
    pub reason_ru: Option<String>,
    /// The same in English.
    pub reason_en: Option<String>,
    /// `undone` or `kept`.
    pub undo: Option<String>,
    /// Why it was kept, for programs.
    pub undo_code: Option<String>,
    /// The same in Russian.
    pub undo_ru: Option<String>,
    /// The same in English.
    pub undo_en: Option<String>,
}

/// Keeps `bulk_operation` and `bulk_item`.
#[derive(Debug)]
pub struct BulkOperations;

impl Projection for BulkOperations {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
