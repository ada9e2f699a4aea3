use serde::{Deserialize, Serialize};

use super::{Rule, Template, check::Check};
use crate::values::Priority;

/// Longest that can be promised, in minutes: 30 days.
const LONGEST: u32 = 30 * 24 * 60;

/// What an inbox says of itself to whoever opens a ticket by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoReply {
    /// Whether it says it now.
    pub enabled: bool,
    /// What it says, with places for number, priority and promised time.
    pub body: Template,
    /// Within which time it promises an answer.
    #[serde(default)]
    pub promises: Promises,
}

/// Within which time an answer is promised, in minutes: as a rule, and at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    /// What it takes at least, as a rule; 0 when nothing is said of that.
    pub from_min: u32,
    /// What it takes at most.
    pub within_min: u32,
}

/// Within which time an answer is promised, by priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promises {
    /// Of low priority.
    pub low: Promised,
    /// Of medium priority.
    pub medium: Promised,
    /// Of high priority.
    pub high: Promised,
    /// Of the urgent.
    pub urgent: Promised,
}

impl Default for Promises {
    /// The hours that support teams usually work by: low 24 to 48, medium 8 to 12, high 1 to 4, urgent within one.
    fn default() -> Self {
        let hours = |from: u32, within: u32| Promised {
            from_min: from * 60,
            within_min: within * 60,
        };
        Self {
            low: hours(24, 48),
            medium: hours(8, 12),
            high: hours(1, 4),
            urgent: hours(0, 1),
        }
    }
}

impl Promises {
    /// What is promised of that priority.
    pub fn of(&self, priority: Priority) -> Promised {
        match priority {
            Priority::Low => self.low,
            Priority::Medium => self.medium,
            Priority::High => self.high,
            Priority::Urgent => self.urgent,
        }
    }
}

impl AutoReply {
    pub(super) fn check(&mut self, check: &mut Check) {
        self.body.check(check, "body");
        let Promises {
            low,
            medium,
            high,
            urgent,
        } = self.promises;
        for (name, it) in [("low", low), ("medium", medium), ("high", high), ("urgent", urgent)] {
            check.within(name, |check| it.check(check));
        }
    }
}

impl Promised {
    fn check(self, check: &mut Check) {
        if !(1..=LONGEST).contains(&self.within_min) {
            check.flaw("withinMinutes", &self.within_min.to_string(), Rule::UpTo(LONGEST));
        } else if self.from_min > self.within_min {
            check.flaw("withinMinutes", &self.within_min.to_string(), Rule::NotBelowLeast);
        }
    }
}
