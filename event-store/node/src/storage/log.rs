//! The writer's connection and what it remembers.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::checksum::{Parts, checksum};
use super::generations::Generations;
use super::lookup::{self, TOMBSTONE};
use super::metadata::{self, DELETED, Metadata};
use crate::clock;

const STREAMS_REMEMBERED: usize = 32 * 1024;
const TYPES_REMEMBERED: usize = 4 * 1024;
/// Events in which an append without an exact revision looks for its own repeat.
const IDS_REMEMBERED: usize = 32 * 1024;

const ADD_STREAM: &str = "INSERT INTO streams (name) VALUES (?1)";
const FIND_TYPE: &str = "SELECT id FROM types WHERE name = ?1";
const ADD_TYPE: &str = "INSERT INTO types (name) VALUES (?1)";
const ADD_EVENT: &str = "INSERT INTO events (pos, sid, rev, type_id, id, created, is_json, crc, meta, data)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const FIND_METADATA: &str =
    "SELECT name, data FROM events JOIN types ON types.id = type_id WHERE sid = ?1 AND rev = ?2";

/// What the stream must look like for an append to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Revision(u64),
    NoStream,
    Any,
    StreamExists,
}

/// An event before it has a place in the log.
#[derive(Clone, Debug)]
pub(crate) struct NewEvent {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) is_json: bool,
    pub(crate) meta: Bytes,
    pub(crate) data: Bytes,
}

/// Answer to an append. `None` as revision: the stream does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// Of the last event appended; without a position when there was nothing to append.
    Success {
        revision: Option<i64>,
        position: Option<i64>,
    },
    WrongExpectedVersion {
        current: Option<i64>,
    },
    /// There is a tombstone, or the stream shall exist and is deleted.
    StreamDeleted,
}

/// A stream as its next append meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    /// `None` before the first event.
    pub(super) id: Option<i64>,
    /// -1 before the first event.
    pub(super) last: i64,
    pub(super) truncate_before: i64,
    pub(super) has_metadata: bool,
}

impl Stream {
    pub(super) fn is_tombstoned(&self) -> bool {
        self.last == TOMBSTONE
    }

    /// Deleted, but it may begin anew.
    pub(super) fn is_deleted(&self) -> bool {
        self.truncate_before == DELETED
    }

    /// The last revision there is, even if it is hidden.
    pub(super) fn current(&self) -> Option<i64> {
        (self.last >= 0).then_some(self.last)
    }

    pub(super) fn fits(&self, expected: Expected) -> bool {
        match expected {
            Expected::Revision(expected) => self.current().is_some_and(|last| last.cast_unsigned() == expected),
            Expected::NoStream => self.current().is_none() || self.is_deleted(),
            Expected::Any => true,
            Expected::StreamExists => self.current().is_some() || self.has_metadata,
        }
    }

    /// A deleted stream may begin anew, but it does not exist.
    pub(super) fn is_closed_to(&self, expected: Expected) -> bool {
        self.is_tombstoned() || self.is_deleted() && expected == Expected::StreamExists
    }
}

/// The writer's connection and what it remembers. After any error only dropping it is right: the memory may be
/// ahead of the file.
#[derive(Debug)]
pub(crate) struct Log {
    pub(super) connection: Connection,
    streams: Generations<Arc<str>, Stream>,
    types: Generations<String, i64>,
    /// Revision by stream and event id; forgotten at the end of the process.
    pub(super) recent: Generations<(i64, Uuid), i64>,
    head: i64,
    /// Never goes back, even when the machine's clock does.
    pub(super) created: i64,
}

impl Log {
    pub(crate) fn new(connection: Connection) -> rusqlite::Result<Self> {
        let head: Option<i64> = connection.query_one("SELECT max(pos) FROM events", [], |row| row.get(0))?;
        let created = connection
            .query_one("SELECT created FROM events WHERE pos = ?1", [head], |row| row.get(0))
            .optional()?
            .unwrap_or_default();
        Ok(Self {
            connection,
            streams: Generations::new(STREAMS_REMEMBERED),
            types: Generations::new(TYPES_REMEMBERED),
            recent: Generations::new(IDS_REMEMBERED),
            head: head.unwrap_or_default(),
            created,
        })
    }

