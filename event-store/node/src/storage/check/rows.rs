//! Rows of `events`, each checked, without a copy.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};

use super::Found;
use crate::storage::checksum::{Parts, checksum};
use crate::storage::generations::Generations;
use crate::storage::reader::Direction;

/// A walk reads at most so many rows in one statement, and stops earlier when they are large.
pub(crate) const PAGE: i64 = 1024;
const PAGE_BYTES: usize = 4 << 20;
const NAMES_REMEMBERED: usize = 64 * 1024;

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
    streams: Generations<i64, Arc<str>>,
    types: Generations<i64, Arc<str>>,
}

impl Rows {
    pub(crate) fn new(connection: Connection, path: Arc<Path>) -> Self {
        Self {
            connection,
            path,
            streams: Generations::new(NAMES_REMEMBERED),
            types: Generations::new(NAMES_REMEMBERED),
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Calls `each` from one end of `first..=last` on. Answers with the position of the last row it was called for.
    pub(crate) fn walk(
        &mut self,
        first: i64,
        last: i64,
        direction: Direction,
        each: &mut dyn FnMut(&Stored<'_>) -> ControlFlow<()>,
    ) -> Result<i64, Found> {
        let Self {
            connection,
            streams,
            types,
            ..
        } = self;
        let (order, step, near, far) = match direction {
            Direction::Forwards => ("ASC", 1, first, last),
            Direction::Backwards => ("DESC", -1, last, first),
        };
        let mut select = connection.prepare_cached(&format!(
            "SELECT pos, sid, rev, type_id, id, created, is_json, crc, meta, data FROM events
             WHERE pos BETWEEN ?1 AND ?2 ORDER BY pos {order}"
        ))?;
        let mut rows = select.query((first, last))?;
        let (mut position, mut bytes) = (near, 0);
        loop {
            let place = || format!("position {position}");
            let row = rows.next().map_err(|error| Found::at(error, place))?;
            let row = row.ok_or_else(|| missing(position))?;
            let found: i64 = row.get(0)?;
            if found != position {
                return Err(missing(position));
            }
            let ids = (|| Ok((row.get(1)?, row.get(3)?)))();
            let (sid, type_id) = ids.map_err(|error| Found::at(error, place))?;
            let stream = name(
                connection,
                streams,
                "SELECT name FROM streams WHERE id = ?1",
                sid,
                position,
            )?;
            let kind = name(
                connection,
                types,
                "SELECT name FROM types WHERE id = ?1",
                type_id,
                position,
            )?;
            let parts = parts(row, &stream, &kind).map_err(|error| Found::at(error, place))?;
            let stored: i64 = row.get(7).map_err(|error| Found::at(error, place))?;
            compare(&parts, stored)?;
            bytes += parts.meta.len() + parts.data.len();
            let (stream, kind) = (&stream, &kind);
            let stop = each(&Stored {
                sid,
                stream,
                kind,
                parts,
            })
            .is_break();
            if stop || position == far || bytes >= PAGE_BYTES {
                return Ok(position);
            }
            position += step;
        }
    }

    /// Finds each of the rows the way reads of streams do: stream by name, row by stream and revision.
    pub(crate) fn look_up(&mut self, first: i64, last: i64) -> Result<(), Found> {
        let mut places = Vec::new();
        self.walk_fully(first, last, &mut |row| {
            places.push((row.parts.position, row.sid, row.parts.revision, Arc::clone(row.stream)));
        })?;
        let mut by_name = self
            .connection
            .prepare_cached("SELECT id FROM streams WHERE name = ?1")?;
        // The sum makes SQLite fetch the row behind the entry of the index.
        let mut by_revision = self
            .connection
            .prepare_cached("SELECT pos + 0 * is_json FROM events WHERE sid = ?1 AND rev = ?2")?;
        for (position, sid, revision, stream) in places {
            let place = || format!("revision {revision} of stream {stream:?}");
            let id: Option<i64> = by_name
                .query_one([&*stream], |row| row.get(0))
                .optional()
                .map_err(|error| Found::at(error, place))?;
            if id != Some(sid) {
                return Err(Found::Damage(format!(
                    "stream {stream:?} of the event at position {position} is not found by its name"
                )));
            }
            let found: Option<i64> = by_revision
                .query_one((sid, revision), |row| row.get(0))
                .optional()
                .map_err(|error| Found::at(error, place))?;
            if found != Some(position) {
                return Err(Found::Damage(format!(
                    "event at position {position} is not found as revision {revision} of stream {stream:?}"
                )));
            }
        }
        Ok(())
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

fn missing(position: i64) -> Found {
    Found::Damage(format!("event at position {position} is missing"))
}

fn name(
    connection: &Connection,
    known: &mut Generations<i64, Arc<str>>,
    sql: &'static str,
    id: i64,
    position: i64,
) -> Result<Arc<str>, Found> {
    if let Some(name) = known.get(&id) {
        return Ok(name);
    }
    let found: Option<Arc<str>> = connection
        .prepare_cached(sql)?
        .query_one([id], |row| row.get(0))
        .optional()
        .map_err(|error| Found::at(error, || format!("the names of position {position}")))?;
    let name = found.ok_or_else(|| {
        Found::Damage(format!(
            "event at position {position} has lost its stream name or its type"
        ))
    })?;
    known.insert(id, Arc::clone(&name));
    Ok(name)
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
