//! Why a node does not start, or can no longer be trusted.

use std::net::SocketAddr;

/// One line each: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// Another node holds the lock of the data directory.
    #[error("data directory {path} is used by another running node; stop that one or choose another directory")]
    InUse {
        /// The data directory.
        path: String,
    },
    /// The port is taken.
    #[error("address {address} is used by another program; stop that one or choose another port")]
    AddressInUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on for another reason.
    #[error("cannot listen on {address}: {reason}; choose an address of this machine and a port open to this user")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system answered.
        reason: String,
    },
    /// The directory or the file cannot be opened.
    #[error("cannot open {path}: {reason}; check that it exists and that this user may write there")]
    Open {
        /// The directory or file.
        path: String,
        /// What the system answered.
        reason: String,
    },
    /// The file is not an event log of ours; it was left as it is.
    #[error("{path} belongs to another program: expected {expected}, found {found}; choose another data directory")]
    Foreign {
        /// The file.
        path: String,
        /// How our files begin.
        expected: String,
        /// What this file has instead.
        found: String,
    },
    /// The file was written by a later version of this program; it was left as it is.
    #[error("{path} has format {found}, this program knows formats up to {expected}; start a newer program")]
    Newer {
        /// The file.
        path: String,
        /// The latest format this program knows.
        expected: i64,
        /// The format of the file.
        found: i64,
    },
    /// Stored bytes are not those that were written.
    #[error("{what} in {path}; stop the program and restore the data from a backup")]
    Damaged {
        /// The file.
        path: String,
        /// Which part does not fit, with position and stream where they are known.
        what: String,
    },
    /// The log ends before the position up to which appends were acknowledged; it was left as it is.
    #[error(
        "{path} ends at position {head}, but {marker} knows that everything up to position {acknowledged} was \
         acknowledged: the end of the log, or {path}-wal, was lost; restore a backup, or keep what is left with \
         `event-store-node --data {data} --accept-log`"
    )]
    Behind {
        /// The data file.
        path: String,
        /// The file with the acknowledged position.
        marker: String,
        /// The data directory.
        data: String,
        /// Where the log ends.
        head: i64,
        /// Where it should end at least.
        acknowledged: i64,
    },
    /// The file with the acknowledged position is missing; the log was left as it is.
    #[error(
        "{path} is missing, so nobody knows whether {log} is whole: it was deleted, not copied with the rest, or a \
         backup was cut short; put it back, restore a backup, or check and accept the log as it is with \
         `event-store-node --data {data} --accept-log`"
    )]
    MarkerMissing {
        /// The missing file.
        path: String,
        /// The data file.
        log: String,
        /// The data directory.
        data: String,
    },
    /// The file with the acknowledged position does not match its checksum; the log was left as it is.
    #[error(
        "{path} is damaged, so nobody knows whether the log beside it is whole; restore a backup, or check and accept \
         the log as it is with `event-store-node --data {data} --accept-log`"
    )]
    MarkerDamaged {
        /// The damaged file.
        path: String,
        /// The data directory.
        data: String,
    },
    /// There is nothing to look at.
    #[error("there is no event log at {path}; name the directory that holds events.db")]
    NoLog {
        /// Where the data file should be.
        path: String,
    },
    /// The file is there and holds no log.
    #[error(
        "{path} is an empty file, not an event log: a copy or a backup was broken off, its content was lost, or no \
         program has opened it yet; restore a backup"
    )]
    Empty {
        /// The data file.
        path: String,
    },
    /// A backup never overwrites anything.
    #[error("backup target {path} is not empty; name an empty or new directory")]
    TargetNotEmpty {
        /// The directory.
        path: String,
    },
    /// Nothing can be appended any more; what was acknowledged before is safe.
    #[error("cannot write {path}: {reason}; free space or mend the disk, then start again")]
    CannotWrite {
        /// The file.
        path: String,
        /// What SQLite answered.
        reason: String,
    },
    /// A read failed although the data may be in order.
    #[error("cannot read {path}: {reason}; try again, and check the disk if it goes on")]
    CannotRead {
        /// The file.
        path: String,
        /// What SQLite answered.
        reason: String,
    },
    /// A part of the node ended although nobody stopped it.
    #[error("the {part} of the node at {path} ended unexpectedly: {reason}; start the program again")]
    Ended {
        /// Which part.
        part: &'static str,
        /// The data file.
        path: String,
        /// Why, as far as it is known.
        reason: String,
    },
}
