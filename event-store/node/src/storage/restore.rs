//! Events written anew as they were in another log.

use std::sync::Arc;

use super::log::{Log, NewEvent};
use super::lookup::TOMBSTONE;

/// Where a restored event stood, the position aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) revision: i64,
    pub(crate) created: i64,
}

impl Log {
    /// As [`Log::begin`], without a look at the clock: restored events bring their instants along.
    pub(crate) fn begin_restoring(&mut self) -> rusqlite::Result<()> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
    }

    /// Appends an event at its revision and answers with its position; `None`, and nothing is written, when that
    /// revision is not the next of its stream. An instant before that of the event before it becomes the latter's.
    pub(crate) fn restore(
        &mut self,
        stream: &Arc<str>,
        place: Place,
        event: &NewEvent,
    ) -> rusqlite::Result<Option<i64>> {
        let mut known = self.find_stream(stream)?;
        if known.is_tombstoned() {
            return Ok(None);
        }
        if place.revision == TOMBSTONE {
            known.last = TOMBSTONE - 1;
        }
        if known.last + 1 != place.revision {
            return Ok(None);
        }
        self.created = self.created.max(place.created);
        self.push(&mut known, stream, event)?;
        self.remember(stream, known);
        Ok(Some(self.head()))
    }
}
