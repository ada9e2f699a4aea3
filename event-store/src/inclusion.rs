//! What shows that an event was in the log when a range of it was sealed: one line of an exported proof.
//!
//! Servers write such lines and `letopis-replay verify-evidence` reads them; names of the files are here too, so that
//! neither can drift.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{Digest, Leaf, Statement, merkle::root_from_path};

/// SHA-256 of every other file of a package, as `sha256sum` writes and checks them.
pub const SUMS: &str = "SHA256SUMS";
/// One [`Inclusion`] a line, in the order of the log.
pub const PROOFS: &str = "proof/events.ndjson";
/// The seals that the proofs name, a line each, as in `seals.ndjson` of a data folder.
pub const SEALS: &str = "proof/seals.ndjson";
/// Names of the public keys begin so.
pub const PUBLIC_KEY: &str = "proof/public-key";

/// An event, and the way from it to the root of a sealed range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inclusion {
    /// Its place in the log.
    pub position: u64,
    /// Its id.
    pub id: Uuid,
    /// Hash of its leaf.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub leaf: Digest,
    /// The leaf's bytes as base64; `None` when they hold what lets somebody in and are not given out.
    pub event: Option<String>,
    /// Revision of the seal that vouches for it; `None` when it is not sealed yet.
    pub seal: Option<u64>,
    /// Its place among the leaves of the sealed range, from 0.
    pub index: Option<u64>,
    /// Sibling hashes, the lowest first.
    #[serde(serialize_with = "as_texts", deserialize_with = "from_texts")]
    pub path: Vec<Digest>,
}

/// What is wrong with an inclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excluded {
    /// The bytes are no base64, or other bytes.
    #[error("the event's bytes are not those of its leaf hash")]
    Bytes,
    /// The bytes are of another event.
    #[error("the event's bytes are of another position or id")]
    Other,
    /// It lies outside of the range.
    #[error("it lies outside of the range that its seal is about")]
    Range,
    /// The way leads elsewhere.
    #[error("its leaf and path do not lead to the root that was signed")]
    Root,
}

impl Inclusion {
    /// Of an event that no seal vouches for yet; `told`: whether its bytes are given out.
    pub fn unsealed(leaf: &Leaf<'_>, told: bool) -> Self {
        let mut bytes = Vec::new();
        leaf.write(&mut bytes);
        Self {
            position: leaf.position,
            id: leaf.id,
            leaf: Digest::of_leaf(&bytes),
            event: told.then(|| STANDARD.encode(&bytes)),
            seal: None,
            index: None,
            path: Vec::new(),
        }
    }

    /// The leaf's bytes, when they are given and are those of the hash.
    ///
    /// # Errors
    /// [`Excluded::Bytes`].
    pub fn bytes(&self) -> Result<Option<Vec<u8>>, Excluded> {
        let Some(text) = &self.event else { return Ok(None) };
        let bytes = STANDARD.decode(text).map_err(|_unreadable| Excluded::Bytes)?;
        if Digest::of_leaf(&bytes) == self.leaf {
            Ok(Some(bytes))
        } else {
            Err(Excluded::Bytes)
        }
    }

    /// Whether the leaf is among those of a signed statement.
    ///
    /// # Errors
    /// [`Excluded`].
    pub fn check(&self, statement: &Statement) -> Result<(), Excluded> {
        if !(statement.first..=statement.last).contains(&self.position) {
            return Err(Excluded::Range);
        }
        let index = self.index.ok_or(Excluded::Range)?;
        let root = root_from_path(self.leaf, index, statement.count, &self.path);
        if root == Some(statement.root) {
            Ok(())
        } else {
            Err(Excluded::Root)
        }
    }
}

fn as_text<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}

fn as_texts<S: Serializer>(digests: &[Digest], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(digests.iter().map(ToString::to_string))
}

fn from_texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let digests = texts.iter().map(|it| it.parse().map_err(serde::de::Error::custom));
    digests.collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Excluded, Inclusion};
    use crate::{Digest, Leaf, Statement, merkle::Levels};

    fn leaf(position: u64) -> Leaf<'static> {
        Leaf {
            position,
            stream: "ticket-1",
            revision: position,
            id: Uuid::from_u128(7),
            event_type: "ticket.opened",
            metadata: b"{}",
            payload: b"{}",
        }
    }

    #[test]
    fn line_is_checked_against_its_statement_and_whatever_is_changed_shows() {
        let leaves: Vec<Digest> = (1..=5).map(|it| leaf(it).digest(&mut Vec::new())).collect();
        let levels = Levels::new(leaves);
        let statement = Statement {
            first: 1,
            last: 5,
            count: 5,
            root: levels.root(),
            previous: None,
            key: Digest([0; 32]),
        };
        let line = Inclusion {
            seal: Some(0),
            index: Some(2),
            path: levels.path(2),
            ..Inclusion::unsealed(&leaf(3), true)
        };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<Inclusion>(&text).unwrap(), line);
        assert_eq!(line.check(&statement), Ok(()));
        assert!(line.bytes().unwrap().is_some_and(|it| it.starts_with(b"position 3\n")));
        let moved = Inclusion {
            index: Some(3),
            ..line.clone()
        };
        assert_eq!(moved.check(&statement), Err(Excluded::Root));
        let elsewhere = Inclusion {
            position: 6,
            ..line.clone()
        };
        assert_eq!(elsewhere.check(&statement), Err(Excluded::Range));
        let other = Inclusion {
            leaf: Digest([1; 32]),
            ..line
        };
        assert_eq!(other.bytes(), Err(Excluded::Bytes));
        assert_eq!(Inclusion::unsealed(&leaf(3), false).bytes(), Ok(None));
    }
}
