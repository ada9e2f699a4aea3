//! The hash chain of each stream: proof that nothing in it was changed, removed, inserted or reordered.
//!
//! `chain(n) = BLAKE3(chain(n-1) ‖ id ‖ len(type) ‖ type ‖ len(metadata) ‖ metadata ‖ len(payload) ‖ payload)` over the
//! stored bytes, lengths as 8 bytes big-endian, metadata without its `chain` field as JSON with sorted keys.
//! `chain(-1) = BLAKE3(stream name)`, so that a history cannot be moved to another stream.

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

/// Why an event does not continue its stream's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// It has no place in the chain.
    #[error("its metadata records no hash in the form Letopis writes")]
    Malformed,
    /// The hash does not fit.
    #[error("its recorded hash is not the one computed")]
    Hash,
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
    pub reason: String,
}

impl Chain {
    /// The hash that stored metadata records, if it records one in the form Letopis writes.
    pub fn in_metadata(metadata: &[u8]) -> Option<Self> {
        blake3::Hash::from_hex(cut(metadata)?.digits).ok().map(Self)
    }

    /// The chain with one more stored event, when that event records it so.
    ///
    /// `buffer` is overwritten, so that a long run needs no memory for each event.
    ///
    /// # Errors
    /// [`ChainFault`].
    pub fn follow(
        self,
        id: Uuid,
        event_type: &str,
        metadata: &[u8],
        payload: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<Self, ChainFault> {
        // Byte for byte: metadata that only means the same is not what was written.
        let cut = cut(metadata).ok_or(ChainFault::Malformed)?;
        buffer.clear();
        buffer.extend_from_slice(cut.before);
        buffer.extend_from_slice(cut.after);
        let chain = self.link(id, event_type, buffer, payload);
        if chain.0.to_hex().as_bytes() == cut.digits {
            Ok(chain)
        } else {
            Err(ChainFault::Hash)
        }
    }
}

const FIELD: &[u8] = br#""chain":""#;
const DIGITS: usize = 64;

/// Metadata taken apart at its `chain` field; the comma that goes with the field is in no part.
struct Cut<'a> {
    before: &'a [u8],
    digits: &'a [u8],
    after: &'a [u8],
}

fn cut(metadata: &[u8]) -> Option<Cut<'_>> {
    let (before, rest) = metadata.split_at(memchr::memmem::find(metadata, FIELD)?);
    let (digits, after) = rest.get(FIELD.len()..)?.split_at_checked(DIGITS)?;
    let after = after.strip_prefix(b"\"")?;
    Some(match after.strip_prefix(b",") {
        Some(after) => Cut { before, digits, after },
        None => Cut {
            before: before.strip_suffix(b",").unwrap_or(before),
            digits,
            after,
        },
    })
}

/// Follows a stream's chain from its first event on; returns its head.
///
/// # Errors
/// The first event that does not continue the chain.
pub fn verify_stream(stream: &str, events: &[Raw]) -> Result<Chain, ChainBreak> {
    let mut chain = Chain::genesis(stream);
    let mut buffer = Vec::new();
    for (expected, event) in (0_u64..).zip(events) {
        let broken = |reason: String| ChainBreak {
            stream: stream.to_owned(),
            revision: event.revision,
            position: event.position.0,
            reason,
        };
        if event.revision != expected {
            return Err(broken("its revision does not follow the one before".to_owned()));
        }
        chain = chain
            .follow(
                event.id,
                &event.event_type,
                &event.metadata,
                &event.payload,
                &mut buffer,
            )
            .map_err(|fault| broken(fault.to_string()))?;
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Chain, ChainFault};

    fn follow(metadata: &str) -> Result<Chain, ChainFault> {
        Chain::genesis("s").follow(Uuid::nil(), "t", metadata.as_bytes(), b"{}", &mut Vec::new())
    }

    fn chained(bare: &str) -> Chain {
        Chain::genesis("s").link(Uuid::nil(), "t", bare.as_bytes(), b"{}")
    }

    #[test]
    fn field_is_cut_wherever_it_stands() {
        for (bare, whole) in [
            (r#"{"a":"1","z":"2"}"#, r#"{"a":"1","chain":"HASH","z":"2"}"#),
            (r#"{"a":"1"}"#, r#"{"a":"1","chain":"HASH"}"#),
            (r#"{"z":"2"}"#, r#"{"chain":"HASH","z":"2"}"#),
            ("{}", r#"{"chain":"HASH"}"#),
        ] {
            let chain = chained(bare);
            let whole = whole.replace("HASH", &chain.to_hex());
            assert_eq!(follow(&whole), Ok(chain), "{whole}");
            let other = chained(r#"{"a":"3"}"#).to_hex();
            assert_eq!(
                follow(&whole.replace(&chain.to_hex(), &other)),
                Err(ChainFault::Hash),
                "{whole}"
            );
        }
    }

    #[test]
    fn other_bytes_of_the_same_meaning_do_not_follow() {
        let chain = chained(r#"{"a":"1","z":"2"}"#).to_hex();
        let whole = format!(r#"{{"a":"1","chain":"{chain}","z":"2"}}"#);
        assert!(follow(&whole).is_ok());
        let upper = whole.replace(&chain, &chain.to_uppercase());
        assert_eq!(follow(&upper), Err(ChainFault::Hash));
        assert_eq!(follow(&whole.replace("\"z\":", "\"z\": ")), Err(ChainFault::Hash));
        assert_eq!(
            follow(&whole.replace("\"chain\":", "\"chain\": ")),
            Err(ChainFault::Malformed)
        );
    }

    #[test]
    fn metadata_without_a_chain_does_not_follow() {
        for metadata in ["{}", "no", r#"{"chain":"00"}"#] {
            assert_eq!(follow(metadata), Err(ChainFault::Malformed), "{metadata}");
        }
    }
}
