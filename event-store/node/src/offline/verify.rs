//! Whether everything in the log is as it was written.

use std::path::Path;

use super::source::{Source, size};
use crate::NodeError;
use crate::storage::check::{Check, Depth, Rows};
use crate::storage::schema;

/// A log without damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Events checked: all that were there at the start.
    pub events: u64,
    /// Streams with events.
    pub streams: u64,
    /// Size of `events.db`.
    pub bytes: u64,
    /// Position of the last event.
    pub head: u64,
    /// Up to where appends were acknowledged, never beyond the head; `None` in a log of format 1, which did not know.
    pub acknowledged: Option<u64>,
    /// Of the files.
    pub format: i64,
}

/// Checks every event (checksum, no gap in positions and revisions), the indexes that find events and names, and that
/// the log reaches its acknowledged end. `progress` gets what is done, of the head.
///
/// # Errors
/// The first fault found, newest events first, with position and stream where they are known.
pub fn verify(directory: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, NodeError> {
    let mut source = Source::open(directory)?;
    check(&mut source, progress)
}

pub(super) fn check(source: &mut Source, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, NodeError> {
    let head = source.head;
    let streams = if source.format == 0 {
        0
    } else {
        run(&mut source.rows, head, progress)?
    };
    Ok(Report {
        events: head.cast_unsigned(),
        streams,
        bytes: size(&source.path),
        head: head.cast_unsigned(),
        acknowledged: source.acknowledged.map(i64::cast_unsigned),
        format: source.format,
    })
}

/// Answers with the number of streams.
fn run(rows: &mut Rows, head: i64, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, NodeError> {
    let mut check = Check::new(head);
    schema::for_whole_reads(rows.connection(), rows.path())?;
    while !check.is_done() {
        check.step(rows, Depth::Rows)?;
        progress(check.progress().cast_unsigned(), head.cast_unsigned());
    }
    Ok(check.streams())
}
