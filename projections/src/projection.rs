use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ProjectError;

/// A read model's writing half.
pub trait Projection: Send + Sync {
    /// Writes what the events mean, in the caller's transaction; its tables are found without naming their schema.
    ///
    /// The events of one home come in the order of the log, each once. The outcome depends on nothing but them and
    /// the model's own rows of that home, so that neither a rebuild nor another division among workers changes
    /// it. An event that concerns rows of many streams, such as that somebody is forgotten, comes to every part.
    ///
    /// # Errors
    /// [`ProjectError`]; the transaction is rolled back then.
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>>;

    /// What an event belongs to: all events of one home come to one part. The stream's id, unless rows say what several
    /// streams do; what it says for a category and an id may change only with the model's version.
    fn home(&self, _category: &str, stream_id: Uuid) -> Uuid {
        stream_id
    }

    /// What was written last did not stay: nothing that is remembered of it is true.
    fn forget(&self);
}
