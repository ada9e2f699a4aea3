use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use crate::ProjectError;

/// A read model's writing half.
pub trait Projection: Send + Sync {
    /// Name in `ops.checkpoint`; the question it answers.
    fn name(&self) -> &'static str;

    /// Shape of its tables; one more for each change of shape.
    fn version(&self) -> i32;

    /// Writes what the events mean, in the caller's transaction.
    ///
    /// Events come in the order of the log, each once; the outcome depends on nothing but them and the model's own
    /// tables, so that a rebuild gives the same rows.
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
