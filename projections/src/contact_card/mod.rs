//! Who are the customers, and what is known of each? One row a contact, one a handle.

pub mod list;
mod read;
mod row;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
pub use row::{CardRow, HandleRow};
use sqlx::PgConnection;
pub use write::{ever_absorbed, from_events};

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "contact_card";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 1,
    types: &["contact.", "subject."],
    tables: include_str!("../../../migrations/read_models/contact_card/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/contact_card/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/contact_card/analytics.sql"),
    make: || Box::new(ContactCard),
};

/// Keeps `contact_card` and `contact_handle`.
#[derive(Debug)]
pub struct ContactCard;

impl Projection for ContactCard {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}

/// A name as it is searched and sorted: small letters, `ё` as `е`, one space between words.
pub fn name_key(name: &str) -> String {
    let words = name.split_whitespace().map(|it| it.to_lowercase().replace('ё', "е"));
    words.collect::<Vec<_>>().join(" ")
}
