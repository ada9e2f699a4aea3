//! What the projections have reached, and what changes in them, as it happens.
//!
//! One task LISTENs to Postgres; all who wait for a position watch one value, all subscribers share one reading of
//! each change. A subscriber that is too slow loses its place in the shared reading and catches up from the table.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use event_store::Position;
use projections::{
    CHANNEL, SWAPPED, Turn,
    checkpoint::{self, Served},
    message::{self, MessageTold, Wanted},
    registry,
    ticket_history::{self, Told},
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
const PAGE: i64 = 500;
/// How long a reader waits to see a write before it is told that it does not.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_secs(1);

/// What shows of one read model.
#[derive(Debug)]
struct Shown {
    /// The version that this program reads.
    version: i32,
    /// How far each part is.
    parts: Mutex<BTreeMap<i16, Position>>,
    /// Everything up to here shows.
    all: watch::Sender<Position>,
}

/// One value for each read model, so that the steps of one wake nobody who waits for another.
type Positions = Arc<BTreeMap<&'static str, Shown>>;

/// Positions and changes, live.
#[derive(Debug, Clone)]
pub struct Live {
    pool: PgPool,
    positions: Positions,
    changes: broadcast::Sender<Arc<Told>>,
    messages: broadcast::Sender<Arc<MessageTold>>,
}

impl Live {
    /// Begins to listen; ends when cancelled.
    ///
    /// # Errors
    /// When Postgres does not answer now; later it is waited for.
    pub async fn start(pool: PgPool, cancelled: CancellationToken) -> Result<Self, sqlx::Error> {
        let listener = listen(&pool).await?;
        let positions: Positions = Arc::new(
            registry()
                .into_iter()
                .map(|it| (it.name, Shown::of(it.version)))
                .collect(),
        );
        replace_all(&positions, &checkpoint::serving(&pool).await?);
        let (changes, _) = broadcast::channel(CHANGES_AHEAD);
        let (messages, _) = broadcast::channel(CHANGES_AHEAD);
        let live = Self {
            pool: pool.clone(),
            positions: Arc::clone(&positions),
            changes,
            messages,
        };
        tokio::spawn(
            cancelled
                .clone()
                .run_until_cancelled_owned(follow(pool, listener, positions)),
        );
        tokio::spawn(cancelled.clone().run_until_cancelled_owned(live.clone().share()));
        tokio::spawn(cancelled.run_until_cancelled_owned(live.clone().share_messages()));
        Ok(live)
    }

    /// How far a projection has come.
    pub fn position(&self, projection: &str) -> Position {
        self.positions
            .get(projection)
            .map(|it| *it.all.borrow())
            .unwrap_or_default()
    }

    /// Tells whenever a projection moves; `None` when there is no such projection.
    pub(crate) fn watch(&self, projection: &str) -> Option<watch::Receiver<Position>> {
        self.positions.get(projection).map(|it| it.all.subscribe())
    }

    /// Waits until the ticket list shows everything up to a position; `false` when that takes more than 2 s.
    pub async fn shows(&self, position: Position) -> bool {
        self.reached(ticket_list::NAME, position).await
    }

    /// Waits until a projection has come to a position; `false` when that takes more than 2 s.
    pub async fn reached(&self, projection: &str, position: Position) -> bool {
        let Some(mut watch) = self.positions.get(projection).map(|it| it.all.subscribe()) else {
            return false;
        };
        matches!(timeout(PATIENCE, watch.wait_for(|it| *it >= position)).await, Ok(Ok(_)))
    }

    /// Every change from now on.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Arc<Told>> {
        self.changes.subscribe()
    }

    /// Behind all changes that show now.
    pub(crate) fn end(&self) -> Turn {
        Turn::behind(self.position(ticket_history::NAME))
    }

    /// A page of changes after a turn, from the table; none when all that shows was told.
    pub(crate) async fn since(&self, after: Turn) -> Result<Vec<Told>, sqlx::Error> {
        // Parts move by themselves: what lies behind the slowest is not complete.
        let shown = self.position(ticket_history::NAME);
        ticket_history::since(&self.pool, after, shown, PAGE).await
    }

    /// Everything that happens to messages from now on.
    pub(crate) fn messages(&self) -> broadcast::Receiver<Arc<MessageTold>> {
        self.messages.subscribe()
    }

    /// Behind all that shows of messages now.
    pub(crate) fn end_of_messages(&self) -> Turn {
        Turn::behind(self.position(message::NAME))
    }

    /// A page of what happened in a thread after a turn, from the table; none when all that shows was told.
    pub(crate) async fn messages_since(&self, thread: Wanted, after: Turn) -> Result<Vec<MessageTold>, sqlx::Error> {
        let shown = self.position(message::NAME);
        let conversations = message::conversations(&self.pool, thread).await?;
        message::since(&self.pool, Some(&conversations), after, shown, PAGE).await
    }

    /// Reads what happens to messages once and hands it to all who watch any conversation.
    async fn share_messages(self) {
        let Some(mut watch) = self.positions.get(message::NAME).map(|it| it.all.subscribe()) else {
            return;
        };
        let mut last = Turn::behind(*watch.borrow());
        loop {
            let Ok(newest) = watch.wait_for(|it| Turn::behind(*it) > last).await.map(|it| *it) else {
                return;
            };
            while last < Turn::behind(newest) {
                if self.messages.receiver_count() == 0 {
                    // Whoever comes later reads the table first.
                    last = Turn::behind(newest);
                    break;
                }
                match message::since(&self.pool, None, last, newest, PAGE).await {
                    Ok(page) => {
                        let full = i64::try_from(page.len()) == Ok(PAGE);
                        let end = page.last().map(|it| it.turn).filter(|_| full);
                        last = end.unwrap_or_else(|| Turn::behind(newest));
                        for told in page {
                            // Nobody listening any more is no fault.
                            drop(self.messages.send(Arc::new(told)));
                        }
                    }
                    Err(error) => {
                        warn!(%error, "messages cannot be read for subscribers; trying again");
                        sleep(PAUSE).await;
                    }
                }
            }
        }
    }

    /// Reads each change once and hands it to all subscribers.
    async fn share(self) {
        let Some(mut watch) = self.positions.get(ticket_history::NAME).map(|it| it.all.subscribe()) else {
            return;
        };
        let mut last = Turn::behind(*watch.borrow());
        loop {
            let Ok(newest) = watch.wait_for(|it| Turn::behind(*it) > last).await.map(|it| *it) else {
                return;
            };
            while last < Turn::behind(newest) {
                if self.changes.receiver_count() == 0 {
                    // Whoever subscribes later reads the table first.
                    last = Turn::behind(newest);
                    break;
                }
                match ticket_history::since(&self.pool, last, newest, PAGE).await {
                    Ok(page) => last = self.hand_out(page, newest),
                    Err(error) => {
                        warn!(%error, "changes cannot be read for subscribers; trying again");
                        sleep(PAUSE).await;
                    }
                }
            }
        }
    }

    fn hand_out(&self, page: Vec<Told>, newest: Position) -> Turn {
        let last = page
            .last()
            .filter(|_| i64::try_from(page.len()) == Ok(PAGE))
            .map(|it| it.turn);
        let end = last.unwrap_or_else(|| Turn::behind(newest));
        for change in page {
            // Nobody listening any more is no fault.
            drop(self.changes.send(Arc::new(change)));
        }
        end
    }
}

