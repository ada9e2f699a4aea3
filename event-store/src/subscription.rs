//! A subscription that survives the loss of the server: it resumes after the last position it delivered.

use std::{collections::VecDeque, pin::pin};

use futures_util::{Stream, StreamExt, stream::unfold};
use tokio::{sync::mpsc, task::JoinHandle};
use tracing::warn;

use crate::{EventLog, LogError, Position, Raw, esdb::Feed, metrics, supervisor::Pause, watchdog::Watchdog};

/// Deliveries handed over at once, when so many are at hand: waking the reader for each would cost more than reading.
const CHUNK: usize = 256;
/// Chunks that may wait for their reader; the server is slowed down beyond.
const AHEAD: usize = 16;

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

/// Every event after a position whose type has one of some prefixes, or all of them: each once, in order.
#[derive(Debug)]
pub struct Subscription {
    chunks: mpsc::Receiver<Result<Vec<Delivery>, LogError>>,
    /// Taken from there, not yet from here.
    ready: VecDeque<Delivery>,
    /// Why it has ended, told when all that came before has been taken.
    ended: Option<LogError>,
    task: JoinHandle<()>,
}

impl Subscription {
    /// Begins after `after`. Without any prefix in `types` it delivers everything but the store's own events.
    pub fn start(log: &EventLog, after: Position, types: &[&str]) -> Self {
        let (sender, chunks) = mpsc::channel(AHEAD);
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
            chunks,
            ready: VecDeque::new(),
            ended: None,
            task,
        }
    }

    /// Waits for at least one delivery and takes at most `limit`; cancel-safe.
    ///
    /// # Errors
    /// The reason for which the subscription has ended; a lost server is none.
    pub async fn next_batch(&mut self, limit: usize) -> Result<Vec<Delivery>, LogError> {
        if self.ready.is_empty() && self.ended.is_none() {
            let gone = || LogError::Unavailable {
                reason: "the subscription's task is gone".to_owned(),
            };
            let chunk = self.chunks.recv().await.unwrap_or_else(|| Err(gone()));
            self.take(chunk);
        }
        while self.ready.len() < limit
            && let Ok(chunk) = self.chunks.try_recv()
        {
            self.take(chunk);
        }
        match &self.ended {
            Some(error) if self.ready.is_empty() => Err(error.clone()),
            Some(_) | None => Ok(self.ready.drain(..limit.min(self.ready.len())).collect()),
        }
    }

    fn take(&mut self, chunk: Result<Vec<Delivery>, LogError>) {
        match chunk {
            Ok(deliveries) => self.ready.extend(deliveries),
            Err(error) => self.ended = Some(error),
        }
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
    sender: mpsc::Sender<Result<Vec<Delivery>, LogError>>,
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
        let feed = self.log.feed(self.after, &self.types).await;
        let mut watchdog = Watchdog::over(feed.generation(), self.log.timing().watch);
        let mut chunks = pin!(until_error(feed).ready_chunks(CHUNK));
        loop {
            let chunk = {
                // Held over all looks of the watchdog: a wait that is broken off loses what it waited for.
                let next = pin!(chunks.next());
                tokio::select! {
                    biased;
                    chunk = next => chunk.unwrap_or_default(),
                    end = watchdog.bark(&self.log, self.after, &self.types) => return end,
                }
            };
            if let Some(end) = self.hand_over(chunk, &mut watchdog).await {
                return end;
            }
        }
    }

    /// Gives the reader what was said; tells why nothing more will be.
    async fn hand_over(&mut self, said: Vec<Said>, watchdog: &mut Watchdog) -> Option<End> {
        let mut deliveries = Vec::with_capacity(said.len());
        let mut end = None;
        for said in said {
            match said {
                Ok(Ok(delivery)) => {
                    watchdog.hear();
                    deliveries.extend(delivery);
                }
                Ok(Err(reason)) => end = Some(End::Broken("broken", reason)),
                Err(error) => end = Some(End::Final(error)),
            }
        }
        if deliveries.is_empty() {
            return end;
        }
        self.pause = Pause::default();
        for delivery in &deliveries {
            match delivery {
                Delivery::Event(event) => self.after = event.position,
                Delivery::Passed(position) => self.after = self.after.max(*position),
                Delivery::CaughtUp => {}
            }
        }
        if self.sender.send(Ok(deliveries)).await.is_err() {
            return Some(End::Unread);
        }
        end
    }
}

/// What a feed says: a delivery or a mere sign of life, that it is broken, or that it has ended for good.
type Said = Result<Result<Option<Delivery>, String>, LogError>;

/// Everything that the feed says, up to its first error.
fn until_error(feed: Feed) -> impl Stream<Item = Said> {
    // Boxed, so that only a pointer moves with each event.
    unfold(Some(Box::new(feed)), async |feed| {
        let mut feed = feed?;
        let said = feed.next().await;
        let more = matches!(said, Ok(Ok(_)));
        Some((said, more.then_some(feed)))
    })
}
