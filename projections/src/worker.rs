//! Follows the log and moves every projection: rows, checkpoint and announcement of a batch in one transaction.

use std::{sync::Arc, time::Duration};

use domain::{event::DomainEvent, personal::DataSubject};
use event_store::{
    Delivery, EventLog, Position, Recorded, Subscription, Vault, decode,
    vault::{OpenError, VaultError},
};
use futures_util::future::try_join_all;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{ProjectError, Projection, checkpoint, registry};

/// Types of events that read models are made of.
const TYPES: &[&str] = &["ticket.", "assignment.", "subject."];
/// Events in one transaction at most: one when live, this many when behind. More buys nothing and keeps others waiting.
const BATCH: usize = 1000;
/// Batches that may wait for a projection; the log is read no faster than the slowest can follow.
const AHEAD: usize = 8;
/// How far a checkpoint may lag behind events that do not concern it.
const IDLE_STRIDE: u64 = 10_000;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Moves the projections of one database.
#[derive(Debug)]
pub struct Worker {
    log: EventLog,
    vault: Vault,
    pool: PgPool,
    /// Names of the projections it moves; `None` when it moves all.
    names: Option<Vec<String>>,
}

impl Worker {
    /// A worker that follows `log` into `database`; `vault` opens the personal data.
    ///
    /// Its transactions do not wait for the disk: what a crash takes from the tables it takes from the checkpoint too,
    /// and the log gives it again.
    pub fn new(log: EventLog, vault: Vault, database: PgConnectOptions) -> Self {
        let options = database.options([("synchronous_commit", "off")]);
        let count = u32::try_from(registry().len()).unwrap_or(1);
        Self {
            log,
            vault,
            // Asking each time whether the connection lives would cost a round trip; a batch that meets a dead one is
            // repeated.
            pool: PgPoolOptions::new()
                .max_connections(count)
                .test_before_acquire(false)
                .connect_lazy_with(options),
            names: None,
        }
    }

    /// A worker that moves only the projections with these names; the others stay where they are.
    #[must_use]
    pub fn only(mut self, names: &[&str]) -> Self {
        self.names = Some(names.iter().map(|&it| it.to_owned()).collect());
        self
    }

    /// Works until it is cancelled.
    ///
    /// # Errors
    /// What no retry can mend: a damaged log, or an event that cannot be read or applied.
    pub async fn run(self, cancelled: CancellationToken) -> Result<(), ProjectError> {
        self.follow(&cancelled, None).await
    }

    /// Works until every projection has come to `position`: a rebuild, when the tables are empty.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn catch_up(self, position: Position) -> Result<(), ProjectError> {
        self.follow(&CancellationToken::new(), Some(position)).await
    }

    async fn follow(&self, cancelled: &CancellationToken, until: Option<Position>) -> Result<(), ProjectError> {
        let mut projections = registry();
        if let Some(names) = &self.names {
            projections.retain(|it| names.iter().any(|name| name == it.name()));
        }
        let mut reached = Vec::with_capacity(projections.len());
        for projection in &projections {
            reached.push(self.reached(projection.as_ref()).await?);
        }
        let head = self.log.head().await?;
        if let Some((projection, ahead)) = projections.iter().zip(&reached).find(|(_, reached)| **reached > head) {
            return Err(ProjectError::Ahead {
                projection: projection.name(),
                position: ahead.0,
                head: head.0,
            });
        }
        let start = reached.iter().copied().min().unwrap_or_default();
        let subscription = Subscription::start(&self.log, start, TYPES);
        let mut queues = Vec::with_capacity(projections.len());
        let mut moves = Vec::with_capacity(projections.len());
        for (projection, from) in projections.iter().zip(reached) {
            let (queue, batches) = mpsc::channel(AHEAD);
            queues.push(queue);
            moves.push(self.keep_up(projection.as_ref(), from, until, batches));
        }
        tokio::select! {
            () = cancelled.cancelled() => Ok(()),
            ended = distribute(subscription, &self.vault, queues) => ended,
            ended = try_join_all(moves) => ended.map(|_| ()),
        }
    }

    /// Moves one projection at its own pace, through all that has come meanwhile in one transaction.
    async fn keep_up(
        &self,
        projection: &dyn Projection,
        mut from: Position,
        until: Option<Position>,
        mut batches: mpsc::Receiver<Arc<Batch>>,
    ) -> Result<(), ProjectError> {
        while until.is_none_or(|until| from < until) {
            let Some(batch) = batches.recv().await else {
                return Ok(());
            };
            let (mut events, mut end) = (batch.events.clone(), batch.end);
            while events.len() < BATCH
                && let Ok(batch) = batches.try_recv()
            {
                events.extend(batch.events.iter().cloned());
                end = batch.end;
            }
            from = self.advance(projection, from, end, &events, until.is_some()).await?;
        }
        Ok(())
    }

    async fn reached(&self, projection: &dyn Projection) -> Result<Position, ProjectError> {
        let mut patience = Patience::default();
        loop {
            match self.load(projection).await {
                Err(error) => patience.bear(projection.name(), error).await?,
                position => return position,
            }
        }
    }

    async fn load(&self, projection: &dyn Projection) -> Result<Position, ProjectError> {
        let mut connection = self.pool.acquire().await?;
        checkpoint::load(projection, &mut connection).await
    }

    /// Brings one projection from `from` to `end`; returns where it is.
    async fn advance(
        &self,
        projection: &dyn Projection,
        mut from: Position,
        end: Position,
        events: &[Arc<Recorded<DomainEvent>>],
        exact: bool,
    ) -> Result<Position, ProjectError> {
        let mut patience = Patience::default();
        loop {
            match self.apply(projection, from, end, events, exact).await {
                Err(error) => patience.bear(projection.name(), error).await?,
                position => return position,
            }
            projection.forget();
            // Another worker, or this one in a commit whose answer was lost, may have moved it.
            from = self.reached(projection).await?;
        }
    }

    async fn apply(
        &self,
        projection: &dyn Projection,
        from: Position,
        end: Position,
        events: &[Arc<Recorded<DomainEvent>>],
        exact: bool,
    ) -> Result<Position, ProjectError> {
        let fresh = &events[events.partition_point(|it| it.position <= from)..];
        let idle = fresh.is_empty() && !exact && end.0 < from.0 + IDLE_STRIDE;
        if end <= from || idle {
            return Ok(from);
        }
        let mut tx = self.pool.begin().await?;
        // First the checkpoint: its row is the lock that keeps a second worker from writing the same rows.
        checkpoint::advance(projection, from, end, &mut tx).await?;
        if !fresh.is_empty() {
            projection.apply(fresh, &mut tx).await?;
        }
        tx.commit().await?;
        debug!(
            projection = projection.name(),
            events = fresh.len(),
            position = end.0,
            "batch applied"
        );
        Ok(end)
    }
}

