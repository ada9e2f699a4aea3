//! A subscription that survives the loss of the server: it resumes after the last position it delivered.

use std::pin::pin;

use tokio::{sync::mpsc, task::JoinHandle};
use tracing::warn;

use crate::{EventLog, LogError, Position, Raw, metrics, supervisor::Pause, watchdog::Watchdog};

/// Deliveries that may wait for their reader; the server is slowed down beyond.
const AHEAD: usize = 4096;

/// What a subscription delivers.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// An event, the next that the filter lets through.
    Event(Box<Raw>),
    /// Nothing more that the filter lets through lies up to here.
    Passed(Position),
    /// Everything there was has been delivered; what follows is new.
    CaughtUp,
}

/// Every event after a position whose type has one of some prefixes: each once, in order.
#[derive(Debug)]
pub struct Subscription {
    deliveries: mpsc::Receiver<Result<Delivery, LogError>>,
    /// Why it has ended, told when all that came before has been taken.
    ended: Option<LogError>,
    task: JoinHandle<()>,
}

impl Subscription {
    /// Begins after `after`.
    pub fn start(log: &EventLog, after: Position, types: &[&str]) -> Self {
        let (sender, deliveries) = mpsc::channel(AHEAD);
        let types = types.iter().map(|&it| it.to_owned()).collect();
        // A task of its own: waiting for the client is not cancel-safe, waiting for the channel is.
        let follower = Follower {
            log: log.clone(),
            after,
            types,
            sender,
            pause: Pause::default(),
        };
        let task = tokio::spawn(follower.follow());
        Self {
            deliveries,
            ended: None,
            task,
        }
    }

    /// Waits for at least one delivery and takes at most `limit`; cancel-safe.
    ///
    /// # Errors
    /// The reason for which the subscription has ended; a lost server is none.
    pub async fn next_batch(&mut self, limit: usize) -> Result<Vec<Delivery>, LogError> {
        if let Some(error) = self.ended.clone() {
            return Err(error);
        }
        let mut batch = Vec::new();
        self.deliveries.recv_many(&mut batch, limit).await;
        let mut delivered = Vec::with_capacity(batch.len());
        for delivery in batch {
            match delivery {
                Ok(delivery) => delivered.push(delivery),
                Err(error) => self.ended = Some(error),
            }
        }
        if delivered.is_empty() {
            let gone = || LogError::Unavailable {
                reason: "the subscription's task is gone".to_owned(),
            };
            return Err(self.ended.get_or_insert_with(gone).clone());
        }
        Ok(delivered)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why a feed is followed no longer.
pub(crate) enum End {
    /// Another feed should be tried; the cause as the metrics name it, and in full.
    Broken(&'static str, String),
    /// No other would fare better.
    Final(LogError),
    /// The reader is gone.
    Unread,
}

struct Follower {
    log: EventLog,
    after: Position,
    types: Vec<String>,
    sender: mpsc::Sender<Result<Delivery, LogError>>,
    pause: Pause,
}

impl Follower {
    async fn follow(mut self) {
        loop {
            let (cause, reason) = match self.attend().await {
                End::Broken(cause, reason) => (cause, reason),
                End::Final(error) => {
                    // Its reader may be gone, then nobody is left to tell.
                    drop(self.sender.send(Err(error)).await);
                    return;
                }
                End::Unread => return,
            };
            metrics::resumed(cause);
            warn!(cause, reason, position = self.after.0, "the subscription is resumed");
            tokio::select! {
                () = self.pause.wait() => {}
                () = self.sender.closed() => return,
            }
        }
    }

    /// Follows one feed to its end.
    async fn attend(&mut self) -> End {
        let mut feed = self.log.feed(self.after, &self.types).await;
        let mut watchdog = Watchdog::over(feed.generation(), self.log.timing().watch);
        loop {
            let said = {
                // Held over all looks of the watchdog: a wait that is broken off loses what it waited for.
                let next = pin!(feed.next());
                tokio::select! {
                    biased;
                    said = next => said,
                    end = watchdog.bark(&self.log, self.after, &self.types) => return end,
                }
            };
            let delivery = match said {
                Ok(Ok(delivery)) => delivery,
                Ok(Err(reason)) => return End::Broken("broken", reason),
                Err(error) => return End::Final(error),
            };
            watchdog.hear();
            let Some(delivery) = delivery else { continue };
            self.pause = Pause::default();
            match &delivery {
                Delivery::Event(event) => self.after = event.position,
                Delivery::Passed(position) => self.after = self.after.max(*position),
                Delivery::CaughtUp => {}
            }
            if self.sender.send(Ok(delivery)).await.is_err() {
                return End::Unread;
            }
        }
    }
}
