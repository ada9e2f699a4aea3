//! How is the organisation set up, and who changed what? One row an item, and one row each of its versions.

mod fold;
mod past;
mod read;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
pub use fold::ItemRow;
use futures_util::future::BoxFuture;
pub use past::{by_ids_at, list_at, section_of};
pub use read::*;
use sqlx::PgConnection;

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "organisation";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 1,
    types: &[
        "branch.",
        "team.",
        "skill.",
        "inbox.",
        "category.",
        "tag.",
        "custom_field.",
        "status_label.",
        "region_map.",
        "canned_reply.",
        "macro.",
        "classification.",
    ],
    tables: include_str!("../../../migrations/read_models/organisation/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/organisation/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/organisation/analytics.sql"),
    make: || Box::new(Organisation),
};

/// Keeps `organisation_item` and `organisation_revision`.
#[derive(Debug, Clone, Copy)]
pub struct Organisation;

impl Projection for Organisation {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    // Configuration changes too seldom for anything to be remembered.
    fn forget(&self) {}
}

#[cfg(test)]
mod tests {
    use domain::organisation::Kind;

    use super::MODEL;

    #[test]
    fn model_is_made_of_the_events_of_every_kind() {
        let types: Vec<String> = Kind::ALL.iter().map(|it| format!("{}.", it.as_str())).collect();
        assert_eq!(types, MODEL.types);
    }
}
