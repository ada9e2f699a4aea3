//! A log written anew out of the events of another.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::scan::StoredEvent;
use crate::NodeError;
use crate::storage::acknowledged::{self, Marker};
use crate::storage::log::Log;
use crate::storage::restore::Place;
use crate::storage::{NewEvent, data_file, schema};

/// One commit at the first of these.
const BATCH: usize = 4096;
const BATCH_BYTES: usize = 16 << 20;

/// Writes events behind the end of a log on which no node runs: streams, revisions, ids, bytes and the instants at
/// which they were first taken stay, positions follow the order. After an error nothing more can be written; what was
/// committed until then stands, and a new one goes on behind it.
pub struct Restore {
    log: Log,
    marker: Marker,
    path: Arc<Path>,
    /// Whether a transaction is open.
    is_open: bool,
    pending: usize,
    bytes: usize,
    /// Nobody else writes meanwhile.
    _lock: File,
}

impl std::fmt::Debug for Restore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Restore {
    /// Opens the log in `directory`; directory and log are made when they are missing.
    ///
    /// # Errors
    /// A node runs on the directory, or what is there is damaged or of another program.
    pub fn open(directory: &Path) -> Result<Self, NodeError> {
        let lock = schema::lock(directory)?;
        let (log, marker, _rest) = schema::open_log(directory)?;
        Ok(Self {
            log,
            marker,
            path: data_file(directory).into(),
            is_open: false,
            pending: 0,
            bytes: 0,
            _lock: lock,
        })
    }

    /// Position of the last event, 0 when there is none.
    pub fn head(&self) -> u64 {
        self.log.head().cast_unsigned()
    }

    /// Appends an event and answers with the position it got; that of `event` does not count. `None`, and nothing is
    /// written, when its revision is not the next of its stream.
    ///
    /// # Errors
    /// The disk.
    pub fn push(&mut self, event: &StoredEvent) -> Result<Option<u64>, NodeError> {
        let pushed = self
            .insert(event)
            .map_err(|error| schema::write_fault(&self.path, &error))?;
        if pushed.is_some() {
            self.pending += 1;
            self.bytes += event.metadata.len() + event.data.len();
        }
        if self.pending >= BATCH || self.bytes >= BATCH_BYTES {
            self.commit()?;
        }
        Ok(pushed.map(i64::cast_unsigned))
    }

    /// Makes everything durable and lets go of the directory; answers with the head.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(mut self) -> Result<u64, NodeError> {
        self.commit()?;
        let moved = self.log.checkpoint();
        moved.map_err(|error| schema::write_fault(&self.path, &error))?;
        Ok(self.head())
    }

    fn insert(&mut self, event: &StoredEvent) -> rusqlite::Result<Option<i64>> {
        if !self.is_open {
            self.log.begin_restoring()?;
            self.is_open = true;
        }
        let place = Place {
            revision: event.revision.cast_signed(),
            created: event.created,
        };
        let new = NewEvent {
            id: event.id,
            kind: event.event_type.to_string(),
            is_json: event.is_json,
            meta: Bytes::copy_from_slice(&event.metadata),
            data: Bytes::copy_from_slice(&event.data),
        };
        self.log.restore(&event.stream, place, &new)
    }

    fn commit(&mut self) -> Result<(), NodeError> {
        if !self.is_open {
            return Ok(());
        }
        self.log
            .commit()
            .map_err(|error| schema::write_fault(&self.path, &error))?;
        (self.is_open, self.pending, self.bytes) = (false, 0, 0);
        self.marker.write(self.log.head()).map_err(|error| {
            let directory = self.path.parent().unwrap_or(&self.path);
            schema::cannot_write(acknowledged::file(directory).display().to_string(), &error)
        })
    }
}
