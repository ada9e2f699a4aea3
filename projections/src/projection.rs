use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use crate::ProjectError;

/// A read model's writing half.
pub trait Projection: Send + Sync {
    /// Writes what the events mean, in the caller's transaction; its tables are found without naming their schema.
    ///
    /// The events of one stream id come in the order of the log, each once. The outcome depends on nothing but them and
    /// the model's own rows of that stream id, so that neither a rebuild nor another division among workers changes
    /// it. An event that concerns rows of many streams, such as that somebody is forgotten, comes to every part.
    ///
    /// # Errors
    /// [`ProjectError`]; the transaction is rolled back then.
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>>;

    /// What was written last did not stay: nothing that is remembered of it is true.
    fn forget(&self);
}
