use serde::{Deserialize, Serialize};

use super::{ItemRefusal, Rule, check::Check};

/// Days after which something is done at most: ten years.
const LONGEST_DAYS: u32 = 3_660;
/// Months after which people are forgotten at most: a hundred years.
const LONGEST_MONTHS: u32 = 1_200;

/// How long what came through an inbox is kept, each step counted from when the ticket last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Whether nothing is done, and only shown what would be.
    pub dry_run: bool,
    /// Days after which a ticket is closed that is resolved or waits for the customer; `None` for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_after_days: Option<u32>,
    /// Days after which a closed ticket is archived; `None` for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_after_days: Option<u32>,
    /// Months after which the data of a customer is erased, all of whose tickets are closed; `None` for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erase_after_months: Option<u32>,
}

impl Retention {
    pub(super) fn check(self, check: &mut Check) {
        for (field, given, most) in [
            ("closeAfterDays", self.close_after_days, LONGEST_DAYS),
            ("archiveAfterDays", self.archive_after_days, LONGEST_DAYS),
            ("eraseAfterMonths", self.erase_after_months, LONGEST_MONTHS),
        ] {
            if let Some(given) = given.filter(|it| !(1..=most).contains(it)) {
                check.flaw(field, &given.to_string(), Rule::UpTo(most));
            }
        }
        if (self.close_after_days, self.archive_after_days, self.erase_after_months) == (None, None, None) {
            check.flaw("closeAfterDays", "", Rule::Needed);
        }
    }

    /// Whether it may be in force after that: only what was tried first.
    pub(super) fn may_follow(self, former: Option<Self>) -> Result<(), ItemRefusal> {
        let tried = former.is_some_and(|it| Self { dry_run: false, ..it } == self);
        if self.dry_run || tried {
            Ok(())
        } else {
            Err(ItemRefusal::DryRunFirst("retention"))
        }
    }
}
