//! Who works here, what may they do, which programs are let in, and who was signed in when?

mod access;
mod denials;
mod keys;
mod read;
mod sessions;
mod users;

use std::sync::Arc;

pub use access::grants_from_events;
use domain::{access::Scope, event::DomainEvent};
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use read::*;
use sqlx::PgConnection;
pub use users::from_events;
use uuid::Uuid;

use crate::{Model, ProjectError, Projection, ticket_row::forgotten};

/// Name of the model.
pub const NAME: &str = "people";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 2,
    types: &[
        "user.", "access.", "api_key.", "session.", "sign_in.", "denial.", "subject.",
    ],
    tables: include_str!("../../../migrations/read_models/people/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/people/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/people/analytics.sql"),
    make: || Box::new(People),
};

/// Keeps the tables of [`MODEL`]. People are few: nothing is remembered between batches.
#[derive(Debug)]
pub struct People;

impl Projection for People {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(async move {
            users::apply(events, tx).await?;
            access::apply(events, tx).await?;
            keys::apply(events, tx).await?;
            sessions::apply(events, tx).await?;
            denials::apply(events, tx).await?;
            let forgotten = forgotten(events);
            if !forgotten.is_empty() {
                users::forget(&forgotten, tx).await?;
                sessions::forget(&forgotten, tx).await?;
            }
            Ok(())
        })
    }

    fn forget(&self) {}
}

/// A scope as its two columns.
fn columns(scope: Scope) -> (&'static str, Uuid) {
    match scope {
        Scope::Everywhere => ("everywhere", Uuid::nil()),
        Scope::Branch(id) => ("branch", id),
        Scope::Team(id) => ("team", id),
        Scope::Inbox(id) => ("inbox", id),
        Scope::Contact(id) => ("contact", id),
    }
}

/// The scope in its two columns; a kind that a newer program wrote reaches nowhere.
fn scope(kind: &str, id: Uuid) -> Option<Scope> {
    match kind {
        "everywhere" => Some(Scope::Everywhere),
        "branch" => Some(Scope::Branch(id)),
        "team" => Some(Scope::Team(id)),
        "inbox" => Some(Scope::Inbox(id)),
        "contact" => Some(Scope::Contact(id)),
        _ => None,
    }
}

/// What does not fit what came before.
fn unfit(event: &Recorded<DomainEvent>, reason: &'static str) -> ProjectError {
    ProjectError::Unfit {
        projection: NAME,
        event_type: event.event_type.clone(),
        position: event.position.0,
        reason,
    }
}
