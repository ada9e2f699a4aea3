use domain::event::EventError;

use crate::SealError;

/// Why the log did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// Somebody else wrote first: read again and decide again.
    #[error("stream {stream} is not at the expected revision")]
    Conflict {
        /// Stream of the append.
        stream: String,
    },
    /// No server answered in time; it is not known whether the append was taken, so repeat it unchanged.
    #[error("the event store does not answer ({reason}): start it, or correct EVENT_STORE_URL")]
    Unavailable {
        /// What the last try met with.
        reason: String,
    },
    /// Stored data does not match its checksum.
    #[error("{reason}")]
    Damaged {
        /// What the server says of it.
        reason: String,
    },
    /// The server refuses, and would again.
    #[error("the event store refuses: {reason}")]
    Refused {
        /// What the server says.
        reason: String,
    },
    /// The address of the event store does not read.
    #[error(
        "EVENT_STORE_URL {url:?} does not read ({reason}): give esdb://host:2113?tls=false or kurrentdb://host:2113"
    )]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// An event that cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Its type or payload.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Its personal fields.
    #[error(transparent)]
    Sealed(#[from] SealError),
}

/// A stored event that this program cannot understand.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Its type or payload.
    #[error("event {revision} of stream {stream}, position {position}, does not read: {source}")]
    Event {
        /// Stream.
        stream: String,
        /// Place in the stream.
        revision: u64,
        /// Place in the log.
        position: u64,
        /// What is wrong.
        source: EventError,
    },
    /// Its metadata.
    #[error("metadata of event {revision} of stream {stream}, position {position}, does not read: {source}")]
    Metadata {
        /// Stream.
        stream: String,
        /// Place in the stream.
        revision: u64,
        /// Place in the log.
        position: u64,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// One of its personal fields.
    #[error("{event_type} at position {position} does not open: {source}")]
    Sealed {
        /// Stored type.
        event_type: String,
        /// Place in the log.
        position: u64,
        /// What is wrong.
        source: SealError,
    },
    /// Its stream's name.
    #[error("stream {stream:?} is not named <category>-<uuid>")]
    Stream {
        /// The name.
        stream: String,
    },
}
