//! Where the history begins: before that there is nothing to look back on.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use event_store::{DecodeError, EventLog, LogError, Position, decode};
use projections::ticket_list;
use sqlx::PgPool;

/// Knows the first instant of which the log tells. Cheap to clone; all clones share what was read.
#[derive(Debug, Clone)]
pub struct Beginning {
    log: EventLog,
    pool: PgPool,
    known: Arc<Mutex<Option<DateTime<Utc>>>>,
}

/// Why it cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum BeginningError {
    /// The log does not answer.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Its first event does not read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Postgres does not answer.
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
}

impl Beginning {
    /// The beginning of this log, whose tickets are in `pool`.
    pub fn new(log: EventLog, pool: PgPool) -> Self {
        Self {
            log,
            pool,
            known: Arc::default(),
        }
    }

    /// The first instant of the history; `None` when nothing has happened yet. It is read when it is not known, and once
    /// more when `at` lies before it, for an import may have told of earlier things meanwhile.
    ///
    /// # Errors
    /// [`BeginningError`].
    pub(crate) async fn before(&self, at: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, BeginningError> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_some_and(|it| it <= at) {
            return Ok(known);
        }
        let first = self.read().await?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = first;
        Ok(first)
    }

    /// Imports tell of tickets that are older than the log's first event.
    async fn read(&self) -> Result<Option<DateTime<Utc>>, BeginningError> {
        let first = self.log.read_unfiltered(Position::START, 1).await?;
        let first = first.first().map(decode).transpose()?.map(|it| it.metadata.at);
        let opened = ticket_list::first_opened(&self.pool).await?;
        Ok([first, opened].into_iter().flatten().min())
    }
}
