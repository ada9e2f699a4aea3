//! Whether everything in the log is as it was written.

use std::ops::ControlFlow;
use std::path::Path;

use super::scan::visit;
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
/// The first fault in the order of the log, with position and stream where they are known.
pub fn verify(directory: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, NodeError> {
    let Verified { report, faults } = examine(directory, 1, progress)?;
    faults.into_iter().next().map_or(Ok(report), Err)
}

/// What was found in a log that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What is there.
    pub report: Report,
    /// What is wrong, in the order of the log; a lost end last. None: all is well.
    pub faults: Vec<NodeError>,
}

/// The same as [`verify`], and goes on behind what is wrong: tells the first `limit` damaged events, and beside them
/// whether the end was lost.
///
/// # Errors
/// There is no log, or it cannot be read.
pub fn examine(directory: &Path, limit: usize, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, NodeError> {
    let (mut source, end) = Source::open_with_end(directory)?;
    let head = source.head.cast_unsigned();
    let (streams, mut faults) = match streams(&mut source, progress) {
        Ok(streams) => (streams, Vec::new()),
        Err(newest @ NodeError::Damaged { .. }) => (0, damaged(&mut source, newest, limit)?),
        Err(fault) => return Err(fault),
    };
    progress(head, head);
    faults.extend(end.err());
    let report = report(&source, streams);
    Ok(Verified { report, faults })
}

/// The first damaged events; when each is whole by itself, what was found first.
fn damaged(source: &mut Source, newest: NodeError, limit: usize) -> Result<Vec<NodeError>, NodeError> {
    let mut faults = Vec::new();
    let mut next = 1;
    while faults.len() < limit.max(1) && next <= source.head.cast_unsigned() {
        let visited = visit(source, next, &mut |event| {
            next = event.position + 1;
            ControlFlow::Continue(())
        });
        match visited {
            Ok(()) => break,
            Err(fault @ NodeError::Damaged { .. }) => faults.push(fault),
            Err(fault) => return Err(fault),
        }
        next += 1;
    }
    if faults.is_empty() {
        faults.push(newest);
    }
    Ok(faults)
}

pub(super) fn check(source: &mut Source, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, NodeError> {
    let streams = streams(source, progress)?;
    Ok(report(source, streams))
}

fn streams(source: &mut Source, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, NodeError> {
    if source.format == 0 {
        return Ok(0);
    }
    run(&mut source.rows, source.head, progress)
}

fn report(source: &Source, streams: u64) -> Report {
    let head = source.head.cast_unsigned();
    Report {
        events: head,
        streams,
        bytes: size(&source.path),
        head,
        acknowledged: source.acknowledged.map(i64::cast_unsigned),
        format: source.format,
    }
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
