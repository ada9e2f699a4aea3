//! The rules of an append, inside the writer's transaction.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::log::{Appended, Expected, Log, NewEvent, Stream};
use super::metadata::{self, Metadata};
use super::{Append, derived_id};

const FIND_ID: &str = "SELECT pos FROM events WHERE sid = ?1 AND rev = ?2 AND id = ?3";
const FIND_NEWEST: &str =
    "SELECT pos, name, data FROM events JOIN types ON types.id = type_id WHERE sid = ?1 AND rev = ?2";

/// How much of an append is in the stream already.
enum Repeat {
    /// With revision and position of its last event.
    Whole(i64, i64),
    /// The first event is, a later one is not.
    Part,
    Nothing,
}

/// The last event of a stream.
pub(super) struct Newest {
    pub(super) position: i64,
    kind: String,
    data: Vec<u8>,
}

impl Log {
    /// All checks come before the first insert, so a refused append leaves no trace in the transaction it shares.
    pub(crate) fn append(&mut self, append: &Append) -> rusqlite::Result<Appended> {
        let stream = self.find_stream(&append.stream)?;
        let original = match metadata::original(&append.stream) {
            Some(original) => Some(self.find_stream(&original.into())?),
            None => None,
        };
        if stream.is_tombstoned() || original.is_some_and(|original| original.is_tombstoned()) {
            return Ok(Appended::StreamDeleted);
        }
        let refusal = if stream.is_closed_to(append.expected) {
            Appended::StreamDeleted
        } else {
            Appended::WrongExpectedVersion {
                current: stream.current(),
            }
        };
        let fits = stream.fits(append.expected) && !stream.is_closed_to(append.expected);
        if append.events.is_empty() {
            let revision = stream.current().filter(|_| !stream.is_deleted());
            let unchanged = Appended::Success {
                revision,
                position: None,
            };
            return Ok(if fits { unchanged } else { refusal });
        }
        match self.repeat(stream, append)? {
            Repeat::Whole(revision, position) => Ok(Appended::Success {
                revision: Some(revision),
                position: Some(position),
            }),
            Repeat::Nothing if fits => self.insert(stream, original, append),
            Repeat::Nothing | Repeat::Part => Ok(refusal),
        }
    }

    fn repeat(&mut self, stream: Stream, append: &Append) -> rusqlite::Result<Repeat> {
        let mut found = Repeat::Nothing;
        for first in self.possible_repeats(stream, append).into_iter().flatten() {
            match self.repeat_from(stream, first, &append.events)? {
                whole @ Repeat::Whole(..) => return Ok(whole),
                Repeat::Part => found = Repeat::Part,
                Repeat::Nothing => {}
            }
        }
        Ok(found)
    }

    /// Revisions from which the events of `append` could already be in the stream.
    fn possible_repeats(&mut self, stream: Stream, append: &Append) -> [Option<i64>; 2] {
        let first = match append.expected {
            Expected::Revision(expected) => i64::try_from(expected).ok().and_then(|last| last.checked_add(1)),
            // A stream that began anew after its deletion did so where it is now truncated.
            Expected::NoStream => return [Some(0), Some(stream.truncate_before).filter(|first| *first > 0)],
            Expected::Any | Expected::StreamExists => stream
                .id
                .zip(append.events.first())
                .and_then(|(id, event)| self.recent.get(&(id, event.id))),
        };
        [first, None]
    }

    fn repeat_from(&self, stream: Stream, first: i64, events: &[NewEvent]) -> rusqlite::Result<Repeat> {
        let mut find = self.connection.prepare_cached(FIND_ID)?;
        let mut last = None;
        let mut known = 0;
        for (revision, event) in (first..=stream.last).zip(events) {
            let position: Option<i64> = find
                .query_one(params![stream.id, revision, event.id.as_bytes()], |row| row.get(0))
                .optional()?;
            let Some(position) = position else { break };
            last = Some((revision, position));
            known += 1;
        }
        Ok(match last {
            Some((revision, position)) if known == events.len() => Repeat::Whole(revision, position),
            Some(_) => Repeat::Part,
            None => Repeat::Nothing,
        })
    }

    fn insert(&mut self, mut stream: Stream, original: Option<Stream>, append: &Append) -> rusqlite::Result<Appended> {
        if stream.is_deleted() {
            stream.truncate_before = stream.last + 1;
            self.truncate(&append.stream, stream.truncate_before)?;
        }
        for event in &append.events {
            self.push(&mut stream, &append.stream, event)?;
        }
        self.remember(&append.stream, stream);
        let answer = Appended::Success {
            revision: Some(stream.last),
            position: Some(self.head()),
        };
        if let (Some(original), Some(newest)) = (original, append.events.last()) {
            self.metadata_changed(&append.stream, original, newest)?;
        }
        Ok(answer)
    }

    /// New metadata of a deleted stream must not bring its old events back by merely not speaking of them.
    fn metadata_changed(&mut self, metastream: &str, mut stream: Stream, newest: &NewEvent) -> rusqlite::Result<()> {
        let Some(name) = metadata::original(metastream).map(Arc::from) else {
            return Ok(());
        };
        let metadata = Metadata::parse(&newest.kind, &newest.data);
        stream.truncate_before = match metadata {
            Some(Metadata {
                truncate_before: None, ..
            }) if stream.is_deleted() => {
                self.truncate(&name, stream.last + 1)?;
                stream.last + 1
            }
            Some(metadata) => metadata.truncate_before.unwrap_or_default(),
            None => 0,
        };
        stream.has_metadata = true;
        self.remember(&name, stream);
        Ok(())
    }

    /// Appends the stream's metadata with another `$tb` to its metastream. What the writer remembers of the stream
    /// itself is for the caller to bring up to date.
    pub(super) fn truncate(&mut self, name: &str, before: i64) -> rusqlite::Result<()> {
        let metastream = Arc::from(metadata::metastream(name));
        let mut stream = self.find_stream(&metastream)?;
        let newest = self
            .newest(stream)?
            .filter(|newest| newest.kind == metadata::METADATA_TYPE);
        let present = newest.map(|newest| newest.data).unwrap_or_default();
        let event = NewEvent {
            id: derived_id(&format!("{metastream}/{}", stream.last + 1)),
            kind: metadata::METADATA_TYPE.to_owned(),
            is_json: true,
            meta: bytes::Bytes::new(),
            data: metadata::with_truncate_before(&present, before).into(),
        };
        self.push(&mut stream, &metastream, &event)?;
        self.remember(&metastream, stream);
        Ok(())
    }

    pub(super) fn newest(&self, stream: Stream) -> rusqlite::Result<Option<Newest>> {
        let mut find = self.connection.prepare_cached(FIND_NEWEST)?;
        let newest = find.query_one(params![stream.id, stream.last], |row| {
            Ok(Newest {
                position: row.get(0)?,
                kind: row.get(1)?,
                data: row.get(2)?,
            })
        });
        newest.optional()
    }
}
