//! Rows of `events`, each checked, without a copy.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::Found;
use crate::storage::checksum::{Parts, checksum};
use crate::storage::generations::Generations;
use crate::storage::reader::Direction;

/// A walk reads at most so many rows in one statement, and stops earlier when they are large.
pub(crate) const PAGE: i64 = 1024;
const PAGE_BYTES: usize = 4 << 20;
const NAMES_REMEMBERED: usize = 16 * 1024;

/// Downwards, because SQLite goes to the next position without a search.
const SEEK: &str = "WITH RECURSIVE places (p) AS (SELECT ?2 UNION ALL SELECT p - 1 FROM places WHERE p > ?1)
    SELECT count(*) FROM places CROSS JOIN events ON events.pos = places.p";
const STREAM_NAME: &str = "SELECT name FROM streams WHERE id = ?1";
const TYPE_NAME: &str = "SELECT name FROM types WHERE id = ?1";
const BY_NAME: &str = "SELECT id FROM streams WHERE name = ?1";
/// The sum makes SQLite fetch the row behind the entry of the index.
const BY_REVISION: &str = "SELECT pos + 0 * is_json FROM events WHERE sid = ?1 AND rev = ?2";

/// One row that matches its checksum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) sid: i64,
    pub(crate) stream: &'a Arc<str>,
    pub(crate) kind: &'a Arc<str>,
    pub(crate) parts: Parts<'a>,
}

/// A connection that reads rows in the order of positions.
pub(crate) struct Rows {
    connection: Connection,
    path: Arc<Path>,
    names: Names,
}

/// What rows refer to.
struct Names {
    streams: Generations<i64, Arc<str>>,
    types: Generations<i64, Arc<str>>,
}

