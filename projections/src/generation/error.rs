/// Why a build cannot be made, swapped or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenerationError {
    /// One at a time.
    #[error("{model} version {version} is being built already, as generation {id}")]
    Building {
        /// Name of the model.
        model: String,
        /// Its version.
        version: i32,
        /// The build under way.
        id: i64,
    },
    /// It is not complete.
    #[error("generation {0} is not complete: wait until it follows the log")]
    Incomplete(i64),
    /// It has not come as far as the serving one.
    #[error("generation {0} lags behind the serving one: let a worker follow it, then swap again")]
    Behind(i64),
    /// Somebody reads the views that would show it.
    #[error("the views of {0} are being read by analysts: wait until they are done, or end what they run")]
    Watched(String),
    /// There is no such build.
    #[error("{model} has no generation {wanted}: give one of {known}")]
    NoSuch {
        /// Name of the model.
        model: String,
        /// What was wanted.
        wanted: String,
        /// All there are, with their states.
        known: String,
    },
}
