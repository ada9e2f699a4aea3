//! Tells a subscription that has nothing to deliver from one that has stopped delivering.
//!
//! Nothing tells a client that a half-open connection is dead, or that a server has forgotten a subscription: both look
//! like a log in which nothing happens. So after a while of silence the log itself is asked.

use std::{mem, time::Duration};

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

use crate::{EventLog, Position, metrics, subscription::End};

pub(crate) struct Watchdog {
    /// Of the client that the watched feed came from.
    generation: u64,
    ticks: Interval,
    /// Something came since the last tick.
    heard: bool,
    /// Something has come at all.
    answered: bool,
    /// No event for the feed lies up to here.
    clear: Position,
}

impl Watchdog {
    pub(crate) fn over(generation: u64, watch: Duration) -> Self {
        let mut ticks = interval_at(Instant::now() + watch, watch);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            generation,
            ticks,
            heard: false,
            answered: false,
            clear: Position::START,
        }
    }

    /// The feed has said something.
    pub(crate) fn hear(&mut self) {
        self.heard = true;
        self.answered = true;
    }

    /// Waits until the feed, which has come to `reached`, must be given up. Cancel-safe.
    pub(crate) async fn bark(&mut self, log: &EventLog, reached: Position, types: &[String]) -> End {
        loop {
            self.ticks.tick().await;
            if mem::take(&mut self.heard) {
                continue;
            }
            if let Some(end) = self.look(log, reached, types).await {
                return end;
            }
        }
    }

    async fn look(&mut self, log: &EventLog, reached: Position, types: &[String]) -> Option<End> {
        let silent = |reason: String| Some(End::Broken("silent", reason));
        if !log.is_current(self.generation) {
            return silent("its connection was given up".to_owned());
        }
        let head = match log.head().await {
            Ok(head) => head,
            Err(error) => return silent(error.to_string()),
        };
        if !self.answered {
            return silent("the server does not confirm it".to_owned());
        }
        let from = self.clear.max(reached);
        if head <= from {
            return None;
        }
        // The head moves with events that are not for this feed as well.
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let missed = match log.read_all(from, &types, 1).await {
            Ok(missed) => missed.first().map(|it| it.position),
            Err(error) => return silent(error.to_string()),
        };
        let Some(missed) = missed else {
            self.clear = head;
            return None;
        };
        // It may be on its way; whatever arrives breaks this off.
        sleep(self.ticks.period() / 4).await;
        metrics::stalled();
        let reason = format!("the event at position {missed} does not come");
        Some(End::Broken("stalled", reason))
    }
}
