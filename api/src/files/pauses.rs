//! Which files something failed with, and when it is tried again: so they stand in nobody's way.

use std::{collections::HashMap, time::Duration};

use domain::ids::AttachmentId;
use tokio::time::Instant;
use uuid::Uuid;

/// Pause after the first failure; each further one doubles it.
const FIRST: Duration = Duration::from_secs(2);
/// No pause is longer.
const LONGEST: Duration = Duration::from_mins(10);

/// A file with which something failed.
#[derive(Debug, Clone, Copy)]
struct Failure {
    pause: Duration,
    until: Instant,
}

/// Files with which something failed. Only in memory: after a restart all are tried at once.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    failures: HashMap<AttachmentId, Failure>,
}

impl Pauses {
    /// The files that are left alone for now.
    pub(super) fn resting(&mut self, now: Instant) -> Vec<Uuid> {
        // What has not been tried for so long after its pause is due no more.
        self.failures.retain(|_, it| it.until + LONGEST > now);
        let resting = self.failures.iter().filter(|(_, it)| it.until > now);
        resting.map(|(id, _)| id.0).collect()
    }

    /// Notes how it went with a file this time.
    pub(super) fn note(&mut self, id: AttachmentId, went_well: bool, now: Instant) {
        if went_well {
            self.failures.remove(&id);
            return;
        }
        let former = self.failures.get(&id).map(|it| it.pause);
        let pause = former.map_or(FIRST, |it| (it * 2).min(LONGEST));
        let until = now + pause;
        self.failures.insert(id, Failure { pause, until });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::ids::AttachmentId;
    use tokio::time::Instant;
    use uuid::Uuid;

    use super::{FIRST, LONGEST, Pauses};

    const FILE: AttachmentId = AttachmentId(Uuid::from_u128(7));

    #[test]
    fn pauses_grow_with_each_failure_and_end_with_success() {
        let mut pauses = Pauses::default();
        let mut now = Instant::now();
        let mut last = Duration::ZERO;
        for times in 0..20 {
            pauses.note(FILE, false, now);
            let expected = FIRST.saturating_mul(1 << times.min(16)).min(LONGEST);
            assert!(expected >= last);
            assert_eq!(pauses.resting(now + expected - Duration::from_millis(1)), [FILE.0]);
            assert!(pauses.resting(now + expected).is_empty(), "{times}");
            (now, last) = (now + expected, expected);
        }
        pauses.note(FILE, true, now);
        pauses.note(FILE, false, now);
        assert!(pauses.resting(now + FIRST).is_empty(), "it begins anew");
    }

    #[test]
    fn file_that_is_due_no_more_is_not_kept_in_mind() {
        let mut pauses = Pauses::default();
        let now = Instant::now();
        pauses.note(FILE, false, now);
        pauses.resting(now + FIRST + LONGEST);
        assert!(pauses.failures.is_empty());
    }
}
