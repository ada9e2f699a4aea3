//! One part of one build on its way: rows, checkpoint and announcement of a batch in one transaction.

mod decide;
mod sift;

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{event::DomainEvent, read_model::ReadModelEvent};
use event_store::{EventLog, Position, Vault};
use sift::{Voice, sift, sort_out, write};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Notify, mpsc},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use uuid::Uuid;

use crate::{
    Model, ProjectError, Projection,
    batch::{Batch, Fact},
    checkpoint::{self, Place, Step},
    fault::Fault,
    lease::Lease,
    parked,
    pulse::Pulse,
};

/// Events in one transaction at most, while readers watch: more buys nothing and keeps others waiting.
const BATCH: usize = 1000;
/// The same while nobody reads: rows that change often are then written less often.
const FILLING_BATCH: usize = 8000;
/// Transactions of a unit begin so far apart, unless there is much to do: under load this makes fewer, larger ones, and
/// leaves Postgres to the readers. An event after a quiet moment does not wait.
const BREATH: Duration = Duration::from_millis(4);
/// How far a checkpoint may lag behind events that do not concern it.
const IDLE_STRIDE: u64 = 10_000;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What units work with.
#[derive(Debug, Clone)]
pub(crate) struct Means {
    pub(crate) log: EventLog,
    pub(crate) vault: Vault,
    pub(crate) database: PgConnectOptions,
    /// Told when a unit has moved.
    pub(crate) moved: Arc<Notify>,
}

/// A part of a build, held under a lease.
pub(crate) struct Unit {
    pub(crate) lease: Lease,
    pub(crate) model: Model,
    pub(crate) place: Place,
    pub(crate) pulse: Arc<Pulse>,
    means: Means,
    projection: Box<dyn Projection>,
    connection: Option<PgConnection>,
    /// Streams that wait behind an event that could not be applied.
    held: HashSet<Uuid>,
    /// Events that people decided to leave out.
    skips: HashSet<u64>,
    /// Move the checkpoint even past events that do not concern the model.
    exact: bool,
    /// The batch has events of the model, if only of other parts: whoever waits for one waits for all parts.
    due: bool,
    voice: Voice,
}

/// Another worker has the lease, or the build is gone.
#[derive(Debug)]
pub(crate) struct Lost;

/// How a batch is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// As a whole.
    None,
    /// In parts, some of which cannot be applied.
    Sifts,
}

/// Why a transaction was not made.
enum Refused {
    /// The checkpoint is not where it was left.
    Moved,
    Fault(Fault),
}

impl<E: Into<ProjectError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Fault(error.into().into())
    }
}

