//! Each stream by itself: revisions without gaps, no id twice, the hash chain.

use std::{collections::HashMap, sync::Arc};

use event_store::{Chain, Leaf};

use super::problems::Problems;

/// The revision of the event that ends a stream for good.
pub(crate) const TOMBSTONE: u64 = i64::MAX as u64;
/// An id is looked for among so many events of its stream before it: nearly all streams are shorter.
const IDS: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Streams {
    known: HashMap<Arc<str>, Stream>,
    chains: u64,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Stream {
    next: u64,
    /// `None` when its events form no chain.
    chain: Option<Chain>,
    /// Halves of the newest ids, folded.
    ids: Vec<u64>,
}

impl Streams {
    pub(super) fn count(&self) -> u64 {
        self.known.len() as u64
    }

    pub(super) fn chains(&self) -> u64 {
        self.chains
    }

    pub(super) fn event(&mut self, leaf: &Leaf<'_>, name: &Arc<str>, problems: &mut Problems) {
        if !self.known.contains_key(name) {
            let chain = is_chained(leaf.metadata).then(|| Chain::genesis(name));
            self.chains += u64::from(chain.is_some());
            let stream = Stream {
                next: 0,
                chain,
                ids: Vec::new(),
            };
            self.known.insert(Arc::clone(name), stream);
        }
        if let Some(stream) = self.known.get_mut(name) {
            stream.event(leaf, &mut self.buffer, problems);
        }
    }
}

impl Stream {
    fn event(&mut self, leaf: &Leaf<'_>, buffer: &mut Vec<u8>, problems: &mut Problems) {
        let (revision, name) = (leaf.revision, leaf.stream);
        let ends = revision == TOMBSTONE && leaf.event_type == "$streamDeleted";
        let follows = revision == self.next || (ends && self.next != TOMBSTONE + 1);
        if !follows {
            let what = format!(
                "revision {revision} of stream {name} follows where {} should",
                self.next
            );
            problems.add(Some(leaf.position), what);
        }
        self.next = revision + 1;
        self.id(leaf, problems);
        if ends {
            return;
        }
        let Some(chain) = self.chain else { return };
        let followed = chain.follow(leaf.id, leaf.event_type, leaf.metadata, leaf.payload, buffer);
        self.chain = match followed {
            Ok(next) => Some(next),
            Err(fault) => {
                if follows {
                    let what = format!("event {revision} of stream {name} breaks its hash chain: {fault}");
                    problems.add(Some(leaf.position), what);
                }
                // One change is one problem: the chain is taken up again where it says it is.
                Chain::in_metadata(leaf.metadata)
            }
        };
    }

    fn id(&mut self, leaf: &Leaf<'_>, problems: &mut Problems) {
        let (high, low) = leaf.id.as_u64_pair();
        let id = high.rotate_left(32) ^ low;
        if self.ids.contains(&id) {
            let what = format!("id {} stands twice in stream {}", leaf.id, leaf.stream);
            problems.add(Some(leaf.position), what);
        }
        if self.ids.len() == IDS {
            let oldest = usize::try_from(leaf.revision).unwrap_or(0) % IDS;
            self.ids[oldest] = id;
        } else {
            self.ids.push(id);
        }
    }
}

/// Whether an event with this metadata begins a hash chain.
pub(crate) fn is_chained(metadata: &[u8]) -> bool {
    const FIELD: &[u8] = b"\"chain\"";
    metadata.windows(FIELD.len()).any(|it| it == FIELD)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use event_store::Leaf;
    use uuid::Uuid;

    use super::{Problems, Streams, TOMBSTONE};

    fn problems(events: &[(u64, u128, &str)]) -> Vec<String> {
        let (mut streams, mut problems) = (Streams::default(), Problems::new(10));
        let name: Arc<str> = "orders-1".into();
        for (position, (revision, id, event_type)) in (1..).zip(events) {
            let leaf = Leaf {
                position,
                stream: &name,
                revision: *revision,
                id: Uuid::from_u128(*id),
                event_type,
                metadata: b"",
                payload: b"{}",
            };
            streams.event(&leaf, &name, &mut problems);
        }
        problems.sorted().1.into_iter().map(|it| it.what).collect()
    }

    #[test]
    fn a_stream_may_end_for_good_and_then_has_nothing_more() {
        let whole = [(0, 1, "a"), (1, 2, "a"), (TOMBSTONE, 3, "$streamDeleted")];
        assert_eq!(problems(&whole), Vec::<String>::new());
        let beyond = [&whole[..], &[(2, 4, "a")]].concat();
        assert_eq!(problems(&beyond).len(), 1);
        assert_eq!(problems(&[&whole[..], &whole[2..]].concat()).len(), 2);
    }

    #[test]
    fn gaps_and_repeated_ids_are_told() {
        assert_eq!(
            problems(&[(0, 1, "a"), (2, 2, "a")]),
            ["revision 2 of stream orders-1 follows where 1 should"]
        );
        let twice = problems(&[(0, 7, "a"), (1, 7, "a")]);
        assert!(twice[0].ends_with("stands twice in stream orders-1"), "{twice:?}");
    }
}