    /// Position of the last event, 0 when there is none.
    pub(crate) fn head(&self) -> i64 {
        self.head
    }

    pub(crate) fn begin(&mut self) -> rusqlite::Result<()> {
        self.created = self.created.max(clock::ticks());
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
    }

    pub(crate) fn commit(&mut self) -> rusqlite::Result<()> {
        self.connection.prepare_cached("COMMIT")?.execute([]).map(drop)
    }

    /// Moves everything from the write-ahead log into the file.
    pub(crate) fn checkpoint(&self) -> rusqlite::Result<()> {
        self.connection
            .query_one("PRAGMA wal_checkpoint(TRUNCATE)", [], |_counts| Ok(()))
    }

    /// Appends to the end of `stream`, which then has one event more. Makes the stream when it is new.
    pub(super) fn push(&mut self, stream: &mut Stream, name: &Arc<str>, event: &NewEvent) -> rusqlite::Result<()> {
        let id = if let Some(id) = stream.id {
            id
        } else {
            self.connection.prepare_cached(ADD_STREAM)?.execute([&**name])?;
            self.connection.last_insert_rowid()
        };
        stream.id = Some(id);
        stream.last += 1;
        self.head += 1;
        self.insert_event((id, stream.last), name, event)?;
        self.recent.insert((id, event.id), stream.last);
        Ok(())
    }

    /// A stream without events is not remembered: it has no row.
    pub(super) fn remember(&mut self, name: &Arc<str>, stream: Stream) {
        if stream.id.is_some() {
            self.streams.insert(Arc::clone(name), stream);
        }
    }

    fn insert_event(&mut self, (stream, revision): (i64, i64), name: &str, event: &NewEvent) -> rusqlite::Result<()> {
        let kind = self.type_id(&event.kind)?;
        let crc = checksum(&Parts {
            position: self.head,
            revision,
            created: self.created,
            is_json: event.is_json,
            id: event.id.as_bytes(),
            stream: name,
            kind: &event.kind,
            meta: &event.meta,
            data: &event.data,
        });
        let mut insert = self.connection.prepare_cached(ADD_EVENT)?;
        insert
            .execute(params![
                self.head,
                stream,
                revision,
                kind,
                event.id.as_bytes(),
                self.created,
                event.is_json,
                crc,
                &event.meta[..],
                &event.data[..],
            ])
            .map(drop)
    }

    pub(super) fn find_stream(&mut self, name: &Arc<str>) -> rusqlite::Result<Stream> {
        if let Some(stream) = self.streams.get(name) {
            return Ok(stream);
        }
        let (row, other) = lookup::pair(&self.connection, name)?;
        let metadata = match other {
            Some(metastream) if metadata::original(name).is_none() => self.metadata(metastream)?,
            Some(_) | None => None,
        };
        let stream = Stream {
            id: row.map(|(id, _)| id),
            last: row.map_or(-1, |(_, last)| last),
            truncate_before: metadata
                .and_then(|metadata| metadata.truncate_before)
                .unwrap_or_default(),
            has_metadata: metadata::original(name).is_none() && other.is_some(),
        };
        self.remember(name, stream);
        Ok(stream)
    }

    fn metadata(&self, (metastream, revision): (i64, i64)) -> rusqlite::Result<Option<Metadata>> {
        let mut find = self.connection.prepare_cached(FIND_METADATA)?;
        find.query_one([metastream, revision], |row| {
            let (kind, data) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_blob()?);
            Ok(Metadata::parse(kind, data))
        })
    }

    fn type_id(&mut self, name: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.types.get(name) {
            return Ok(id);
        }
        let found = self
            .connection
            .prepare_cached(FIND_TYPE)?
            .query_one([name], |row| row.get(0))
            .optional()?;
        let id = if let Some(id) = found {
            id
        } else {
            self.connection.prepare_cached(ADD_TYPE)?.execute([name])?;
            self.connection.last_insert_rowid()
        };
        self.types.insert(name.to_owned(), id);
        Ok(id)
    }
}
