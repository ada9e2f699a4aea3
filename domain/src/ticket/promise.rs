use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Status, Ticket, TicketEvent};
use crate::{ids::MessageId, values::Priority};

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
