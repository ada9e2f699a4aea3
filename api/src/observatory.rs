//! How the read models are doing, read once for all who watch.

use std::{sync::Arc, time::Duration};

use projections::status::{self, Status};
use sqlx::PgPool;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often it is looked, while somebody watches.
const LOOK: Duration = Duration::from_secs(1);

/// One look: every part of every build.
pub(crate) type Look = Arc<Vec<Status>>;

/// Tells those who watch what changes. Each keeps one look at most, the newest: nobody makes others wait.
#[derive(Debug, Clone)]
pub struct Observatory {
    /// Ends with the task that looks. Holds `None` when nobody has watched lately.
    newest: watch::Receiver<Option<Look>>,
    /// Counts those who watch.
    watchers: Arc<watch::Sender<()>>,
}

impl Observatory {
    /// Begins to look; ends when cancelled.
    pub fn start(pool: PgPool, cancelled: CancellationToken) -> Self {
        let (sender, newest) = watch::channel(None);
        let watchers = Arc::new(watch::Sender::new(()));
        let counted = Arc::clone(&watchers);
        tokio::spawn(cancelled.run_until_cancelled_owned(async move { observe(&pool, &sender, &counted).await }));
        Self { newest, watchers }
    }

    /// The state now, then each that differs.
    pub(crate) fn watch(&self) -> Watcher {
        let mut newest = self.newest.clone();
        // What is there already is news for this one.
        newest.mark_changed();
        Watcher {
            newest,
            _counted: self.watchers.subscribe(),
        }
    }
}

/// One who watches.
#[derive(Debug)]
pub(crate) struct Watcher {
    newest: watch::Receiver<Option<Look>>,
    /// While it lives, somebody watches.
    _counted: watch::Receiver<()>,
}

impl Watcher {
    /// The next state; `None` when there will be no more.
    pub(crate) async fn next(&mut self) -> Option<Look> {
        loop {
            self.newest.changed().await.ok()?;
            let look = self.newest.borrow_and_update().clone();
            if look.is_some() {
                return look;
            }
        }
    }
}

async fn observe(pool: &PgPool, newest: &watch::Sender<Option<Look>>, watchers: &watch::Sender<()>) {
    let mut beat = interval(LOOK);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if watchers.receiver_count() == 0 {
            // An old state is not to be taken for a new one by whoever comes next.
            newest.send_replace(None);
            continue;
        }
        match status::all(pool).await {
            Ok(look) => {
                newest.send_if_modified(|known| {
                    let differs = known.as_ref().is_none_or(|known| differ(known, &look));
                    if differs {
                        *known = Some(Arc::new(look));
                    }
                    differs
                });
            }
            Err(error) => warn!(%error, "it cannot be read how the read models are doing; trying again"),
        }
    }
}

/// Whether people would see a difference: signs of life, and tenths of what is measured, are none.
fn differ(one: &[Status], other: &[Status]) -> bool {
    let plain = |status: &Status| Status {
        heartbeat_at: None,
        rate: status.rate.round(),
        lag_s: status.lag_s.round(),
        // It tells the end of the log, which moves on with events that concern nobody here.
        head: if status.behind() == 0 {
            status.position
        } else {
            status.head
        },
        ..status.clone()
    };
    one.len() != other.len() || one.iter().zip(other).any(|(one, other)| plain(one) != plain(other))
}
