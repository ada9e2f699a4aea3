//! Folded streams kept in memory, one lock each. What they say is checked: a yes by the append's expected revision, a no
//! by reading the stream again.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use uuid::Uuid;

use crate::folded::Folded;

/// A stream's place in the cache. Empty while its stream is being written, so that a cancelled command leaves nothing
/// that the log does not have.
pub(crate) type Slot<D> = Arc<tokio::sync::Mutex<Option<Folded<D>>>>;

pub(crate) struct Cache<D> {
    slots: Mutex<LruCache<Uuid, Slot<D>>>,
    capacity: NonZeroUsize,
}

impl<D> Cache<D> {
    /// Keeps the `capacity` streams used last, and those in use.
    pub(crate) fn new(capacity: NonZeroUsize) -> Self {
        Self {
            slots: Mutex::new(LruCache::unbounded()),
            capacity,
        }
    }

    /// The slot of `id`. All who ask while it is in use get the same one: its lock puts their commands in a row.
    pub(crate) fn slot(&self, id: Uuid) -> Slot<D> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(slots.get_or_insert(id, Slot::default));
        for _ in 0..EVICTIONS {
            if slots.len() > self.capacity.get() {
                evict(&mut slots);
            }
        }
        slot
    }
}

/// Slots looked at for one that nobody holds, each time a slot too many is made.
const EVICTIONS: usize = 4;

/// Removes the slot used longest ago unless somebody holds it; a held one is put in front instead.
fn evict<D>(slots: &mut LruCache<Uuid, Slot<D>>) {
    if let Some((id, oldest)) = slots.pop_lru()
        && Arc::strong_count(&oldest) > 1
    {
        slots.put(id, oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, sync::Arc};

    use domain::ticket::Ticket;
    use uuid::Uuid;

    use super::Cache;

    #[test]
    fn slot_in_use_is_never_evicted() {
        let cache = Cache::<Ticket>::new(NonZeroUsize::MIN);
        let held = cache.slot(Uuid::from_u128(1));
        for id in 2..10 {
            drop(cache.slot(Uuid::from_u128(id)));
        }
        assert!(Arc::ptr_eq(&held, &cache.slot(Uuid::from_u128(1))));
        assert!(cache.slots.lock().unwrap().len() <= 2);
    }
}
