//! Leaky buckets in whole numbers: what is taken comes back with time, to the last point.

use std::{
    hash::Hash,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;

/// Buckets kept at a time. Who has not been seen the longest is forgotten first, and begins anew with a full one.
const MOST_KNOWN: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

/// How much a bucket holds, and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Points in a full bucket; 0 for no limit at all.
    pub(crate) most: u32,
    /// Points that come back in each `period`.
    pub(crate) restored: u32,
    /// A time of at least 1 ms.
    pub(crate) period: Duration,
}

impl Rate {
    fn period_ms(self) -> u64 {
        u64::try_from(self.period.as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// A full bucket, in units of which there are `period_ms` in a point: each millisecond restores `restored` of them.
    fn full(self) -> u64 {
        u64::from(self.most).saturating_mul(self.period_ms())
    }
}

/// What a bucket holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bucket {
    units: u64,
    at: DateTime<Utc>,
}

impl Bucket {
    fn refill(&mut self, rate: Rate, now: DateTime<Utc>) {
        // A clock that was set back restores nothing, and takes nothing.
        let elapsed = u64::try_from((now - self.at).num_milliseconds()).unwrap_or_default();
        if elapsed > 0 {
            let gained = elapsed.saturating_mul(u64::from(rate.restored));
            self.units = self.units.saturating_add(gained).min(rate.full());
            self.at += TimeDelta::milliseconds(i64::try_from(elapsed).unwrap_or_default());
        } else if now < self.at {
            self.at = now;
        }
    }
}

/// Too little is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted {
    /// Whole points that are there.
    pub(crate) available: u32,
    /// When there will be enough.
    pub(crate) retry_after: Duration,
}

/// A bucket for each key.
#[derive(Debug)]
pub(crate) struct Buckets<K: Hash + Eq> {
    known: Mutex<LruCache<K, Bucket>>,
}

impl<K: Hash + Eq> Default for Buckets<K> {
    fn default() -> Self {
        Self {
            known: Mutex::new(LruCache::new(MOST_KNOWN)),
        }
    }
}

impl<K: Hash + Eq> Buckets<K> {
    /// Takes so many points at once, or none; the whole points that are left.
    pub(crate) fn take(&self, key: K, rate: Rate, points: u32, now: DateTime<Utc>) -> Result<u32, Exhausted> {
        if rate.most == 0 {
            return Ok(0);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = known.get_or_insert_mut(key, || Bucket {
            units: rate.full(),
            at: now,
        });
        bucket.refill(rate, now);
        let wanted = u64::from(points) * rate.period_ms();
        if let Some(left) = bucket.units.checked_sub(wanted) {
            bucket.units = left;
            return Ok(whole(left, rate));
        }
        let missing = wanted - bucket.units;
        let wait_ms = missing.div_ceil(u64::from(rate.restored).max(1));
        Err(Exhausted {
            available: whole(bucket.units, rate),
            retry_after: Duration::from_millis(wait_ms),
        })
    }

    /// Puts points back that were taken and not used; the whole points that are there then.
    pub(crate) fn give_back(&self, key: &K, rate: Rate, points: u32) -> u32 {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = known.get_mut(key) else {
            return rate.most;
        };
        let units = u64::from(points) * rate.period_ms();
        bucket.units = bucket.units.saturating_add(units).min(rate.full());
        whole(bucket.units, rate)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn whole(units: u64, rate: Rate) -> u32 {
    u32::try_from(units / rate.period_ms()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, TimeDelta};

    use super::{Buckets, Exhausted, MOST_KNOWN, Rate};

    const RATE: Rate = Rate {
        most: 10,
        restored: 3,
        period: Duration::from_secs(1),
    };

    #[test]
    fn what_is_taken_comes_back_with_time_and_no_more() {
        let buckets = Buckets::default();
        let start = DateTime::UNIX_EPOCH;
        assert_eq!(buckets.take("a", RATE, 7, start), Ok(3));
        let short = Exhausted {
            available: 3,
            retry_after: Duration::from_millis(334),
        };
        assert_eq!(buckets.take("a", RATE, 4, start), Err(short));
        let early = start + TimeDelta::milliseconds(333);
        assert!(buckets.take("a", RATE, 4, early).is_err());
        assert_eq!(buckets.take("a", RATE, 4, start + TimeDelta::milliseconds(334)), Ok(0));
        assert_eq!(buckets.take("a", RATE, 0, start + TimeDelta::hours(1)), Ok(10));
        assert_eq!(buckets.take("b", RATE, 1, start), Ok(9));
    }

    #[test]
    fn points_given_back_never_overflow() {
        let buckets = Buckets::default();
        let start = DateTime::UNIX_EPOCH;
        buckets.take("a", RATE, 7, start).unwrap();
        assert_eq!(buckets.give_back(&"a", RATE, 5), 8);
        assert_eq!(buckets.give_back(&"a", RATE, u32::MAX), 10);
    }

    #[test]
    fn clock_set_back_neither_restores_nor_blocks_for_ever() {
        let buckets = Buckets::default();
        let start = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        buckets.take("a", RATE, 10, start).unwrap();
        assert!(buckets.take("a", RATE, 1, start - TimeDelta::hours(1)).is_err());
        let later = start - TimeDelta::hours(1) + TimeDelta::seconds(1);
        assert_eq!(buckets.take("a", RATE, 3, later), Ok(0));
    }

    #[test]
    fn no_limit_keeps_nothing_and_many_keys_keep_a_bounded_number() {
        let off = Rate { most: 0, ..RATE };
        let buckets = Buckets::default();
        assert_eq!(buckets.take(1, off, 1_000_000, DateTime::UNIX_EPOCH), Ok(0));
        assert_eq!(buckets.len(), 0);
        for key in 0..3 * MOST_KNOWN.get() {
            buckets.take(key, RATE, 1, DateTime::UNIX_EPOCH).unwrap();
        }
        assert_eq!(buckets.len(), MOST_KNOWN.get());
    }
}
