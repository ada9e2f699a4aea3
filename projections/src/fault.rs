//! What a failed transaction means for the one who repeats it.

use sqlx::Error;

use crate::ProjectError;

/// Kinds of failure.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It may pass: try again.
    Passing(String),
    /// The events, or some of them, can never be applied; the position names one if it is known.
    Poison(Option<u64>, String),
}

impl From<ProjectError> for Fault {
    fn from(error: ProjectError) -> Self {
        let text = error.to_string();
        match error {
            ProjectError::Postgres(error) if blames_the_data(&error) => Self::Poison(None, text),
            ProjectError::Unfit { position, .. } => Self::Poison(Some(position), text),
            ProjectError::Decode(_) => Self::Poison(None, text),
            ProjectError::Postgres(_)
            | ProjectError::Ahead { .. }
            | ProjectError::Log(_)
            | ProjectError::Vault(_)
            | ProjectError::Task(_)
            | ProjectError::Generation(_) => Self::Passing(text),
        }
    }
}

/// Whether Postgres will never take these rows. 21 cardinality, 22 data, 23 integrity, 54 program limits, as appendix A
/// of its manual has them; whatever else it refuses is no fault of the events.
fn blames_the_data(error: &Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| ["21", "22", "23", "54"].iter().any(|it| code.starts_with(it)))
}
