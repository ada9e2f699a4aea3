//! Numbers of the tickets: those they have already, and new ones in the order of the file.

use std::{collections::HashMap, ops::RangeInclusive};

use commands::{CommandError, Handler};

use super::CHANNEL;

/// Numbers reserved at once. What the last block has left stays unused.
const BLOCK: u32 = 500;

pub(super) struct TicketNumbers {
    /// By the incident's number in ServiceNow.
    given: HashMap<String, i64>,
    free: RangeInclusive<i64>,
}

impl TicketNumbers {
    pub(super) async fn new(handler: &Handler) -> Result<Self, CommandError> {
        #[expect(clippy::reversed_empty_ranges, reason = "no numbers in hand yet")]
        let free = 1..=0;
        Ok(Self {
            given: handler.opened_from(CHANNEL).await?,
            free,
        })
    }

    /// The number of an incident's ticket. One that was imported keeps its own, so that its story stays the same.
    pub(super) async fn of(&mut self, handler: &Handler, incident: &str) -> Result<i64, CommandError> {
        if let Some(number) = self.given.get(incident) {
            return Ok(*number);
        }
        loop {
            if let Some(number) = self.free.next() {
                return Ok(number);
            }
            self.free = handler.reserve_numbers(BLOCK).await?;
        }
    }
}
