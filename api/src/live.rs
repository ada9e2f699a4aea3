//! What the projections have reached, and what changes in them, as it happens.
//!
//! One task LISTENs to Postgres; all who wait for a position watch one value, all subscribers share one reading of
//! each change. A subscriber that is too slow loses its place in the shared reading and catches up from the table.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use event_store::Position;
use projections::{
    CHANNEL, TicketRow, checkpoint, registry,
    ticket_history::{self, Happening},
    ticket_list,
};
use sqlx::{PgPool, postgres::PgListener};
use tokio::{
    sync::{broadcast, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Changes kept for subscribers that are a little slow.
const CHANGES_AHEAD: usize = 4096;
/// Changes read from the table at once.
pub(crate) const PAGE: i64 = 500;
/// How long a reader waits to see a write before it is told that it does not.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_secs(1);

/// A happening with the ticket as it was before.
#[derive(Debug)]
pub struct Change {
    /// What happened, with the ticket as it left it.
    pub happening: Happening,
    /// The ticket before; `None` when it did not exist.
    pub before: Option<TicketRow>,
}

/// One value for each projection, so that the steps of one wake nobody who waits for another.
type Positions = Arc<BTreeMap<&'static str, watch::Sender<Position>>>;

/// Positions and changes, live.
#[derive(Debug, Clone)]
pub struct Live {
    pool: PgPool,
    positions: Positions,
    changes: broadcast::Sender<Arc<Change>>,
}

impl Live {
    /// Begins to listen; ends when cancelled.
    ///
    /// # Errors
    /// When Postgres does not answer now; later it is waited for.
    pub async fn start(pool: PgPool, cancelled: CancellationToken) -> Result<Self, sqlx::Error> {
        let listener = listen(&pool).await?;
        let watches = registry().into_iter().map(|it| (it.name(), watch::Sender::default()));
        let positions: Positions = Arc::new(watches.collect());
        raise_all(&positions, &checkpoint::all(&pool).await?);
        let (changes, _) = broadcast::channel(CHANGES_AHEAD);
        let live = Self {
            pool: pool.clone(),
            positions: Arc::clone(&positions),
            changes,
        };
        tokio::spawn(
            cancelled
                .clone()
                .run_until_cancelled_owned(follow(pool, listener, positions)),
        );
        tokio::spawn(cancelled.run_until_cancelled_owned(live.clone().share()));
        Ok(live)
    }

    /// How far a projection has come.
    pub fn position(&self, projection: &str) -> Position {
        self.positions
            .get(projection)
            .map(|it| *it.borrow())
            .unwrap_or_default()
    }

    /// Waits until the ticket list shows everything up to a position; `false` when that takes more than 2 s.
    pub async fn shows(&self, position: Position) -> bool {
        self.reached(ticket_list::NAME, position).await
    }

    /// Waits until a projection has come to a position; `false` when that takes more than 2 s.
    pub async fn reached(&self, projection: &str, position: Position) -> bool {
        let Some(mut watch) = self.positions.get(projection).map(watch::Sender::subscribe) else {
            return false;
        };
        matches!(timeout(PATIENCE, watch.wait_for(|it| *it >= position)).await, Ok(Ok(_)))
    }

    /// Every change from now on.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// Changes after a position, from the table.
    pub(crate) async fn since(&self, after: Position) -> Result<Vec<Change>, sqlx::Error> {
        let rows = ticket_history::since(&self.pool, after, PAGE).await?;
        Ok(rows
            .into_iter()
            .map(|(happening, before)| Change { happening, before })
            .collect())
    }

    /// Reads each change once and hands it to all subscribers.
    async fn share(self) {
        let Some(mut watch) = self.positions.get(ticket_history::NAME).map(watch::Sender::subscribe) else {
            return;
        };
        let mut last = *watch.borrow();
        loop {
            let Ok(newest) = watch.wait_for(|it| *it > last).await.map(|it| *it) else {
                return;
            };
            while last < newest {
                if self.changes.receiver_count() == 0 {
                    // Whoever subscribes later reads the table first.
                    last = newest;
                    break;
                }
                match self.since(last).await {
                    Ok(page) => last = self.hand_out(page, newest),
                    Err(error) => {
                        warn!(%error, "changes cannot be read for subscribers; trying again");
                        sleep(PAUSE).await;
                    }
                }
            }
        }
    }

    fn hand_out(&self, page: Vec<Change>, newest: Position) -> Position {
        let end = page.last().map_or(newest, |it| position_of(&it.happening));
        for change in page {
            // Nobody listening any more is no fault.
            drop(self.changes.send(Arc::new(change)));
        }
        end
    }
}

/// Place of a happening in the log.
pub(crate) fn position_of(happening: &Happening) -> Position {
    Position(u64::try_from(happening.position).unwrap_or_default())
}

async fn listen(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

async fn follow(pool: PgPool, mut listener: PgListener, positions: Positions) {
    loop {
        match listener.try_recv().await {
            Ok(Some(notice)) => {
                if let Some((projection, position)) = parse(notice.payload()) {
                    raise(&positions, projection, position);
                }
            }
            // The connection was lost; what was announced meanwhile is read.
            Ok(None) => catch_up(&pool, &positions).await,
            Err(error) => {
                warn!(%error, "postgres does not tell what changes; trying again");
                sleep(PAUSE).await;
                catch_up(&pool, &positions).await;
            }
        }
    }
}

async fn catch_up(pool: &PgPool, positions: &Positions) {
    match checkpoint::all(pool).await {
        Ok(all) => raise_all(positions, &all),
        Err(error) => warn!(%error, "checkpoints cannot be read"),
    }
}

fn raise_all(positions: &Positions, all: &[(String, Position)]) {
    for (projection, position) in all {
        raise(positions, projection, *position);
    }
}

fn raise(positions: &Positions, projection: &str, position: Position) {
    if let Some(watch) = positions.get(projection) {
        watch.send_if_modified(|known| {
            let higher = position > *known;
            *known = position.max(*known);
            higher
        });
    }
}

fn parse(payload: &str) -> Option<(&str, Position)> {
    let (projection, position) = payload.split_once(':')?;
    Some((projection, Position(position.parse().ok()?)))
}
