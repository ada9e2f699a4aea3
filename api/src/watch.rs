//! The way of one reader through the changes: out of the table, live, and back to the table when it was too slow.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use event_store::Position;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use projections::ticket_list::filter::Condition;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::sleep,
};
use tracing::warn;

use crate::live::{Change, Live, position_of};

const PAUSE: Duration = Duration::from_secs(1);

/// What somebody wants to watch.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The last change it has seen.
    pub(crate) after: Position,
    /// A change concerns it when this holds before the change or after it.
    pub(crate) condition: Condition,
}

/// How far a reader has come, for whoever hands on what it reads.
#[derive(Debug, Clone)]
pub(crate) struct Reached(Arc<AtomicU64>);

impl Reached {
    /// The last change delivered or passed over.
    pub(crate) fn position(&self) -> Position {
        Position(self.0.load(Ordering::Relaxed))
    }

    fn raise(&self, position: Position) {
        self.0.fetch_max(position.0, Ordering::Relaxed);
    }
}

/// What a reader reads.
pub(crate) type Changes = BoxStream<'static, Result<Arc<Change>, sqlx::Error>>;

/// One reader.
#[derive(Debug)]
pub(crate) struct Watch {
    live: Live,
    condition: Condition,
    reached: Reached,
    /// Read from the table and not delivered, newest first.
    pending: Vec<Change>,
}

impl Watch {
    pub(crate) fn new(live: Live, wish: Wish) -> Self {
        Self {
            live,
            condition: wish.condition,
            reached: Reached(Arc::new(AtomicU64::new(wish.after.0))),
            pending: Vec::new(),
        }
    }

    pub(crate) fn reached(&self) -> Reached {
        self.reached.clone()
    }

    /// Everything in the table; ends there, or with an error.
    pub(crate) fn past(self) -> Changes {
        stream::unfold(Some(self), |watch| async move {
            let mut watch = watch?;
            match watch.next_in_table().await.transpose()? {
                Ok(change) => Some((Ok(change), Some(watch))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    /// Everything from now on; the table stands in when `changes` come faster than they are taken.
    pub(crate) fn live(self, changes: Receiver<Arc<Change>>) -> Changes {
        stream::unfold(
            (self, changes, false),
            |(mut watch, mut changes, mut behind)| async move {
                loop {
                    let next = if behind {
                        watch.patiently_in_table().await
                    } else {
                        match changes.recv().await {
                            Ok(change) => Some(change).filter(|it| watch.passes(it)),
                            Err(RecvError::Lagged(_)) => {
                                behind = true;
                                continue;
                            }
                            Err(RecvError::Closed) => return None,
                        }
                    };
                    match next {
                        Some(change) => return Some((Ok(change), (watch, changes, behind))),
                        None => behind = false,
                    }
                }
            },
        )
        .boxed()
    }

    /// The next from the table; `None` at its end.
    async fn next_in_table(&mut self) -> Result<Option<Arc<Change>>, sqlx::Error> {
        loop {
            while let Some(change) = self.pending.pop() {
                if self.passes(&change) {
                    return Ok(Some(Arc::new(change)));
                }
            }
            self.pending = self.live.since(self.reached.position()).await?;
            self.pending.reverse();
            if self.pending.is_empty() {
                return Ok(None);
            }
        }
    }

    async fn patiently_in_table(&mut self) -> Option<Arc<Change>> {
        loop {
            match self.next_in_table().await {
                Ok(change) => return change,
                Err(error) => {
                    warn!(%error, "changes cannot be read for subscribers; trying again");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Whether a change is new and concerns this reader; it counts as seen from now on.
    fn passes(&self, change: &Change) -> bool {
        let position = position_of(&change.happening);
        if position <= self.reached.position() {
            return false;
        }
        self.reached.raise(position);
        let before = change.before.as_ref().is_some_and(|it| self.condition.holds(it));
        before || self.condition.holds(&change.happening.ticket)
    }
}
