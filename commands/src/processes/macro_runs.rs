//! Finishes runs of macros that a crash cut off: those that began and did not end.
//!
//! Whoever runs a macro takes its steps at once; this process looks only at runs that began before it, or so long ago that
//! nobody can be at them still. The ids of the steps tell that they are one thing, whoever takes them.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::event::DomainEvent;
use event_store::{Delivery, EventLog, Position, Recorded, Subscription, decode};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{Clock, CommandError, Handler};

/// Events before the end of the log that are looked at when it starts.
const LOOK_BACK: usize = 5000;
const BATCH: usize = 256;
const PAUSE: Duration = Duration::from_secs(1);
/// How long a run may take before somebody else takes it up.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);
const TYPES: &[&str] = &["macro_run.started"];

/// Finishes runs of macros.
#[derive(Debug)]
pub struct MacroRuns {
    log: EventLog,
    handler: Arc<Handler>,
    clock: Clock,
    /// Everything up to here was seen; `None` before the first look.
    seen: Option<Position>,
    /// Began, and perhaps did not end.
    open: VecDeque<Recorded<DomainEvent>>,
}

impl MacroRuns {
    /// Over the log that `handler` writes.
    pub fn new(log: EventLog, handler: Arc<Handler>, clock: Clock) -> Self {
        Self {
            log,
            handler,
            clock,
            seen: None,
            open: VecDeque::new(),
        }
    }

    /// Follows the log until `stopped`.
    pub async fn run(mut self, stopped: CancellationToken) {
        let work = async {
            loop {
                if let Err(error) = self.go_on().await {
                    warn!(%error, "runs of macros are not finished for now");
                }
                sleep(PAUSE).await;
            }
        };
        tokio::select! { () = stopped.cancelled() => {}, () = work => {} }
    }

    async fn go_on(&mut self) -> Result<(), CommandError> {
        let head = self.log.head().await.map_err(CommandError::Log)?;
        let after = match self.seen {
            Some(position) => position,
            None => self.log.before_end(LOOK_BACK).await.map_err(CommandError::Log)?,
        };
        let first = self.seen.is_none();
        self.seen = Some(after);
        let mut events = Subscription::start(&self.log, after, TYPES);
        loop {
            if let Ok(batch) = timeout(PAUSE, events.next_batch(BATCH)).await {
                for delivery in batch.map_err(CommandError::Log)? {
                    self.note(delivery);
                }
            }
            self.finish_due(head, first).await?;
        }
    }

    fn note(&mut self, delivery: Delivery) {
        if let Delivery::Event(raw) = delivery {
            match decode(&raw) {
                Ok(started) => self.open.push_back(started),
                Err(error) => warn!(%error, position = raw.position.0, "a run is not looked at"),
            }
            self.seen = Some(raw.position);
        }
    }

    /// Those that began before this process came, and those that take too long.
    async fn finish_due(&mut self, head: Position, first: bool) -> Result<(), CommandError> {
        let late = self.clock.now() - PATIENCE;
        while let Some(started) = self.open.front() {
            let before = first && started.position <= head;
            if !before && started.metadata.at > late {
                return Ok(());
            }
            match self.handler.finish_macro_run(started).await {
                Ok(true) => info!(position = started.position.0, "a run that was cut off is finished"),
                Ok(false) => {}
                Err(error @ (CommandError::Log(_) | CommandError::Vault(_) | CommandError::Contention { .. })) => {
                    return Err(error);
                }
                Err(error) => warn!(%error, position = started.position.0, "a run cannot be finished"),
            }
            self.open.pop_front();
        }
        Ok(())
    }
}
