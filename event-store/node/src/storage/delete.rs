//! The two ways to delete a stream, inside the writer's transaction.

use bytes::Bytes;

use super::log::{Appended, Log, NewEvent, Stream};
use super::lookup::TOMBSTONE;
use super::metadata::{self, DELETED};
use super::{Delete, Deletion, derived_id};

const TOMBSTONE_TYPE: &str = "$streamDeleted";

impl Log {
    /// Deleting a deleted stream once more changes nothing and answers with the first deletion. A stream that never had
    /// an event has nothing to delete, but its name can be buried.
    pub(crate) fn delete(&mut self, delete: &Delete) -> rusqlite::Result<Appended> {
        let mut stream = self.find_stream(&delete.stream)?;
        if stream.is_closed_to(delete.expected) {
            return Ok(Appended::StreamDeleted);
        }
        let is_nothing = stream.current().is_none() && delete.kind == Deletion::Soft;
        if is_nothing || !stream.fits(delete.expected) {
            return Ok(Appended::WrongExpectedVersion {
                current: stream.current(),
            });
        }
        let position = match delete.kind {
            Deletion::Soft if stream.is_deleted() => {
                let metastream = self.find_stream(&metadata::metastream(&delete.stream).into())?;
                self.newest(metastream)?.map(|newest| newest.position)
            }
            Deletion::Soft => {
                self.truncate(&delete.stream, DELETED)?;
                stream.truncate_before = DELETED;
                stream.has_metadata = true;
                self.remember(&delete.stream, stream);
                Some(self.head())
            }
            Deletion::Tombstone => {
                self.bury(stream, delete)?;
                Some(self.head())
            }
        };
        Ok(Appended::Success {
            revision: stream.current(),
            position,
        })
    }

    /// The tombstone stands at the last revision there can be, whatever the stream holds.
    fn bury(&mut self, mut stream: Stream, delete: &Delete) -> rusqlite::Result<()> {
        let event = NewEvent {
            id: derived_id(&format!("{}/{TOMBSTONE}", delete.stream)),
            kind: TOMBSTONE_TYPE.to_owned(),
            is_json: false,
            meta: Bytes::new(),
            data: Bytes::new(),
        };
        stream.last = TOMBSTONE - 1;
        self.push(&mut stream, &delete.stream, &event)?;
        self.remember(&delete.stream, stream);
        Ok(())
    }
}
