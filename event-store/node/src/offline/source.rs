//! An existing log, opened for reading only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::NodeError;
use crate::storage::check::{Found, Rows};
use crate::storage::{acknowledged, data_file, schema};

pub(super) struct Source {
    pub(super) rows: Rows,
    pub(super) path: Arc<Path>,
    pub(super) format: i64,
    pub(super) head: i64,
    /// `None` in format 1.
    pub(super) acknowledged: Option<i64>,
}

impl Source {
    /// Refuses a log that is not whole up to its acknowledged end.
    pub(super) fn open(directory: &Path) -> Result<Self, NodeError> {
        let (source, end) = Self::open_with_end(directory)?;
        end.map(|()| source)
    }

    /// The log, and whether it is whole up to its acknowledged end. An empty file is no log.
    pub(super) fn open_with_end(directory: &Path) -> Result<(Self, Result<(), NodeError>), NodeError> {
        // Before the head: a running node moves the head first.
        let acknowledged = acknowledged::read(directory);
        let mut source = Self::open_as_it_is(directory)?;
        let end = match acknowledged {
            Ok(Some(acknowledged)) => {
                source.acknowledged = Some(acknowledged);
                acknowledged::compare(directory, source.head, acknowledged)
            }
            Ok(None) if source.format < schema::FORMAT => Ok(()),
            Ok(None) => Err(schema::marker_missing(directory)),
            Err(fault) => Err(fault),
        };
        if source.format > 0 {
            return Ok((source, end));
        }
        // How much is lost says more than that all of it is.
        end.and_then(|()| {
            Err(NodeError::Empty {
                path: source.path.display().to_string(),
            })
        })
    }

    /// The log, however much of it is left: an empty file as well.
    pub(super) fn open_as_it_is(directory: &Path) -> Result<Self, NodeError> {
        Self::open_file(data_file(directory).into())
    }

    pub(super) fn open_file(path: Arc<Path>) -> Result<Self, NodeError> {
        if !path.is_file() {
            return Err(NodeError::NoLog {
                path: path.display().to_string(),
            });
        }
        let connection = schema::open_reader(&path)?;
        let format = schema::recognise(&connection, &path)?;
        let head = schema::head(&connection, format).map_err(|error| schema::read_fault(&path, &error))?;
        Ok(Self {
            rows: Rows::new(connection, Arc::clone(&path)),
            path,
            format,
            head,
            acknowledged: None,
        })
    }

    pub(super) fn fault(&self, found: Found) -> NodeError {
        found.in_file(&self.path)
    }
}

/// Size of a file, 0 when there is none.
pub(super) fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

/// The file beside `path` whose name ends in `suffix`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
