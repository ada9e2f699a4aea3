//! What somebody looked at: reads of personal data, searches, exports. Stream `reading-<id>`, an id derived from the reader
//! and the hour: apart from what was read, so that reading a thing does not change it, and so that no stream gets long.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decider::{Context, Decider};

/// What somebody looked at within an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading;

/// A sort of thing that personal data stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposed {
    /// A ticket: its subject and custom fields.
    Ticket,
    /// The messages under a ticket.
    Thread,
    /// A customer: profile and handles.
    Contact,
    /// A colleague: address and settings.
    User,
    /// From where a colleague is signed in.
    Session,
    /// The record of who did what.
    Audit,
}

/// Things that were looked at, by their sort.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seen {
    /// What of them.
    pub what: Exposed,
    /// Which; of the audit, what its entries are about.
    pub ids: Vec<Uuid>,
}

/// A search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Searched {
    /// Keyed hash of what was looked for, 16 hex digits: whose data the words are cannot be known, so no key could seal them.
    pub fingerprint: String,
    /// How many were found.
    pub found: u32,
}

/// What has been looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ReadingEvent {
    /// Somebody was shown personal data.
    Shown {
        /// Fields of the API that were asked.
        operations: Vec<String>,
        /// What was shown.
        seen: Vec<Seen>,
        /// The searches that led to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        searches: Vec<Searched>,
        /// Whether it was a supervisor who looks on unseen and can change nothing.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unseen: bool,
    },
    /// Somebody took data out.
    Exported {
        /// What: the field of the API.
        operation: String,
        /// In which form: csv, ndjson, xlsx, zip.
        form: String,
        /// Which were wanted, as JSON.
        wanted: String,
        /// How many there were.
        count: u64,
        /// BLAKE3 of what was given out, 64 hex digits.
        digest: String,
        /// The things and persons that it was asked about.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        about: Vec<Uuid>,
    },
}

/// A wish about the record of what was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ReadingCommand {
    /// Record it.
    Record(ReadingEvent),
}

/// Nothing forbids to record what was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadingRefusal {}

impl Decider for Reading {
    type Command = ReadingCommand;
    type Event = ReadingEvent;
    type Refusal = ReadingRefusal;

    const CATEGORY: &'static str = "reading";

    fn decide(
        _state: Option<&Self>,
        command: &ReadingCommand,
        _context: &Context,
    ) -> Result<Vec<ReadingEvent>, ReadingRefusal> {
        let ReadingCommand::Record(event) = command;
        Ok(vec![event.clone()])
    }

    fn evolve(_state: Option<Self>, event: &ReadingEvent) -> Option<Self> {
        match event {
            ReadingEvent::Shown { .. } | ReadingEvent::Exported { .. } => Some(Self),
        }
    }
}