async fn listen(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

async fn follow(pool: PgPool, mut listener: PgListener, positions: Positions) {
    loop {
        match listener.try_recv().await {
            Ok(Some(notice)) => match parse(notice.payload()) {
                Some(Notice::Moved(part)) => raise(&positions, &part),
                Some(Notice::Swapped) => catch_up(&pool, &positions).await,
                None => {}
            },
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

/// Until it succeeds: a part that is gone would hold back everything, for nobody would ever raise it.
async fn catch_up(pool: &PgPool, positions: &Positions) {
    loop {
        match checkpoint::serving(pool).await {
            Ok(all) => return replace_all(positions, &all),
            Err(error) => warn!(%error, "checkpoints cannot be read; trying again"),
        }
        sleep(PAUSE).await;
    }
}

/// Takes the parts as they are; another build may have more of them, or fewer.
fn replace_all(positions: &Positions, all: &[Served]) {
    for (name, shown) in positions.iter() {
        let served = all.iter().filter(|it| it.model == *name && it.version == shown.version);
        shown.change(|parts| *parts = served.map(|it| (it.partition, it.position)).collect());
    }
}

fn raise(positions: &Positions, part: &Served) {
    if let Some(shown) = positions
        .get(part.model.as_str())
        .filter(|it| it.version == part.version)
    {
        shown.change(|parts| {
            let known = parts.entry(part.partition).or_default();
            *known = part.position.max(*known);
        });
    }
}

impl Shown {
    fn of(version: i32) -> Self {
        Self {
            version,
            parts: Mutex::default(),
            all: watch::Sender::default(),
        }
    }

    /// What was shown once stays: a build serves only when it has come as far as the one before.
    fn change(&self, change: impl FnOnce(&mut BTreeMap<i16, Position>)) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut parts);
        let least = parts.values().copied().min().unwrap_or_default();
        self.all.send_if_modified(|known| {
            let higher = least > *known;
            *known = least.max(*known);
            higher
        });
    }
}

/// What Postgres tells.
enum Notice {
    /// A part of a serving build has moved.
    Moved(Served),
    /// Another build serves.
    Swapped,
}

fn parse(payload: &str) -> Option<Notice> {
    let mut words = payload.split(':');
    let (model, version, part) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    if part == SWAPPED {
        return Some(Notice::Swapped);
    }
    Some(Notice::Moved(Served {
        model: model.to_owned(),
        version,
        partition: part.parse().ok()?,
        position: Position(words.next()?.parse().ok()?),
    }))
}
