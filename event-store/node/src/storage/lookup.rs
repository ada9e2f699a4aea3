//! What of a stream is shown, by its tombstone and its metadata.

use rusqlite::{Connection, OptionalExtension, params};

use super::generations::Generations;
use super::metadata::{self, DELETED, Metadata};
use super::reader::{Fault, Known, Recorded, by_revision};
use crate::clock;

/// The revision of the event that ends a stream for ever.
pub(crate) const TOMBSTONE: i64 = i64::MAX;

/// Row ids and last revisions of a stream and of its metastream, or of a metastream and its stream, as they are at
/// one instant.
pub(crate) const FIND_PAIR: &str = "
    SELECT s.id, (SELECT max(rev) FROM events WHERE sid = s.id), m.id, (SELECT max(rev) FROM events WHERE sid = m.id)
    FROM (SELECT 1) LEFT JOIN streams AS s ON s.name = ?1 LEFT JOIN streams AS m ON m.name = ?2";
const FIND_CREATED: &str = "SELECT created FROM events WHERE sid = ?1 AND rev = ?2";

pub(crate) const METADATA_REMEMBERED: usize = 16 * 1024;

/// By row id of the metastream, with the revision it was read from.
pub(crate) type KnownMetadata = Generations<i64, (i64, Option<Metadata>)>;

/// A stream as a reader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It never had an event, or is deleted and has not begun anew.
    Nothing,
    /// For ever.
    Tombstoned,
    /// `first` is the first revision shown; larger than `last` when none is.
    Stream { id: i64, first: i64, last: i64 },
}

/// Row id and last revision, when there are any.
pub(crate) type Row = Option<(i64, i64)>;

/// The other one of a stream and its metastream.
pub(crate) fn companion(name: &str) -> String {
    metadata::original(name).map_or_else(|| metadata::metastream(name), str::to_owned)
}

pub(crate) fn pair(connection: &Connection, name: &str) -> rusqlite::Result<(Row, Row)> {
    let row = |found: &rusqlite::Row<'_>, at: usize| -> rusqlite::Result<Row> {
        // A stream without events has been damaged: its last revision must not count as unknown.
        match found.get(at)? {
            Some(id) => Ok(Some((id, found.get(at + 1)?))),
            None => Ok(None),
        }
    };
    connection
        .prepare_cached(FIND_PAIR)?
        .query_one([name, &companion(name)], |found| Ok((row(found, 0)?, row(found, 2)?)))
}

pub(crate) fn find(connection: &Connection, known: &mut Known, name: &str) -> Result<Found, Fault> {
    let (stream, other) = pair(connection, name)?;
    let is_metastream = metadata::original(name).is_some();
    let is_tombstoned = |row: Row| row.is_some_and(|(_, last)| last == TOMBSTONE);
    if is_tombstoned(stream) || is_metastream && is_tombstoned(other) {
        return Ok(Found::Tombstoned);
    }
    let Some((id, last)) = stream else {
        return Ok(Found::Nothing);
    };
    if is_metastream {
        return Ok(Found::Stream { id, first: last, last });
    }
    let Some(metadata) = of_metastream(connection, known, other)? else {
        return Ok(Found::Stream { id, first: 0, last });
    };
    if metadata.truncate_before == Some(DELETED) {
        return Ok(Found::Nothing);
    }
    let first = first_shown(connection, id, last, &metadata)?;
    Ok(Found::Stream { id, first, last })
}

fn of_metastream(connection: &Connection, known: &mut Known, row: Row) -> Result<Option<Metadata>, Fault> {
    let Some((id, revision)) = row else { return Ok(None) };
    if let Some((seen, metadata)) = known.metadata.get(&id)
        && seen == revision
    {
        return Ok(metadata);
    }
    let event = by_revision(connection, known, id, revision)?;
    let metadata = event.and_then(|event| Metadata::parse(&event.kind, &event.data));
    known.metadata.insert(id, (revision, metadata));
    Ok(metadata)
}

fn first_shown(connection: &Connection, id: i64, last: i64, metadata: &Metadata) -> rusqlite::Result<i64> {
    let by_count = metadata.max_count.map_or(0, |count| last.saturating_sub(count) + 1);
    let first = by_count.max(metadata.truncate_before.unwrap_or_default());
    match metadata.max_age {
        Some(age) => first_since(connection, id, (first, last), clock::ticks().saturating_sub(age)),
        None => Ok(first),
    }
}

/// `created` never goes back, so the first event young enough can be found by halving.
fn first_since(connection: &Connection, id: i64, (mut low, last): (i64, i64), since: i64) -> rusqlite::Result<i64> {
    let mut created = connection.prepare_cached(FIND_CREATED)?;
    let mut high = last.saturating_add(1);
    while low < high {
        let middle = low + (high - low) / 2;
        let at: Option<i64> = created.query_one(params![id, middle], |row| row.get(0)).optional()?;
        // A missing row is found and named by the read that follows.
        if at.is_none_or(|at| at >= since) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Event(Box<Recorded>),
    /// Deleted, truncated, never there, or the link is malformed.
    Gone,
}

pub(crate) const LINK_TYPE: &str = "$>";

/// Links to links are not followed.
pub(crate) fn follow(connection: &Connection, known: &mut Known, data: &[u8]) -> Result<Target, Fault> {
    let Some((revision, stream)) = parse_link(data) else {
        return Ok(Target::Gone);
    };
    let Found::Stream { id, first, last } = find(connection, known, stream)? else {
        return Ok(Target::Gone);
    };
    if !(first..=last).contains(&revision) {
        return Ok(Target::Gone);
    }
    let event = by_revision(connection, known, id, revision)?;
    Ok(event.map_or(Target::Gone, |event| Target::Event(Box::new(event))))
}

fn parse_link(data: &[u8]) -> Option<(i64, &str)> {
    let (revision, stream) = std::str::from_utf8(data).ok()?.split_once('@')?;
    Some((revision.parse().ok()?, stream))
}
