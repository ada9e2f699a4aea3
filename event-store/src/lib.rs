//! The log: the only truth. Appends with an exact expected revision, reads of streams and of everything,
//! subscriptions that resume from a position.
//!
//! Used by writers and readers alike, so it belongs to neither. One implementation, [`EventLog`], over the official
//! client; the embedded node, a single server and a cluster all stand behind the same address. Deliberately absent:
//! appends without an expected revision, server-side projections, persistent subscriptions.

mod chain;
mod codec;
mod error;
mod esdb;
pub mod inclusion;
mod keys;
mod leaf;
pub mod merkle;
pub mod metrics;
mod regular;
mod scan;
mod seal;
mod subscription;
mod supervisor;
mod tripwire;
pub mod vault;
mod watchdog;

use std::fmt;

use bytes::Bytes;
pub use chain::{Chain, ChainBreak, ChainFault, verify_stream};
use chrono::{DateTime, Utc};
pub use codec::{Envelope, decode, encode, open, subjects, subjects_of};
pub use error::{DecodeError, EncodeError, LogError};
pub use esdb::EventLog;
pub use keys::{DoesNotOpen, Key, Keys, SealError, SubjectKey, TooLong};
pub use leaf::Leaf;
pub use merkle::Digest;
pub use regular::open_regular;
pub use scan::Scan;
pub use seal::{
    KeyError, MalformedSeal, PublicKey, SealCopy, SealFile, SealFileError, SealKey, SealRecord, Statement, Unvouched,
    Vouched, public_key_file, statement, vouched,
};
pub use subscription::{Delivery, Subscription};
pub use supervisor::Timing;
use uuid::Uuid;
pub use vault::Vault;

/// Place of an event in the whole log; strictly increasing, not dense. 0 is before the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an append expects of its stream. There is no `Any`: an append that expects nothing is not idempotent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It has no events.
    NoStream,
    /// Its last event has this revision.
    Exact(u64),
}

impl Expected {
    /// What to expect after `last`, the revision of the last event known, `None` when there is none.
    pub fn after(last: Option<u64>) -> Self {
        last.map_or(Self::NoStream, Self::Exact)
    }
}

/// An event on its way in, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Derived from the command, so that a repeated append is recognised.
    pub id: Uuid,
    /// `<category>.<name>`.
    pub event_type: String,
    /// JSON object.
    pub payload: Vec<u8>,
    /// Flat JSON map of strings.
    pub metadata: Vec<u8>,
}

/// An event as the log keeps it, not yet understood.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Its id.
    pub id: Uuid,
    /// Stream it belongs to.
    pub stream: String,
    /// Place in its stream, from 0.
    pub revision: u64,
    /// Place in the log.
    pub position: Position,
    /// `<category>.<name>`.
    pub event_type: String,
    /// JSON object.
    pub payload: Bytes,
    /// Flat JSON map of strings.
    pub metadata: Bytes,
    /// When the store took it, UTC.
    pub stored_at: DateTime<Utc>,
    /// Whether its writer called the payload JSON, as Letopis always does.
    pub is_json: bool,
}

/// An event as it was recorded and understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<E> {
    /// Its id.
    pub id: Uuid,
    /// The id in the stream's name.
    pub stream_id: Uuid,
    /// Place in its stream, from 0.
    pub revision: u64,
    /// Place in the log.
    pub position: Position,
    /// Stored type.
    pub event_type: String,
    /// What happened.
    pub event: E,
    /// What else is known of it.
    pub metadata: domain::metadata::Metadata,
}

/// What an append brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Revision of the stream's last event of this append.
    pub revision: u64,
    /// Position of that event.
    pub position: Position,
}
