//! The rules of an append, inside the writer's transaction.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::Append;
use super::checksum::{Parts, checksum};
use super::generations::Generations;
use crate::clock;

const STREAMS_REMEMBERED: usize = 32 * 1024;
const TYPES_REMEMBERED: usize = 4 * 1024;
/// Events in which an append without an exact revision looks for its own repeat.
const IDS_REMEMBERED: usize = 32 * 1024;

const FIND_STREAM: &str =
    "SELECT id, (SELECT max(rev) FROM events WHERE sid = streams.id) FROM streams WHERE name = ?1";
const ADD_STREAM: &str = "INSERT INTO streams (name) VALUES (?1)";
const FIND_TYPE: &str = "SELECT id FROM types WHERE name = ?1";
const ADD_TYPE: &str = "INSERT INTO types (name) VALUES (?1)";
const ADD_EVENT: &str = "INSERT INTO events (pos, sid, rev, type_id, id, created, is_json, crc, meta, data)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const FIND_ID: &str = "SELECT pos FROM events WHERE sid = ?1 AND rev = ?2 AND id = ?3";

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
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    id: i64,
    last: i64,
}

/// The writer's connection and what it remembers. After any error only dropping it is right: the memory may be
/// ahead of the file.
#[derive(Debug)]
pub(crate) struct Log {
    connection: Connection,
    streams: Generations<Arc<str>, Stream>,
    types: Generations<String, i64>,
    /// Revision by stream and event id; forgotten at the end of the process.
    recent: Generations<(i64, Uuid), i64>,
    head: i64,
    /// Never goes back, even when the machine's clock does.
    created: i64,
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

    /// All checks come before the first insert, so a refused append leaves no trace in the transaction it shares.
    pub(crate) fn append(&mut self, append: &Append) -> rusqlite::Result<Appended> {
        let stream = self.find_stream(&append.stream)?;
        let current = stream.map(|stream| stream.last);
        let fits = match append.expected {
            Expected::Revision(expected) => current.is_some_and(|last| last.cast_unsigned() == expected),
            Expected::NoStream => current.is_none(),
            Expected::Any => true,
            Expected::StreamExists => current.is_some(),
        };
        if append.events.is_empty() {
            let unchanged = Appended::Success {
                revision: current,
                position: None,
            };
            return Ok(if fits {
                unchanged
            } else {
                Appended::WrongExpectedVersion { current }
            });
        }
        if let Some(stream) = stream
            && let Some(first) = self.possible_repeat(stream, append, fits)
        {
            let repeat = self.position_of_repeat(stream, first, &append.events)?;
            return Ok(match repeat {
                Some((revision, position)) => Appended::Success {
                    revision: Some(revision),
                    position: Some(position),
                },
                None => Appended::WrongExpectedVersion { current },
            });
        }
        if fits {
            self.insert(stream, append)
        } else {
            Ok(Appended::WrongExpectedVersion { current })
        }
    }

    /// The revision from which the events of `append` would already be in the stream.
    fn possible_repeat(&mut self, stream: Stream, append: &Append, fits: bool) -> Option<i64> {
        match append.expected {
            Expected::Revision(_) | Expected::NoStream if fits => None,
            Expected::NoStream => Some(0),
            Expected::Revision(expected) => i64::try_from(expected).ok()?.checked_add(1),
            Expected::Any | Expected::StreamExists => self.recent.get(&(stream.id, append.events.first()?.id)),
        }
    }

    /// Revision and position of the last of `events` when all of them lie in the stream from revision `first` on.
    fn position_of_repeat(
        &self,
        stream: Stream,
        first: i64,
        events: &[NewEvent],
    ) -> rusqlite::Result<Option<(i64, i64)>> {
        let mut find = self.connection.prepare_cached(FIND_ID)?;
        let mut last = None;
        for (revision, event) in (first..=stream.last).zip(events) {
            let position = find
                .query_one(params![stream.id, revision, event.id.as_bytes()], |row| row.get(0))
                .optional()?;
            let Some(position) = position else { return Ok(None) };
            last = Some((revision, position));
        }
        let complete = i64::try_from(events.len()).is_ok_and(|count| first.saturating_add(count - 1) <= stream.last);
        Ok(last.filter(|_| complete))
    }

    fn insert(&mut self, stream: Option<Stream>, append: &Append) -> rusqlite::Result<Appended> {
        let mut stream = if let Some(stream) = stream {
            stream
        } else {
            self.connection.prepare_cached(ADD_STREAM)?.execute([&*append.stream])?;
            Stream {
                id: self.connection.last_insert_rowid(),
                last: -1,
            }
        };
        for event in &append.events {
            stream.last += 1;
            self.head += 1;
            self.insert_event(stream, &append.stream, event)?;
            self.recent.insert((stream.id, event.id), stream.last);
        }
        self.streams.insert(Arc::clone(&append.stream), stream);
        Ok(Appended::Success {
            revision: Some(stream.last),
            position: Some(self.head),
        })
    }

    fn insert_event(&mut self, stream: Stream, name: &str, event: &NewEvent) -> rusqlite::Result<()> {
        let kind = self.type_id(&event.kind)?;
        let crc = checksum(&Parts {
            position: self.head,
            revision: stream.last,
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
                stream.id,
                stream.last,
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

    fn find_stream(&mut self, name: &Arc<str>) -> rusqlite::Result<Option<Stream>> {
        if let Some(stream) = self.streams.get(name) {
            return Ok(Some(stream));
        }
        let mut find = self.connection.prepare_cached(FIND_STREAM)?;
        let found = find
            .query_one([&**name], |row| {
                Ok(Stream {
                    id: row.get(0)?,
                    last: row.get(1)?,
                })
            })
            .optional()?;
        if let Some(stream) = found {
            self.streams.insert(Arc::clone(name), stream);
        }
        Ok(found)
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
