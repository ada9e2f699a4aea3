use event_store::{
    DecodeError, LogError,
    vault::{OpenError, VaultError},
};

use crate::generation::GenerationError;

/// Why a projection did not move on.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Postgres; worth another try.
    #[error("postgres: {0}")]
    Postgres(#[from] sqlx::Error),
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
    /// The tables show events that the log does not have.
    #[error(
        "read model {projection} shows position {position}, the log ends at {head}: it is another log, or an older copy \
         of it; start with the right one, or empty the read models, which are filled from the log"
    )]
    Ahead {
        /// The projection.
        projection: &'static str,
        /// How far it has come.
        position: u64,
        /// Where the log ends.
        head: u64,
    },
    /// The log has nothing more to give.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A build that cannot be made, swapped or removed.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// A task of ours panicked.
    #[error("a task of the projector ended: {0}")]
    Task(#[from] tokio::task::JoinError),
    /// The keys of personal data are not to be had.
    #[error(transparent)]
    Vault(VaultError),
}

impl From<OpenError> for ProjectError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Vault(error) => Self::Vault(error),
            OpenError::Decode(error) => Self::Decode(error),
        }
    }
}
