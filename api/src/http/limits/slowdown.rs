//! Whoever guesses waits longer and longer.

use std::{
    hash::Hash,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;

/// Failures that cost nothing: people mistype.
const FREE: u32 = 10;
/// The first wait; each further failure doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// After so long without a failure all is forgotten.
const FORGIVEN: TimeDelta = TimeDelta::hours(1);
/// Those kept at a time; who failed the longest ago is forgotten first.
const MOST_KNOWN: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: DateTime<Utc>,
}

impl Failures {
    fn wait(self) -> Duration {
        let Some(doublings) = self.count.checked_sub(FREE + 1) else {
            return Duration::ZERO;
        };
        FIRST_WAIT.saturating_mul(1 << doublings.min(16)).min(LONGEST_WAIT)
    }
}

/// Failed tries by whoever made them: an address, an account.
#[derive(Debug)]
pub(crate) struct Slowdown<K: Hash + Eq> {
    known: Mutex<LruCache<K, Failures>>,
}

impl<K: Hash + Eq> Default for Slowdown<K> {
    fn default() -> Self {
        Self {
            known: Mutex::new(LruCache::new(MOST_KNOWN)),
        }
    }
}

impl<K: Hash + Eq> Slowdown<K> {
    /// How long this one has to wait before it may try again; `None` when it may.
    pub(crate) fn wait(&self, key: &K, now: DateTime<Utc>) -> Option<Duration> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = *known.peek(key)?;
        let waited = (now - failures.last).to_std().unwrap_or_default();
        failures.wait().checked_sub(waited).filter(|it| !it.is_zero())
    }

    /// Records a failure.
    pub(crate) fn failed(&self, key: K, now: DateTime<Utc>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = known.get_or_insert_mut(key, || Failures { count: 0, last: now });
        if now - failures.last > FORGIVEN {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// Records a failure that may turn out to be none, unless it has to wait: how long.
    pub(crate) fn stake(&self, key: K, now: DateTime<Utc>) -> Option<Duration> {
        let wait = self.wait(&key, now);
        if wait.is_none() {
            self.failed(key, now);
        }
        wait
    }

    /// Takes a failure back: it was none.
    pub(crate) fn forgive(&self, key: &K) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = known.peek_mut(key) {
            failures.count = failures.count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, TimeDelta};

    use super::{FREE, LONGEST_WAIT, MOST_KNOWN, Slowdown};

    #[test]
    fn waits_double_up_to_a_limit_and_are_forgiven() {
        let slowdown = Slowdown::default();
        let mut now = DateTime::UNIX_EPOCH;
        for _ in 0..FREE {
            slowdown.failed("a", now);
            assert_eq!(slowdown.wait(&"a", now), None);
        }
        for expected in [1, 2, 4, 8] {
            slowdown.failed("a", now);
            assert_eq!(slowdown.wait(&"a", now), Some(Duration::from_secs(expected)));
            now += TimeDelta::milliseconds(500);
            let left = Duration::from_millis(expected * 1000 - 500);
            assert_eq!(slowdown.wait(&"a", now), Some(left));
            now += TimeDelta::seconds(10);
            assert_eq!(slowdown.wait(&"a", now), None);
        }
        for _ in 0..100 {
            slowdown.failed("a", now);
        }
        assert_eq!(slowdown.wait(&"a", now), Some(LONGEST_WAIT));
        assert_eq!(slowdown.wait(&"b", now), None);
        now += TimeDelta::hours(2);
        slowdown.failed("a", now);
        assert_eq!(slowdown.wait(&"a", now), None);
    }

    #[test]
    fn many_who_fail_take_a_bounded_memory() {
        let slowdown = Slowdown::default();
        for key in 0..2 * MOST_KNOWN.get() {
            slowdown.failed(key, DateTime::UNIX_EPOCH);
        }
        assert_eq!(slowdown.known.lock().unwrap().len(), MOST_KNOWN.get());
    }
}
