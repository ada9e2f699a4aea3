//! What a check may meet.

use std::path::Path;

use crate::NodeError;
use crate::storage::schema;

/// Damage with its place, or a failed statement.
#[derive(Debug)]
pub(crate) enum Found {
    Damage(String),
    Failed(rusqlite::Error),
}

impl Found {
    /// Says where a failed statement was, when what failed is the data and not the reading of it.
    pub(crate) fn at(error: rusqlite::Error, place: impl FnOnce() -> String) -> Self {
        match schema::malformed(&error) {
            Some(what) => Self::Damage(format!("{what} at {}", place())),
            None => Self::Failed(error),
        }
    }

    pub(crate) fn in_file(self, path: &Path) -> NodeError {
        match self {
            Self::Damage(what) => NodeError::Damaged {
                path: path.display().to_string(),
                what,
            },
            Self::Failed(error) => schema::read_fault(path, &error),
        }
    }
}

impl From<rusqlite::Error> for Found {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}
