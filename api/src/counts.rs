//! Counters that somebody watches: read once for all who do, whenever the list of tickets has moved, a few times a second
//! at most.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use projections::ticket_list::{
    self,
    counter::{Counted, counts},
    filter::Condition,
};
use sqlx::PgPool;
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::live::Live;

/// How far apart they are read.
const BREATH: Duration = Duration::from_millis(200);

/// What the counters said that were watched when they were last read.
type Newest = Arc<HashMap<String, Counted>>;

/// The counters that are watched.
#[derive(Debug, Clone)]
pub struct Counts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    wanted: Mutex<HashMap<String, (Condition, usize)>>,
    newest: watch::Sender<Newest>,
}

impl Counts {
    /// Begins to follow the list of tickets; ends when cancelled.
    pub fn start(pool: PgPool, live: &Live, cancelled: CancellationToken) -> Self {
        let inner = Arc::new(Inner {
            pool,
            wanted: Mutex::default(),
            newest: watch::channel(Newest::default()).0,
        });
        if let Some(moved) = live.watch(ticket_list::NAME) {
            let following = Arc::clone(&inner).follow(moved);
            tokio::spawn(cancelled.run_until_cancelled_owned(following));
        }
        Self(inner)
    }

    /// What counters say now, in the order of the conditions.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub(crate) async fn now(&self, conditions: &[Condition]) -> Result<Vec<Counted>, sqlx::Error> {
        counts(&self.0.pool, conditions).await
    }

    /// Lets these counters be read as long as the answer is kept.
    pub(crate) fn watch(&self, conditions: &[Condition]) -> Watched {
        let newest = self.0.newest.subscribe();
        let keys: Vec<String> = conditions.iter().map(key).collect();
        let mut wanted = self.0.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, condition) in keys.iter().zip(conditions) {
            wanted.entry(key.clone()).or_insert_with(|| (condition.clone(), 0)).1 += 1;
        }
        drop(wanted);
        Watched {
            inner: Arc::clone(&self.0),
            keys,
            newest,
        }
    }
}

fn key(condition: &Condition) -> String {
    // Plain data always serialises; conditions that shared a name would only be read in vain.
    serde_json::to_string(condition).unwrap_or_default()
}

impl Inner {
    async fn follow(self: Arc<Self>, mut moved: watch::Receiver<event_store::Position>) {
        let mut failed = false;
        while failed || moved.changed().await.is_ok() {
            let wanted: Vec<(String, Condition)> = {
                let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
                wanted.iter().map(|(key, it)| (key.clone(), it.0.clone())).collect()
            };
            if wanted.is_empty() {
                failed = false;
                continue;
            }
            let (keys, conditions): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
            let read = counts(&self.pool, &conditions).await;
            failed = read.is_err();
            match read {
                Ok(counted) => {
                    self.newest
                        .send_replace(Arc::new(keys.into_iter().zip(counted).collect()));
                }
                Err(error) => warn!(%error, "counters cannot be read for subscribers; trying again"),
            }
            sleep(BREATH).await;
        }
    }
}

/// Counters that are watched by somebody.
#[derive(Debug)]
pub(crate) struct Watched {
    inner: Arc<Inner>,
    keys: Vec<String>,
    newest: watch::Receiver<Newest>,
}

impl Watched {
    /// What they say after they were read once more, in their order; nothing of one that was not. `None` when the server
    /// ends.
    pub(crate) async fn next(&mut self) -> Option<Vec<Option<Counted>>> {
        self.newest.changed().await.ok()?;
        let newest = Arc::clone(&self.newest.borrow_and_update());
        Some(self.keys.iter().map(|it| newest.get(it).copied()).collect())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut wanted = self.inner.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            let last = wanted.get_mut(key).is_some_and(|it| {
                it.1 -= 1;
                it.1 == 0
            });
            if last {
                wanted.remove(key);
            }
        }
    }
}
