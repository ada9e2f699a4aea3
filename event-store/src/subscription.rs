//! A subscription that survives the loss of the server: it resumes after the last position it delivered.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle, time::sleep};
use tracing::warn;

use crate::{EventLog, LogError, Position, Raw};

/// Deliveries that may wait for their reader; the server is slowed down beyond.
const AHEAD: usize = 4096;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

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
        let task = tokio::spawn(follow(log.clone(), after, types, sender));
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

async fn follow(
    log: EventLog,
    mut after: Position,
    types: Vec<String>,
    sender: mpsc::Sender<Result<Delivery, LogError>>,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        let mut feed = log.feed(after, &types).await;
        let reason = loop {
            let delivery = match feed.next().await {
                Ok(Ok(delivery)) => delivery,
                Ok(Err(reason)) => break reason,
                Err(error) => {
                    // Its reader may be gone, then nobody is left to tell.
                    drop(sender.send(Err(error)).await);
                    return;
                }
            };
            pause = FIRST_PAUSE;
            match &delivery {
                Delivery::Event(event) => after = event.position,
                Delivery::Passed(position) => after = after.max(*position),
                Delivery::CaughtUp => {}
            }
            if sender.send(Ok(delivery)).await.is_err() {
                return;
            }
        };
        warn!(reason, position = after.0, "the subscription is resumed");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
