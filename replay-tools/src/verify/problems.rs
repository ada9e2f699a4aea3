//! What was found, in the order of the log.

use std::ops::RangeInclusive;

use serde::Serialize;

/// Something in the log that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Where; `None` when it concerns the log as a whole.
    pub position: Option<u64>,
    /// What, in a sentence.
    pub what: String,
}

/// The first problems, and how many there are.
#[derive(Debug)]
pub(super) struct Problems {
    limit: usize,
    count: u64,
    found: Vec<Problem>,
    /// Of the lost end: told beside whatever lies before it, however much that is.
    end: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            count: 0,
            found: Vec::new(),
            end: Vec::new(),
        }
    }

    /// The end of the log was lost, from here on.
    pub(super) fn add_lost_end(&mut self, position: Option<u64>, what: String) {
        self.count += 1;
        self.end.push(Problem { position, what });
    }

    pub(super) fn add(&mut self, position: Option<u64>, what: String) {
        self.count += 1;
        self.found.push(Problem { position, what });
        // A later find may belong before an earlier one, so the last of the log go first.
        if self.found.len() > 2 * self.limit {
            self.found.sort();
            self.found.truncate(self.limit);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Whether something is known to be wrong within a range.
    pub(super) fn any_in(&self, range: &RangeInclusive<u64>) -> bool {
        self.found
            .iter()
            .any(|it| it.position.is_some_and(|at| range.contains(&at)))
    }

    /// In the order of the log, a lost end last.
    pub(super) fn sorted(mut self) -> (u64, Vec<Problem>) {
        self.found.sort();
        self.found.truncate(self.limit);
        self.found.append(&mut self.end);
        (self.count, self.found)
    }
}
