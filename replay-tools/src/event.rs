//! An event on its way through a tool: what the writer gave, and what the store noted of it.

use chrono::{DateTime, Utc};
use event_store::{Leaf, Position, Raw};
use event_store_node::offline::StoredEvent;

/// Ticks of a node in a second.
const TICKS: i64 = 10_000_000;

/// An event as a log keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// What chains and seals cover.
    pub leaf: Leaf<'a>,
    /// When the store took it, UTC.
    pub recorded: DateTime<Utc>,
    /// Whether its writer called the payload JSON, as Letopis always does.
    pub is_json: bool,
}

impl<'a> From<&'a Raw> for Event<'a> {
    fn from(raw: &'a Raw) -> Self {
        Self {
            leaf: Leaf::from(raw),
            recorded: raw.stored_at,
            is_json: raw.is_json,
        }
    }
}

impl<'a> From<&'a StoredEvent> for Event<'a> {
    fn from(stored: &'a StoredEvent) -> Self {
        Self {
            leaf: Leaf {
                position: stored.position,
                stream: &stored.stream,
                revision: stored.revision,
                id: stored.id,
                event_type: &stored.event_type,
                metadata: &stored.metadata,
                payload: &stored.data,
            },
            recorded: instant(stored.created),
            is_json: stored.is_json,
        }
    }
}

impl Event<'_> {
    /// A copy that can be kept.
    pub fn to_raw(&self) -> Raw {
        let Self {
            leaf,
            recorded,
            is_json,
        } = *self;
        Raw {
            id: leaf.id,
            stream: leaf.stream.to_owned(),
            revision: leaf.revision,
            position: Position(leaf.position),
            event_type: leaf.event_type.to_owned(),
            payload: leaf.payload.to_vec().into(),
            metadata: leaf.metadata.to_vec().into(),
            stored_at: recorded,
            is_json,
        }
    }

    /// Bytes of payload and metadata.
    pub fn size(&self) -> u64 {
        (self.leaf.payload.len() + self.leaf.metadata.len()) as u64
    }

    /// When it was decided, as its metadata says; `None` when that does not read.
    pub fn decided(&self) -> Option<DateTime<Utc>> {
        #[derive(serde::Deserialize)]
        struct At {
            at: DateTime<Utc>,
        }
        serde_json::from_slice::<At>(self.leaf.metadata).ok().map(|it| it.at)
    }
}

/// The instant of a node's ticks of 100 ns since 1970.
pub(crate) fn instant(ticks: i64) -> DateTime<Utc> {
    let nanos = u32::try_from(ticks.rem_euclid(TICKS) * 100).unwrap_or_default();
    DateTime::from_timestamp(ticks.div_euclid(TICKS), nanos).unwrap_or_default()
}

/// Ticks of 100 ns since 1970, as a node counts.
pub(crate) fn ticks(at: DateTime<Utc>) -> i64 {
    at.timestamp()
        .saturating_mul(TICKS)
        .saturating_add(i64::from(at.timestamp_subsec_nanos() / 100))
}

#[cfg(test)]
mod tests {
    use super::{instant, ticks};

    #[test]
    fn instant_of_a_node_comes_back_to_the_tick() {
        for it in [0, 1, 17_637_000_001_234_567, -5] {
            assert_eq!(ticks(instant(it)), it);
        }
        assert_eq!(
            instant(17_637_000_001_234_567).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
            "2025-11-21T04:40:00.123456700Z"
        );
    }
}
