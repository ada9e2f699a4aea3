use event_store::{DecodeError, LogError};

/// Why a projection did not move on.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Postgres; worth another try.
    #[error("postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    /// Another worker moved the checkpoint; look again where it is.
    #[error("another worker moves {projection}")]
    Outrun {
        /// The projection.
        projection: &'static str,
    },
    /// An event that this program cannot read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An event that does not fit what came before.
    #[error("{projection} cannot apply {event_type} at position {position}: {reason}")]
    Unfit {
        /// The projection.
        projection: &'static str,
        /// The event's stored type.
        event_type: String,
        /// The event's place in the log.
        position: u64,
        /// What does not fit.
        reason: &'static str,
    },
    /// The log has nothing more to give.
    #[error(transparent)]
    Log(#[from] LogError),
}
