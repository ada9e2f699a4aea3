//! Finishes runs of macros that a crash cut off: those that began and did not end.
//!
//! Whoever runs a macro takes its steps at once; this process looks only at runs that began before it, or so long ago that
//! nobody can be at them still. The ids of the steps tell that they are one thing, whoever takes them.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::event::DomainEvent;
use event_store::{Delivery, EventLog, Position, Recorded, Subscription, decode};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{Clock, CommandError, Handler};

/// Events before the end of the log that are looked at when nothing is known of how far it came.
const LOOK_BACK: usize = 5000;
const BATCH: usize = 256;
const PAUSE: Duration = Duration::from_secs(1);
/// How long a run may take before somebody else takes it up.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// Finishes runs of macros.
#[derive(Debug)]
pub struct MacroRuns {
    log: EventLog,
    handler: Arc<Handler>,
    clock: Clock,
    /// How far others, or this process in its former life, have finished them.
    known: Option<Position>,
    /// Everything up to here was seen; `None` before the first look.
    seen: Option<Position>,
    /// Began, and perhaps did not end.
    open: VecDeque<Recorded<DomainEvent>>,
    /// Everything up to here is finished.
    finished: watch::Sender<Position>,
}

impl MacroRuns {
    /// Its name.
    pub const NAME: &'static str = "macro_runs";
    /// Types of the events that concern it.
    pub const TYPES: &'static [&'static str] = &["macro_run.started"];

    /// Over the log that `handler` writes, from a position up to which all runs are finished, if one is known.
    pub fn new(log: EventLog, handler: Arc<Handler>, clock: Clock, known: Option<Position>) -> Self {
        Self {
            log,
            handler,
            clock,
            known,
            seen: None,
            open: VecDeque::new(),
            finished: watch::Sender::new(Position::START),
        }
    }

    /// Tells up to which position all runs are finished, so that somebody keeps it.
    pub fn finished(&self) -> watch::Receiver<Position> {
        self.finished.subscribe()
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
        let after = match self.seen.or(self.known) {
            Some(position) => position,
            None => self.log.before_end(LOOK_BACK).await.map_err(CommandError::Log)?,
        };
        let first = self.seen.is_none();
        self.seen = Some(after);
        if self.open.is_empty() {
            self.tell(after);
        }
        let mut events = Subscription::start(&self.log, after, Self::TYPES);
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
        match delivery {
            Delivery::Event(raw) => {
                match decode(&raw) {
                    Ok(started) => self.open.push_back(started),
                    Err(error) => warn!(%error, position = raw.position.0, "a run is not looked at"),
                }
                self.seen = Some(raw.position);
            }
            Delivery::Passed(position) => self.seen = Some(position),
            Delivery::CaughtUp => {}
        }
    }

    fn tell(&self, position: Position) {
        self.finished.send_if_modified(|known| {
            let further = position > *known;
            *known = position.max(*known);
            further
        });
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
                Err(error) if error.is_lasting() => {
                    warn!(%error, position = started.position.0, "a run cannot be finished");
                }
                Err(error) => return Err(error),
            }
            let position = started.position;
            self.open.pop_front();
            self.tell(position);
        }
        if let Some(seen) = self.seen {
            self.tell(seen);
        }
        Ok(())
    }
}
