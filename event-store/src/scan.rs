//! Everything of some types that a log has now.

use crate::{Delivery, EventLog, LogError, Position, Raw, Subscription};

/// Every event after a position whose type has one of some prefixes, up to the log's end: each once, in order.
///
/// Unlike a read, it hears from the store while it looks through a long log in which there is nothing to find.
#[derive(Debug)]
pub struct Scan {
    subscription: Subscription,
    whole: bool,
}

impl Scan {
    /// Begins after `after`.
    pub fn start(log: &EventLog, after: Position, types: &[&str]) -> Self {
        Self {
            subscription: Subscription::start(log, after, types),
            whole: false,
        }
    }

    /// The next events, at most `limit`, perhaps none for now; `None` at the log's end.
    ///
    /// # Errors
    /// The reason for which the log is not read further; a lost server is none.
    pub async fn next(&mut self, limit: usize) -> Result<Option<Vec<Raw>>, LogError> {
        if self.whole {
            return Ok(None);
        }
        let mut events = Vec::new();
        for delivery in self.subscription.next_batch(limit).await? {
            match delivery {
                Delivery::Event(raw) if !self.whole => events.push(*raw),
                Delivery::Event(_) | Delivery::Passed(_) => {}
                Delivery::CaughtUp => self.whole = true,
            }
        }
        Ok(Some(events))
    }
}
