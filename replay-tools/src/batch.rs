//! Events on their way from the thread that reads to the one that hashes: one buffer for the bytes of many.

use std::{ops::Range, sync::Arc};

use event_store::{Digest, Leaf};
use uuid::Uuid;

/// Some events in the order of the log.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    heads: Vec<Head>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Head {
    /// `None` when the event is not sealed.
    digest: Option<Digest>,
    position: u64,
    stream: Arc<str>,
    revision: u64,
    id: Uuid,
    event_type: Arc<str>,
    metadata: Range<usize>,
    payload: Range<usize>,
}

impl Batch {
    /// Adds an event; its names are shared with the reader's.
    pub fn push(&mut self, leaf: &Leaf<'_>, stream: Arc<str>, event_type: Arc<str>) {
        // Here, because the thread that reads has less to do than the one that follows the chains.
        let digest = leaf.is_sealed().then(|| leaf.digest(&mut self.buffer));
        let start = self.bytes.len();
        self.bytes.extend_from_slice(leaf.metadata);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(leaf.payload);
        self.heads.push(Head {
            digest,
            position: leaf.position,
            stream,
            revision: leaf.revision,
            id: leaf.id,
            event_type,
            metadata: start..middle,
            payload: middle..self.bytes.len(),
        });
    }

    /// Bytes of its events.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// How many events it has.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Its events, their streams' names, and the digests of those that are sealed.
    pub fn iter(&self) -> impl Iterator<Item = (Leaf<'_>, &Arc<str>, Option<Digest>)> {
        self.heads.iter().map(|head| {
            let leaf = Leaf {
                position: head.position,
                stream: &head.stream,
                revision: head.revision,
                id: head.id,
                event_type: &head.event_type,
                metadata: self.bytes.get(head.metadata.clone()).unwrap_or_default(),
                payload: self.bytes.get(head.payload.clone()).unwrap_or_default(),
            };
            (leaf, &head.stream, head.digest)
        })
    }
}
