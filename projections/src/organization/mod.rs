//! Which companies and authorities do customers belong to? One row an organization.

pub mod list;
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
pub use write::from_events;

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "organization";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 1,
    types: &["organization."],
    tables: include_str!("../../../migrations/read_models/organization/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/organization/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/organization/analytics.sql"),
    make: || Box::new(Organizations),
};

/// One organization.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OrganizationRow {
    /// Id of the organization.
    pub organization_id: Uuid,
    /// Number of its events.
    pub version: i64,
    /// How many times it was defined, from 1.
    pub revision: i32,
    /// What it is called.
    pub name: String,
    /// The name for searching and sorting.
    pub name_key: String,
    /// Domains of its e-mail addresses in punycode.
    pub domains: Vec<String>,
    /// What staff should know.
    pub note: Option<String>,
    /// Since when nobody is put in it, UTC; `None` while people are.
    pub retired_at: Option<DateTime<Utc>>,
    /// When it was created, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, UTC.
    pub updated_at: DateTime<Utc>,
}

/// Keeps `organization`.
#[derive(Debug)]
pub struct Organizations;

impl Projection for Organizations {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
