//! Values that commands carry: checked when made, so that a decider need not doubt them.
//!
//! Events carry plain data instead: rules change, facts do not.

mod handle;
mod key;
mod subject;
mod words;

pub use handle::{Handle, HandleChannel, HandleError, claimed, host};
pub use key::{CategoryKey, IdempotencyKey};
pub use subject::Subject;
pub(crate) use words::words;
pub use words::{
    AssignmentMode, ClassifiedBy, CloseCause, HoldReason, Priority, ReopenCause, ResolutionReason, TicketType,
};

/// A value that is not acceptable: which, what it was, and what is accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {value:?} is not acceptable: {accepted}")]
pub struct ValueError {
    /// Name of the value, as the API calls it.
    pub field: &'static str,
    /// What came, shortened to 80 characters.
    pub value: String,
    /// What is accepted.
    pub accepted: &'static str,
}

impl ValueError {
    pub(crate) fn new(field: &'static str, value: &str, accepted: &'static str) -> Self {
        Self {
            field,
            value: value.chars().take(80).collect(),
            accepted,
        }
    }
}
