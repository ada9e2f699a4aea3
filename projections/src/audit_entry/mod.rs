//! Who did what, when, from where, and what was it before? One row an event, of every kind there is.

mod facts;
mod forget;
mod read;
mod state;
mod values;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
use sqlx::PgConnection;
pub use values::lets_in;

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "audit_entry";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 2,
    types: TYPES,
    tables: include_str!("../../../migrations/read_models/audit_entry/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/audit_entry/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/audit_entry/analytics.sql"),
    make: || Box::new(Audit),
};

/// Every category there is but the seals of the log: when its end is lost, they are to say so, before a table that knew more.
pub const TYPES: &[&str] = &[
    "access.",
    "api_key.",
    "assignment.",
    "attachment.",
    "branch.",
    "bulk.",
    "canned_reply.",
    "category.",
    "claim.",
    "classification.",
    "classifier.",
    "contact.",
    "conversation.",
    "custom_field.",
    "denial.",
    "inbox.",
    "macro.",
    "macro_run.",
    "organization.",
    "read_model.",
    "reading.",
    "region_map.",
    "session.",
    "sign_in.",
    "skill.",
    "status_label.",
    "subject.",
    "tag.",
    "team.",
    "ticket.",
    "ticket_numbers.",
    "user.",
    "view.",
    "visitor_secret.",
    "what_if.",
];

/// Keeps `audit_entry`, `audit_about` and `audit_object`.
#[derive(Debug)]
pub struct Audit;

impl Projection for Audit {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