impl Rows {
    pub(crate) fn new(connection: Connection, path: Arc<Path>) -> Self {
        Self {
            connection,
            path,
            names: Names {
                streams: Generations::new(NAMES_REMEMBERED),
                types: Generations::new(NAMES_REMEMBERED),
            },
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    pub(super) fn run(&self, sql: &'static str) -> Result<(), Found> {
        Ok(self.connection.prepare_cached(sql)?.execute([]).map(drop)?)
    }

    /// Calls `each` from one end of `first..=last` on. Answers with the position of the last row it was called for.
    pub(crate) fn walk(
        &mut self,
        first: i64,
        last: i64,
        direction: Direction,
        each: &mut dyn FnMut(&Stored<'_>) -> ControlFlow<()>,
    ) -> Result<i64, Found> {
        let (order, step, near, far) = match direction {
            Direction::Forwards => ("ASC", 1, first, last),
            Direction::Backwards => ("DESC", -1, last, first),
        };
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT pos, sid, rev, type_id, id, created, is_json, crc, meta, data FROM events
             WHERE pos BETWEEN ?1 AND ?2 ORDER BY pos {order}"
        ))?;
        let mut rows = select.query((first, last))?;
        let (mut position, mut bytes) = (near, 0);
        loop {
            let next = rows.next();
            let row = next.map_err(|error| Found::at(error, || format!("position {position}")))?;
            let row = row.ok_or_else(|| missing(position))?;
            let (size, going) = self.names.visit(&self.connection, row, position, each)?;
            bytes += size;
            if going.is_break() || position == far || bytes >= PAGE_BYTES {
                return Ok(position);
            }
            position += step;
        }
    }

    /// Finds each of the rows by its position alone. A walk passes by inner pages that lead a search astray.
    pub(crate) fn seek(&self, first: i64, last: i64) -> Result<(), Found> {
        let place = || format!("positions {first} to {last}");
        let mut select = self.connection.prepare_cached(SEEK)?;
        let found: i64 = select
            .query_one((first, last), |row| row.get(0))
            .map_err(|error| Found::at(error, place))?;
        if found == last - first + 1 {
            return Ok(());
        }
        Err(Found::Damage(format!(
            "only {found} of the events at {} are found",
            place()
        )))
    }

    /// Finds each of the rows the way reads of streams do: stream by name, row by stream and revision.
    pub(crate) fn look_up(&mut self, first: i64, last: i64) -> Result<(), Found> {
        let mut places = Vec::new();
        self.walk_fully(first, last, &mut |row| {
            places.push((row.parts.position, row.sid, row.parts.revision, Arc::clone(row.stream)));
        })?;
        for (position, sid, revision, stream) in places {
            let at = |error| Found::at(error, || format!("revision {revision} of stream {stream:?}"));
            if self.find(BY_NAME, [&*stream]).map_err(at)? != Some(sid) {
                return Err(Found::Damage(format!(
                    "stream {stream:?} of the event at position {position} is not found by its name"
                )));
            }
            if self.find(BY_REVISION, (sid, revision)).map_err(at)? != Some(position) {
                return Err(Found::Damage(format!(
                    "event at position {position} is not found as revision {revision} of stream {stream:?}"
                )));
            }
        }
        Ok(())
    }

    fn find(&self, sql: &'static str, key: impl Params) -> rusqlite::Result<Option<i64>> {
        let mut select = self.connection.prepare_cached(sql)?;
        select.query_one(key, |row| row.get(0)).optional()
    }

    fn walk_fully(&mut self, first: i64, last: i64, each: &mut dyn FnMut(&Stored<'_>)) -> Result<(), Found> {
        let mut next = first;
        while next <= last {
            next = 1 + self.walk(next, last, Direction::Forwards, &mut |row| {
                each(row);
                ControlFlow::Continue(())
            })?;
        }
        Ok(())
    }
}

impl Names {
    /// Calls `each` for the row that should be the one at `position`. Answers with its size, too.
    fn visit(
        &mut self,
        connection: &Connection,
        row: &Row<'_>,
        position: i64,
        each: &mut dyn FnMut(&Stored<'_>) -> ControlFlow<()>,
    ) -> Result<(usize, ControlFlow<()>), Found> {
        let at = |error| Found::at(error, || format!("position {position}"));
        if row.get::<_, i64>(0).map_err(at)? != position {
            return Err(missing(position));
        }
        let (sid, type_id) = (row.get(1).map_err(at)?, row.get(3).map_err(at)?);
        let stream = name(connection, &mut self.streams, STREAM_NAME, sid).map_err(at)?;
        let kind = name(connection, &mut self.types, TYPE_NAME, type_id).map_err(at)?;
        let (Some(stream), Some(kind)) = (&stream, &kind) else {
            return Err(Found::Damage(format!(
                "event at position {position} has lost its stream name or its type"
            )));
        };
        let parts = parts(row, stream, kind).map_err(at)?;
        compare(&parts, row.get(7).map_err(at)?)?;
        let stored = Stored {
            sid,
            stream,
            kind,
            parts,
        };
        Ok((parts.meta.len() + parts.data.len(), each(&stored)))
    }
}

fn missing(position: i64) -> Found {
    Found::Damage(format!("event at position {position} is missing"))
}

fn name(
    connection: &Connection,
    known: &mut Generations<i64, Arc<str>>,
    sql: &'static str,
    id: i64,
) -> rusqlite::Result<Option<Arc<str>>> {
    if let Some(name) = known.get(&id) {
        return Ok(Some(name));
    }
    let mut select = connection.prepare_cached(sql)?;
    let found: Option<Arc<str>> = select.query_one([id], |row| row.get(0)).optional()?;
    if let Some(name) = &found {
        known.insert(id, Arc::clone(name));
    }
    Ok(found)
}

fn parts<'a>(row: &'a Row<'_>, stream: &'a str, kind: &'a str) -> rusqlite::Result<Parts<'a>> {
    Ok(Parts {
        position: row.get(0)?,
        revision: row.get(2)?,
        created: row.get(5)?,
        is_json: row.get(6)?,
        id: row.get_ref(4)?.as_blob()?,
        stream,
        kind,
        meta: row.get_ref(8)?.as_blob()?,
        data: row.get_ref(9)?.as_blob()?,
    })
}

fn compare(parts: &Parts<'_>, stored: i64) -> Result<(), Found> {
    let computed = checksum(parts);
    if stored == i64::from(computed) && parts.id.len() == 16 {
        return Ok(());
    }
    Err(Found::Damage(format!(
        "event at position {} of stream {:?} does not match its checksum (stored {stored:08x}, computed {computed:08x})",
        parts.position, parts.stream
    )))
}
