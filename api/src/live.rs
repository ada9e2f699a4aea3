//! What the projections have reached, and what changes in them, as it happens.
//!
//! One task LISTENs to Postgres; all who wait for a position watch one value, all subscribers share one reading of
//! each change. A subscriber that is too slow loses its place in the shared reading and catches up from the table.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use event_store::Position;
use projections::{
    CHANNEL, TicketRow, checkpoint,
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

/// Positions and changes, live.
#[derive(Debug, Clone)]
pub struct Live {
    pool: PgPool,
    positions: watch::Receiver<BTreeMap<String, Position>>,
    changes: broadcast::Sender<Arc<Change>>,
}

impl Live {
    /// Begins to listen; ends when cancelled.
    ///
    /// # Errors
    /// When Postgres does not answer now; later it is waited for.
    pub async fn start(pool: PgPool, cancelled: CancellationToken) -> Result<Self, sqlx::Error> {
        let listener = listen(&pool).await?;
        let (sender, positions) = watch::channel(checkpoint::all(&pool).await?.into_iter().collect());
        let (changes, _) = broadcast::channel(CHANGES_AHEAD);
        let live = Self {
            pool: pool.clone(),
            positions,
            changes,
        };
        tokio::spawn(
            cancelled
                .clone()
                .run_until_cancelled_owned(follow(pool, listener, sender)),
        );
        tokio::spawn(cancelled.run_until_cancelled_owned(live.clone().share()));
        Ok(live)
    }

    /// How far a projection has come.
    pub fn position(&self, projection: &str) -> Position {
        self.positions.borrow().get(projection).copied().unwrap_or_default()
    }

    /// Waits until the ticket list shows everything up to a position; `false` when that takes more than 2 s.
    pub async fn shows(&self, position: Position) -> bool {
        self.reached(ticket_list::NAME, position).await
    }

    /// Waits until a projection has come to a position; `false` when that takes more than 2 s.
    pub async fn reached(&self, projection: &str, position: Position) -> bool {
        let mut positions = self.positions.clone();
        let there = |it: &BTreeMap<String, Position>| it.get(projection).is_some_and(|it| *it >= position);
        position == Position::START || matches!(timeout(PATIENCE, positions.wait_for(there)).await, Ok(Ok(_)))
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
        let mut positions = self.positions.clone();
        let mut last = self.position(ticket_history::NAME);
        loop {
            let there = |it: &BTreeMap<String, Position>| it.get(ticket_history::NAME).is_some_and(|it| *it > last);
            let Ok(newest) = positions.wait_for(there).await.map(|it| it[ticket_history::NAME]) else {
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

async fn follow(pool: PgPool, mut listener: PgListener, positions: watch::Sender<BTreeMap<String, Position>>) {
    loop {
        match listener.try_recv().await {
            Ok(Some(notice)) => {
                if let Some((projection, position)) = parse(notice.payload()) {
                    positions.send_modify(|it| raise(it, projection, position));
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

async fn catch_up(pool: &PgPool, positions: &watch::Sender<BTreeMap<String, Position>>) {
    match checkpoint::all(pool).await {
        Ok(all) => positions.send_modify(|it| all.iter().for_each(|(name, position)| raise(it, name, *position))),
        Err(error) => warn!(%error, "checkpoints cannot be read"),
    }
}

fn raise(positions: &mut BTreeMap<String, Position>, projection: &str, position: Position) {
    let known = positions.entry(projection.to_owned()).or_default();
    *known = position.max(*known);
}

fn parse(payload: &str) -> Option<(&str, Position)> {
    let (projection, position) = payload.split_once(':')?;
    Some((projection, Position(position.parse().ok()?)))
}