impl Unit {
    /// Takes the checkpoint over; `None` when a later lease has it.
    pub(crate) async fn open(
        lease: Lease,
        model: Model,
        means: Means,
        skips: HashSet<u64>,
        exact: bool,
    ) -> Result<Option<Self>, sqlx::Error> {
        let Some(Footing {
            connection,
            place,
            held,
        }) = Footing::find(lease, &means.database).await?
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            lease,
            model,
            pulse: Arc::new(Pulse::new(place.position, Arc::clone(&means.moved))),
            place,
            means,
            projection: (model.make)(),
            connection: Some(connection),
            held,
            skips,
            exact,
            due: false,
            voice: Voice::default(),
        }))
    }

    /// Follows the batches until there are no more, or it is told to stop.
    pub(crate) async fn follow(
        &mut self,
        mut batches: mpsc::Receiver<Arc<Batch>>,
        stop: &CancellationToken,
    ) -> Result<(), Lost> {
        let mut began = Instant::now();
        while let Some(Some(batch)) = stop.run_until_cancelled(batches.recv()).await {
            if batch.facts.len() < BATCH / 4 {
                sleep(BREATH.saturating_sub(began.elapsed())).await;
            }
            began = Instant::now();
            self.due = self.concerns(&batch);
            let mut facts = self.mine(&batch);
            let (mut end, mut caught_up) = (batch.end, batch.caught_up);
            let stored_at = batch.stored_at;
            while facts.len() < self.most()
                && let Ok(batch) = batches.try_recv()
            {
                self.due |= self.concerns(&batch);
                facts.extend(self.mine(&batch));
                end = end.max(batch.end);
                caught_up |= batch.caught_up;
            }
            self.pulse.takes(stored_at.filter(|_| !facts.is_empty()));
            self.take(&facts, end, stop).await?;
            self.pulse.holds(self.held.len());
            self.pulse.took(self.place.position, facts.len(), caught_up);
        }
        Ok(())
    }

    fn most(&self) -> usize {
        if self.place.filling { FILLING_BATCH } else { BATCH }
    }

    fn concerns(&self, batch: &Batch) -> bool {
        batch.facts.iter().any(|it| self.model.takes(it.event_type()))
    }

    /// What of the batch concerns this part and is not known yet.
    fn mine(&self, batch: &Batch) -> Vec<Fact> {
        let facts = batch.facts.iter().filter(|it| {
            it.position() > self.place.position
                && !self.skips.contains(&it.position().0)
                && (self.decision(it).is_some() || self.model.takes(it.event_type()) && self.is_in_part(it))
        });
        facts.cloned().collect()
    }

    fn is_in_part(&self, fact: &Fact) -> bool {
        let home = self.projection.home(fact.category(), fact.stream_id());
        let part = home.as_u128() % u128::from(self.place.partitions.unsigned_abs().max(1));
        fact.is_for_all() || part == u128::from(self.lease.key.partition.unsigned_abs())
    }

    /// What people decided about this model, if the fact is that.
    fn decision<'a>(&self, fact: &'a Fact) -> Option<&'a ReadModelEvent> {
        let Fact::Event(event) = fact else { return None };
        if let DomainEvent::ReadModel(
            decision @ (ReadModelEvent::ParkedRetried { model, .. } | ReadModelEvent::EventSkipped { model, .. }),
        ) = &event.event
        {
            return (model == self.model.name).then_some(decision);
        }
        None
    }

    /// Applies the facts, and carries out decisions where they stand among them. What it does not come to before it is
    /// told to stop, the next holder reads again: nothing behind that may be applied.
    async fn take(&mut self, facts: &[Fact], end: Position, stop: &CancellationToken) -> Result<(), Lost> {
        let mut from = 0;
        for (at, fact) in facts.iter().enumerate() {
            if let Some(decision) = self.decision(fact).cloned() {
                let before = facts.get(from..at).unwrap_or_default();
                if let Some(last) = before.last()
                    && !self.advance(before, last.position(), stop).await?
                {
                    return Ok(());
                }
                if !self.decide(&decision, fact.position(), stop).await? {
                    return Ok(());
                }
                from = at + 1;
            }
        }
        self.advance(facts.get(from..).unwrap_or_default(), end, stop).await?;
        Ok(())
    }

    /// Brings the tables to `end`. Events that can never be applied are parked with all that follows in their stream.
    /// `false` when it is told to stop before.
    async fn advance(&mut self, facts: &[Fact], end: Position, stop: &CancellationToken) -> Result<bool, Lost> {
        let mut patience = Patience::default();
        let mut care = Care::None;
        loop {
            let fresh = facts.get(facts.partition_point(|it| it.position() <= self.place.position)..);
            let fresh = fresh.unwrap_or_default();
            // Few at a time: whoever wants the checkpoint's row waits for the transaction.
            let (part, to) = match fresh.split_at_checked(BATCH) {
                Some((first, [_, ..])) if care == Care::Sifts => (first, first.last().map_or(end, Fact::position)),
                Some(_) | None => (fresh, end),
            };
            match self.attempt(part, to, care).await {
                Ok(()) => {
                    self.pulse.well();
                    if to == end {
                        return Ok(true);
                    }
                    patience = Patience::default();
                }
                Err(Refused::Fault(Fault::Poison(..))) if care == Care::None => {
                    self.projection.forget();
                    care = Care::Sifts;
                }
                Err(refused) => {
                    self.complain(&refused, "the batch is not taken; trying again");
                    self.look_again(&mut patience, stop).await?;
                    if stop.is_cancelled() {
                        return Ok(false);
                    }
                }
            }
            if stop.is_cancelled() && care == Care::Sifts {
                return Ok(false);
            }
        }
    }

    fn complain(&self, refused: &Refused, what: &str) {
        if let Refused::Fault(Fault::Passing(reason) | Fault::Poison(_, reason)) = refused {
            self.pulse.fault(reason);
            warn!(model = self.model.name, reason, "{what}");
        }
    }

    async fn attempt(&mut self, fresh: &[Fact], end: Position, care: Care) -> Result<(), Refused> {
        let idle = fresh.is_empty() && !self.is_exact() && end.0 < self.place.position.0 + IDLE_STRIDE;
        if end <= self.place.position || idle {
            return Ok(());
        }
        let (model, lease, place) = (self.model, self.lease, self.place.clone());
        let mut tx = connected(&mut self.connection)?.begin().await?;
        let step = Step {
            to: end,
            events: fresh.len(),
        };
        // First the checkpoint: its row is the lock.
        if !checkpoint::advance(&model, lease, &place, step, &mut tx).await? {
            return Err(Refused::Moved);
        }
        let sorted = match care {
            Care::None => {
                let sorted = sort_out(fresh, |it| self.held.contains(it));
                if !sorted.apply.is_empty() {
                    write(self.projection.as_ref(), &sorted.apply, &mut tx).await?;
                }
                sorted
            }
            Care::Sifts => sift(self.projection.as_ref(), fresh, &self.held, &mut tx).await?,
        };
        parked::park(lease.key, &sorted.park, &mut tx).await?;
        tx.commit().await?;
        self.place.position = end;
        // Of an event that does not read, too: what follows in its stream waits, in whatever batch it comes.
        for (fact, reason) in &sorted.park {
            if self.held.insert(fact.stream_id()) {
                self.voice.tell(model.name, fact, reason.as_deref().unwrap_or_default());
            }
        }
        debug!(
            model = model.name,
            events = fresh.len(),
            position = end.0,
            "batch applied"
        );
        Ok(())
    }

    /// A build that is to come to a goal, or as far as the serving one, must show that nothing is left before it; and
    /// whoever waits for an event of the model waits for all of its parts.
    fn is_exact(&self) -> bool {
        self.exact || self.due || !self.place.serving
    }

    /// Finds out where the checkpoint is, on a new connection, after a pause that grows.
    async fn look_again(&mut self, patience: &mut Patience, stop: &CancellationToken) -> Result<(), Lost> {
        self.projection.forget();
        self.connection = None;
        loop {
            if stop.run_until_cancelled(patience.bear()).await.is_none() {
                return Ok(());
            }
            match self.connect().await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(Lost),
                Err(error) => {
                    self.pulse.fault(&error.to_string());
                    warn!(model = self.model.name, %error, "postgres does not answer; trying again");
                }
            }
        }
    }

    /// Looks anew where it stands; `false` when the lease is another's.
    async fn connect(&mut self) -> Result<bool, sqlx::Error> {
        let Some(footing) = Footing::find(self.lease, &self.means.database).await? else {
            return Ok(false);
        };
        self.pulse.stands(footing.place.position);
        (self.place, self.held) = (footing.place, footing.held);
        self.connection = Some(footing.connection);
        Ok(true)
    }
}

