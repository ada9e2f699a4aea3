use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Status, Ticket, TicketEvent};
use crate::{ids::MessageId, organisation::Promises, values::Priority};

/// When the customer was told they would be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReplyPromise {
    /// The message that says so.
    pub message_id: MessageId,
    /// The priority it follows from.
    pub priority: Priority,
    /// Seconds that it takes at least, as a rule.
    pub from_s: u64,
    /// Seconds that it takes at most.
    pub within_s: u64,
    /// When that is over, UTC.
    pub due_at: DateTime<Utc>,
}

impl ReplyPromise {
    /// What is promised to whoever opened a ticket of that priority at `opened_at`, and is told so `now`.
    pub fn to(
        message_id: MessageId,
        priority: Priority,
        promises: &Promises,
        (opened_at, now): (DateTime<Utc>, DateTime<Utc>),
    ) -> Self {
        let it = promises.of(priority);
        // From the opening on: that is when the customer began to wait.
        let due_at = opened_at + TimeDelta::minutes(it.within_min.into());
        Self {
            message_id,
            priority,
            from_s: u64::from(it.from_min) * 60,
            within_s: u64::from(it.within_min) * 60,
            due_at: due_at.max(now),
        }
    }
}

impl Ticket {
    /// A promise is given once, and only while there is work.
    pub(super) fn promise(&self, promise: ReplyPromise) -> Vec<TicketEvent> {
        let over = matches!(self.status, Status::Resolved(_) | Status::Closed);
        if self.promise.is_some() || over || self.split_from.is_some() {
            return Vec::new();
        }
        let ReplyPromise {
            message_id,
            priority,
            from_s,
            within_s,
            due_at,
        } = promise;
        vec![TicketEvent::ReplyPromised {
            message_id,
            priority,
            from_s,
            within_s,
            due_at,
        }]
    }
}
