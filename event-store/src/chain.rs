//! The hash chain of each stream: proof that nothing in it was changed, removed, inserted or reordered.
//!
//! `chain(n) = BLAKE3(chain(n-1) ‖ id ‖ len(type) ‖ type ‖ len(metadata) ‖ metadata ‖ len(payload) ‖ payload)` over the
//! stored bytes, lengths as 8 bytes big-endian, metadata without its `chain` field as JSON with sorted keys.
//! `chain(-1) = BLAKE3(stream name)`, so that a history cannot be moved to another stream.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::Raw;

/// Head of a stream's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain(blake3::Hash);

impl Chain {
    /// The chain of a stream without events.
    pub fn genesis(stream: &str) -> Self {
        Self(blake3::hash(stream.as_bytes()))
    }

    /// The chain with one more event. `metadata` is without its `chain` field.
    #[must_use]
    pub fn link(self, id: Uuid, event_type: &str, metadata: &[u8], payload: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.0.as_bytes());
        hasher.update(id.as_bytes());
        for part in [event_type.as_bytes(), metadata, payload] {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize())
    }

    /// The chain that metadata records.
    pub fn recorded(metadata: &domain::metadata::Metadata) -> Option<Self> {
        metadata
            .chain
            .as_deref()
            .and_then(|it| blake3::Hash::from_hex(it).ok())
            .map(Self)
    }

    /// 64 hex digits.
    pub fn to_hex(self) -> String {
        self.0.to_hex().to_string()
    }
}

/// The first event of a stream that does not continue its chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {revision} of stream {stream}, position {position}, breaks the stream's hash chain: {reason}")]
pub struct ChainBreak {
    /// Stream.
    pub stream: String,
    /// Place in the stream.
    pub revision: u64,
    /// Place in the log.
    pub position: u64,
    /// What does not fit.
    pub reason: &'static str,
}

/// Follows a stream's chain from its first event on; returns its head.
///
/// # Errors
/// The first event that does not continue the chain.
pub fn verify_stream(stream: &str, events: &[Raw]) -> Result<Chain, ChainBreak> {
    let mut chain = Chain::genesis(stream);
    for (expected, event) in (0_u64..).zip(events) {
        let broken = |reason| ChainBreak {
            stream: stream.to_owned(),
            revision: event.revision,
            position: event.position.0,
            reason,
        };
        if event.revision != expected {
            return Err(broken("its revision does not follow the one before"));
        }
        let mut fields: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&event.metadata)
            .map_err(|_malformed| broken("its metadata is not a JSON object"))?;
        let recorded = fields.remove("chain");
        let bare = serde_json::to_vec(&fields).map_err(|_unwritable| broken("its metadata cannot be written"))?;
        chain = chain.link(event.id, &event.event_type, &bare, &event.payload);
        if recorded.as_ref().and_then(serde_json::Value::as_str) != Some(chain.to_hex().as_str()) {
            return Err(broken("its recorded hash is not the one computed"));
        }
    }
    Ok(chain)
}
