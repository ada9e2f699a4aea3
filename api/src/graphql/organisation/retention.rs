//! How long what came through an inbox is kept.

use async_graphql::{InputObject, SimpleObject};
use domain::organisation;

/// How long what came through an inbox is kept.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Retention {
    /// Whether nothing is done, and only shown what would be: `retentionPreview`.
    dry_run: bool,
    /// Days after which a ticket is closed that is resolved or waits for the customer; null for never.
    close_after_days: Option<u32>,
    /// Days after which a closed ticket is archived; null for never.
    archive_after_days: Option<u32>,
    /// Months after which the data of a customer is erased, all of whose tickets are closed; null for never.
    erase_after_months: Option<u32>,
}

impl From<organisation::Retention> for Retention {
    fn from(it: organisation::Retention) -> Self {
        Self {
            dry_run: it.dry_run,
            close_after_days: it.close_after_days,
            archive_after_days: it.archive_after_days,
            erase_after_months: it.erase_after_months,
        }
    }
}

/// How long what came through an inbox is to be kept; at least one of the times.
#[derive(Debug, Clone, Copy, InputObject)]
pub(super) struct RetentionInput {
    /// Whether nothing is done, and only shown what would be; the same is saved so first before it counts.
    #[graphql(default = true)]
    dry_run: bool,
    /// Days after which a ticket is closed that is resolved or waits for the customer, 1 to 3660; never by default.
    close_after_days: Option<u32>,
    /// Days after which a closed ticket is archived, 1 to 3660; never by default.
    archive_after_days: Option<u32>,
    /// Months after which the data of a customer is erased, all of whose tickets are closed, 1 to 1200; never by default.
    erase_after_months: Option<u32>,
}

impl From<RetentionInput> for organisation::Retention {
    fn from(it: RetentionInput) -> Self {
        Self {
            dry_run: it.dry_run,
            close_after_days: it.close_after_days,
            archive_after_days: it.archive_after_days,
            erase_after_months: it.erase_after_months,
        }
    }
}
