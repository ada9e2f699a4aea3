//! Seals of the log: one stream, in which each event vouches for the next range of all events.
//!
//! What a seal says of its range (root, signature) is computed by a process; the rule here is that ranges follow each
//! other without a gap, so that nothing can stand between two seals. Written by a process, never by a user.

use serde::{Deserialize, Serialize};

use crate::decider::{Context, Decider};

/// How far the log is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSeal {
    /// Last position of the last range.
    pub last: u64,
}

/// What has happened to the log's seals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum LogSealEvent {
    /// A range of the log has a signed root.
    Sealed(Sealed),
}

/// A sealed range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// First position of the range; one more than the end of the range before, 1 in the first seal.
    pub first: u64,
    /// Last position of the range, included.
    pub last: u64,
    /// Events in the range; those of the store itself do not count.
    pub count: u64,
    /// Merkle root over these events, 64 hex digits.
    pub root: String,
    /// SHA-256 of the statement signed before this one, 64 hex digits; absent in the first seal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous: Option<String>,
    /// Fingerprint of the public key, 64 hex digits.
    pub key: String,
    /// Ed25519 signature of the statement, base64.
    pub signature: String,
}

/// A wish for a seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum LogSealCommand {
    /// Put this seal behind the last one.
    Seal(Sealed),
}

/// A rule that forbids a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogSealRefusal {
    /// Something would lie between two seals, or in two.
    #[error("a seal from position {first} on does not follow the one before: it must begin at {expected}")]
    Gap {
        /// Where it begins.
        first: u64,
        /// Where it must begin.
        expected: u64,
    },
    /// It vouches for nothing.
    #[error("a seal of positions {first} to {last} with {count} events vouches for nothing: give at least one")]
    Empty {
        /// Where it begins.
        first: u64,
        /// Where it ends.
        last: u64,
        /// Its events.
        count: u64,
    },
    /// It does not name the seal before, or names one where there is none.
    #[error("a seal names the one before it, except for the first")]
    Unlinked,
}

impl Decider for LogSeal {
    type Command = LogSealCommand;
    type Event = LogSealEvent;
    type Refusal = LogSealRefusal;

    const CATEGORY: &'static str = "log_seal";

    fn decide(
        state: Option<&Self>,
        command: &LogSealCommand,
        _context: &Context,
    ) -> Result<Vec<LogSealEvent>, LogSealRefusal> {
        let LogSealCommand::Seal(seal) = command;
        let Sealed { first, last, count, .. } = *seal;
        let expected = state.map_or(0, |it| it.last).saturating_add(1);
        if first != expected {
            return Err(LogSealRefusal::Gap { first, expected });
        }
        if count == 0 || last < first {
            return Err(LogSealRefusal::Empty { first, last, count });
        }
        if seal.previous.is_some() != state.is_some() {
            return Err(LogSealRefusal::Unlinked);
        }
        Ok(vec![LogSealEvent::Sealed(seal.clone())])
    }

    fn evolve(_state: Option<Self>, event: &LogSealEvent) -> Option<Self> {
        let LogSealEvent::Sealed(seal) = event;
        Some(Self { last: seal.last })
    }
}

#[cfg(test)]
mod tests;