/// Events on their way to all projections, and the position they reach.
struct Batch {
    events: Vec<Arc<Recorded<DomainEvent>>>,
    end: Position,
}

/// Reads the log once for all; ends when the log does, or nobody is left to read for.
async fn distribute(
    mut subscription: Subscription,
    vault: &Vault,
    queues: Vec<mpsc::Sender<Arc<Batch>>>,
) -> Result<(), ProjectError> {
    loop {
        let deliveries = subscription.next_batch(BATCH).await?;
        let Some(batch) = understand(&deliveries, vault).await?.map(Arc::new) else {
            continue;
        };
        let mut heard = false;
        for queue in &queues {
            heard |= queue.send(Arc::clone(&batch)).await.is_ok();
        }
        if !heard {
            // Whoever stopped reading says why.
            return std::future::pending().await;
        }
    }
}

/// The deliveries' events, decoded and opened once; `None` when they bring nothing.
async fn understand(deliveries: &[Delivery], vault: &Vault) -> Result<Option<Batch>, ProjectError> {
    let mut events = Vec::with_capacity(deliveries.len());
    let mut end = None;
    for delivery in deliveries {
        match delivery {
            Delivery::Event(raw) => {
                events.push(decode(raw)?);
                end = end.max(Some(raw.position));
            }
            Delivery::Passed(position) => end = end.max(Some(*position)),
            Delivery::CaughtUp => {}
        }
    }
    unseal(&mut events, vault).await?;
    let events = events.into_iter().map(Arc::new).collect();
    Ok(end.map(|end| Batch { events, end }))
}

/// Waits for the vault as long as it takes: without it nobody can tell what is sealed from what is forgotten.
async fn unseal(events: &mut [Recorded<DomainEvent>], vault: &Vault) -> Result<(), ProjectError> {
    // What is forgotten further on is so at once, for a rebuild would find it so.
    for event in events
        .iter()
        .filter(|it| matches!(it.event, DomainEvent::DataSubject(_)))
    {
        vault.learn_destroyed(DataSubject(event.stream_id));
    }
    loop {
        match vault.open_events(events).await {
            Err(OpenError::Vault(VaultError::Away(error))) => warn!(%error, "read models wait for the vault"),
            opened => return Ok(opened?),
        }
    }
}

/// Waits longer and longer between tries, and tells why.
struct Patience {
    pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { pause: FIRST_PAUSE }
    }
}

impl Patience {
    /// Waits after an error that may pass; gives any other back.
    async fn bear(&mut self, projection: &'static str, error: ProjectError) -> Result<(), ProjectError> {
        match error {
            ProjectError::Postgres(error) if is_passing(&error) => {
                warn!(projection, %error, "postgres does not take the batch; trying again");
            }
            ProjectError::Outrun { .. } => debug!(projection, "another worker is ahead"),
            error @ (ProjectError::Postgres(_)
            | ProjectError::Decode(_)
            | ProjectError::Unfit { .. }
            | ProjectError::Shape { .. }
            | ProjectError::Ahead { .. }
            | ProjectError::Log(_)
            | ProjectError::Vault(_)) => return Err(error),
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}

/// Whether waiting may help: everything but what Postgres itself says of the statement, and of that a lack of means.
fn is_passing(error: &sqlx::Error) -> bool {
    // 08 connection, 40 rollback, 53 lack of means, 57 intervention, 58 system, as PostgreSQL's appendix A has them.
    let passing = |code: &str| ["08", "40", "53", "57", "58"].iter().any(|it| code.starts_with(it));
    error
        .as_database_error()
        .is_none_or(|it| it.code().is_none_or(|code| passing(&code)))
}
