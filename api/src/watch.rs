//! The way of one reader through the changes: out of the table, live, and back to the table when it was too slow.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use projections::{Turn, ticket_history::Told, ticket_list::filter::Condition};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::sleep,
};
use tracing::warn;

use crate::live::Live;

const PAUSE: Duration = Duration::from_secs(1);

/// What somebody wants to watch.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The last change it has seen.
    pub(crate) after: Turn,
    /// A change concerns it when this holds before the change or after it.
    pub(crate) condition: Condition,
}

/// How far a reader has come, for whoever hands on what it reads.
#[derive(Debug, Clone)]
pub(crate) struct Reached(Arc<Mutex<Turn>>);

impl Reached {
    /// The last change delivered or passed over.
    pub(crate) fn turn(&self) -> Turn {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this lies further on; it counts as reached from now on.
    fn passes(&self, turn: Turn) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let further = turn > *known;
        *known = turn.max(*known);
        further
    }
}

/// What a reader reads.
pub(crate) type Changes = BoxStream<'static, Result<Arc<Told>, sqlx::Error>>;

/// One reader.
#[derive(Debug)]
pub(crate) struct Watch {
    live: Live,
    condition: Condition,
    reached: Reached,
    /// Read from the table and not delivered, newest first.
    pending: Vec<Told>,
}

impl Watch {
    pub(crate) fn new(live: Live, wish: Wish) -> Self {
        Self {
            live,
            condition: wish.condition,
            reached: Reached(Arc::new(Mutex::new(wish.after))),
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
    pub(crate) fn live(self, changes: Receiver<Arc<Told>>) -> Changes {
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
    async fn next_in_table(&mut self) -> Result<Option<Arc<Told>>, sqlx::Error> {
        loop {
            while let Some(change) = self.pending.pop() {
                if self.passes(&change) {
                    return Ok(Some(Arc::new(change)));
                }
            }
            self.pending = self.live.since(self.reached.turn()).await?;
            self.pending.reverse();
            if self.pending.is_empty() {
                return Ok(None);
            }
        }
    }

    async fn patiently_in_table(&mut self) -> Option<Arc<Told>> {
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
    fn passes(&self, change: &Told) -> bool {
        if !self.reached.passes(change.turn) {
            return false;
        }
        let before = change.before.as_ref().is_some_and(|it| self.condition.holds(it));
        before || self.condition.holds(&change.happening.ticket)
    }
}