/// What Postgres knows of a unit.
struct Footing {
    /// Finds the build's tables.
    connection: PgConnection,
    place: Place,
    held: HashSet<Uuid>,
}

impl Footing {
    /// Takes the checkpoint over; `None` when a later lease has it.
    async fn find(lease: Lease, database: &PgConnectOptions) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = PgConnection::connect_with(database).await?;
        let Some(place) = checkpoint::claim(lease, &mut connection).await? else {
            return Ok(None);
        };
        // The model's own statements may ask which part of which build they write.
        let path = sqlx::query(
            "SELECT set_config('search_path', $1 || ',public', FALSE),
                set_config('letopis.generation', $2::bigint::text, FALSE),
                set_config('letopis.partition', $3::smallint::text, FALSE)",
        );
        let path = path
            .bind(&place.schema)
            .bind(lease.key.generation)
            .bind(lease.key.partition);
        path.execute(&mut connection).await?;
        let held = parked::streams(lease.key, &mut connection).await?;
        Ok(Some(Self {
            connection,
            place,
            held,
        }))
    }
}

fn connected(connection: &mut Option<PgConnection>) -> Result<&mut PgConnection, sqlx::Error> {
    connection.as_mut().ok_or(sqlx::Error::PoolClosed)
}

/// Waits longer and longer between tries; the first time after trouble not at all.
struct Patience {
    pause: Duration,
    since: Instant,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            pause: Duration::ZERO,
            since: Instant::now(),
        }
    }
}

impl Patience {
    async fn bear(&mut self) {
        sleep(self.pause).await;
        debug!(waited = ?self.since.elapsed(), "trying again");
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
    }
}
