//! Which periods were replayed under other rules, and what would have been otherwise? One row a run.

mod read;
mod write;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{
    event::DomainEvent,
    what_if::{Definition, Report},
};
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "what_if_run";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 1,
    types: &["what_if."],
    tables: include_str!("../../../migrations/read_models/what_if_run/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/what_if_run/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/what_if_run/analytics.sql"),
    make: || Box::new(WhatIfRuns),
};

/// One run.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct WhatIfRow {
    /// Its id.
    pub what_if_id: Uuid,
    /// Number of its events.
    pub version: i64,
    /// Who asked for it, `kind:id`.
    pub asked_by: String,
    /// What is tried.
    pub definition: Json<Definition>,
    /// How many tickets are to be named.
    pub top: i32,
    /// `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// How much of the log is read, in thousandths.
    pub progress: i32,
    /// What it came to.
    pub report: Option<Json<Report>>,
    /// Why it failed, for programs.
    pub code: Option<String>,
    /// What it failed of, as it was given.
    pub value: Option<String>,
    /// When it began, UTC.
    pub started_at: DateTime<Utc>,
    /// When it last changed, UTC.
    pub updated_at: DateTime<Utc>,
    /// When it ended, UTC.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Keeps `what_if_run`.
#[derive(Debug)]
pub struct WhatIfRuns;

impl Projection for WhatIfRuns {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
