//! Which lists of tickets have people saved? One row a view.

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
pub const NAME: &str = "saved_view";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 1,
    types: &["view."],
    tables: include_str!("../../../migrations/read_models/saved_view/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/saved_view/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/saved_view/analytics.sql"),
    make: || Box::new(SavedViews),
};

/// One saved view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRow {
    /// Id of the view.
    pub view_id: Uuid,
    /// Number of its events.
    pub version: i64,
    /// How many times it was defined, from 1.
    pub revision: i32,
    /// `own`, `team` or `shared`.
    pub audience: String,
    /// The person or the team; `None` when it is shared.
    pub owner_id: Option<Uuid>,
    /// What it is called.
    pub name: String,
    /// Which tickets, as the API's filter: JSON.
    pub filter: String,
    /// In which order, as the API's: JSON.
    pub sorting: String,
    /// Names of the columns that a screen shows.
    pub columns: Vec<String>,
    /// Name of its picture.
    pub icon: Option<String>,
    /// Where it stands among others.
    pub position: Option<i32>,
    /// Since when nobody sees it, UTC.
    pub retired_at: Option<DateTime<Utc>>,
    /// When it was created, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, UTC.
    pub updated_at: DateTime<Utc>,
}

/// Keeps `saved_view`.
#[derive(Debug)]
pub struct SavedViews;

impl Projection for SavedViews {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
