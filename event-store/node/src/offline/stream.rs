//! The events of one stream.

use std::ops::ControlFlow;
use std::path::Path;

use super::scan::{StoredEvent, fill};
use super::source::Source;
use crate::NodeError;
use crate::storage::Direction;
use crate::storage::schema::read_fault;

/// Revisions found at a time.
const PAGE: usize = 1024;

/// Calls `each` for every event of a stream that is there at the start, oldest first, until it breaks; never when
/// there is no such stream. Whether the end of the log was lost is for [`end`](super::end) to say.
///
/// # Errors
/// There is no log, or an event of the stream is damaged: everything before it was visited.
pub fn stream(
    directory: &Path,
    name: &str,
    each: &mut dyn FnMut(&StoredEvent) -> ControlFlow<()>,
) -> Result<(), NodeError> {
    let (mut source, _end) = Source::open_with_end(directory)?;
    let mut event = None;
    let mut after = -1;
    loop {
        let page = positions(&source, name, after).map_err(|error| read_fault(&source.path, &error))?;
        for (revision, position) in &page {
            after = *revision;
            let mut going = ControlFlow::Continue(());
            let walked = source.rows.walk(*position, *position, Direction::Forwards, &mut |row| {
                going = each(fill(&mut event, row));
                going
            });
            walked.map_err(|found| source.fault(found))?;
            if going.is_break() {
                return Ok(());
            }
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

/// The next revisions of the stream, and the position of each.
fn positions(source: &Source, name: &str, after: i64) -> rusqlite::Result<Vec<(i64, i64)>> {
    if source.format == 0 {
        return Ok(Vec::new());
    }
    let mut select = source.rows.connection().prepare_cached(
        "SELECT rev, pos FROM events WHERE sid = (SELECT id FROM streams WHERE name = ?1) AND rev > ?2 AND pos <= ?3
         ORDER BY rev LIMIT ?4",
    )?;
    let rows = select.query_map(
        (name, after, source.head, i64::try_from(PAGE).unwrap_or(i64::MAX)),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    rows.collect()
}
