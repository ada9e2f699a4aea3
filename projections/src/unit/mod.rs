//! One part of one build on its way: rows, checkpoint and announcement of a batch in one transaction.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{event::DomainEvent, read_model::ReadModelEvent};
use event_store::{EventLog, Position, Recorded, Vault};
use futures_util::FutureExt;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Notify, mpsc},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};
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
}

/// The facts of a batch.
struct Sorted<'a> {
    apply: Vec<Arc<Recorded<DomainEvent>>>,
    /// What waits, with the reason why if it is the cause.
    park: Vec<(&'a Fact, Option<&'a str>)>,
}

/// Another worker has the lease, or the build is gone.
#[derive(Debug)]
pub(crate) struct Lost;

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
        let mut connection = PgConnection::connect_with(&means.database).await?;
        let Some(place) = checkpoint::claim(lease, &mut connection).await? else {
            return Ok(None);
        };
        let mut unit = Self {
            lease,
            model,
            pulse: Arc::new(Pulse::new(place.position, Arc::clone(&means.moved))),
            place,
            means,
            projection: (model.make)(),
            connection: None,
            held: HashSet::new(),
            skips,
            exact,
            due: false,
        };
        unit.connect().await?;
        Ok(Some(unit))
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
        let part = fact.stream_id().as_u128() % u128::from(self.place.partitions.unsigned_abs().max(1));
        fact.is_for_all() || part == u128::from(self.lease.key.partition.unsigned_abs())
    }

    /// What people decided about this model, if the fact is that.
    fn decision<'a>(&self, fact: &'a Fact) -> Option<&'a ReadModelEvent> {
        let Fact::Event(event) = fact else { return None };
        match &event.event {
            DomainEvent::ReadModel(
                decision @ (ReadModelEvent::ParkedRetried { model, .. } | ReadModelEvent::EventSkipped { model, .. }),
            ) => (model == self.model.name).then_some(decision),
            DomainEvent::Ticket(_)
            | DomainEvent::Assignment(_)
            | DomainEvent::TicketNumbers(_)
            | DomainEvent::DataSubject(_)
            | DomainEvent::LogSeal(_)
            | DomainEvent::Claim(_)
            | DomainEvent::Contact(_)
            | DomainEvent::Organization(_) => None,
        }
    }

    /// Applies the facts, and carries out decisions where they stand among them.
    async fn take(&mut self, facts: &[Fact], end: Position, stop: &CancellationToken) -> Result<(), Lost> {
        let mut from = 0;
        for (at, fact) in facts.iter().enumerate() {
            if let Some(decision) = self.decision(fact).cloned() {
                let before = facts.get(from..at).unwrap_or_default();
                if let Some(last) = before.last() {
                    self.advance(before, last.position(), stop).await?;
                }
                self.decide(&decision, fact.position(), stop).await?;
                from = at + 1;
            }
        }
        self.advance(facts.get(from..).unwrap_or_default(), end, stop).await
    }

    /// Brings the tables to `end`. Events that can never be applied are parked with all that follows in their stream.
    async fn advance(&mut self, facts: &[Fact], end: Position, stop: &CancellationToken) -> Result<(), Lost> {
        let mut poison: HashMap<Uuid, (Position, String)> = HashMap::new();
        let mut todo = vec![(facts, end)];
        let mut patience = Patience::default();
        while let Some((facts, end)) = todo.pop() {
            match self.attempt(facts, end, &poison).await {
                Ok(()) => {
                    self.held.extend(poison.drain().map(|(stream_id, _)| stream_id));
                    self.pulse.well();
                }
                Err(Refused::Moved) => {
                    self.look_again(&mut patience, stop).await?;
                    todo.push((facts, end));
                }
                Err(Refused::Fault(Fault::Passing(reason))) => {
                    self.pulse.fault(&reason);
                    warn!(model = self.model.name, reason, "the batch is not taken; trying again");
                    self.look_again(&mut patience, stop).await?;
                    todo.push((facts, end));
                }
                Err(Refused::Fault(Fault::Poison(at, reason))) => {
                    self.look_again(&mut patience, stop).await?;
                    let culprit = facts.iter().find(|it| Some(it.position().0) == at);
                    let culprit = culprit.or(facts.first().filter(|_| facts.len() == 1));
                    if let Some(culprit) = culprit {
                        self.blame(culprit, &reason);
                        poison.insert(culprit.stream_id(), (culprit.position(), reason));
                        todo.push((facts, end));
                    } else {
                        let (left, right) = facts.split_at(facts.len() / 2);
                        todo.push((right, end));
                        todo.push((left, left.last().map_or(end, Fact::position)));
                    }
                }
            }
            if stop.is_cancelled() && !todo.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn blame(&self, culprit: &Fact, reason: &str) {
        let place = culprit.place();
        let (stream, position) = (place.stream, place.position.0);
        error!(
            model = self.model.name,
            stream, position, reason, "AN EVENT IS PARKED, and what follows in its stream"
        );
    }

    async fn attempt(
        &mut self,
        facts: &[Fact],
        end: Position,
        poison: &HashMap<Uuid, (Position, String)>,
    ) -> Result<(), Refused> {
        let fresh = facts.get(facts.partition_point(|it| it.position() <= self.place.position)..);
        let fresh = fresh.unwrap_or_default();
        let idle = fresh.is_empty() && !self.is_exact() && end.0 < self.place.position.0 + IDLE_STRIDE;
        if end <= self.place.position || idle {
            return Ok(());
        }
        let Sorted { apply, park } = self.sort_out(fresh, poison);
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
        parked::park(lease.key, &park, &mut tx).await?;
        if !apply.is_empty() {
            write(self.projection.as_ref(), &apply, &mut tx).await?;
        }
        tx.commit().await?;
        self.place.position = end;
        // Of an event that does not read, too: what follows in its stream waits, in whatever batch it comes.
        self.held.extend(park.iter().map(|(fact, _)| fact.stream_id()));
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

    fn sort_out<'a>(&self, facts: &'a [Fact], poison: &'a HashMap<Uuid, (Position, String)>) -> Sorted<'a> {
        let (mut apply, mut park) = (Vec::with_capacity(facts.len()), Vec::new());
        let mut unreadable = HashSet::new();
        for fact in facts {
            let stream_id = fact.stream_id();
            let cause = poison.get(&stream_id).filter(|(from, _)| fact.position() >= *from);
            if let Some((from, reason)) = cause {
                park.push((fact, (fact.position() == *from).then_some(reason.as_str())));
                continue;
            }
            match fact {
                _waits if self.held.contains(&stream_id) || unreadable.contains(&stream_id) => {
                    park.push((fact, fact.complaint()));
                }
                Fact::Event(event) => apply.push(Arc::clone(event)),
                Fact::Unreadable(_) => {
                    unreadable.insert(stream_id);
                    park.push((fact, fact.complaint()));
                }
            }
        }
        Sorted { apply, park }
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

    /// Connects where the build's tables are found; `false` when the lease is another's.
    async fn connect(&mut self) -> Result<bool, sqlx::Error> {
        let mut connection = PgConnection::connect_with(&self.means.database).await?;
        let Some(place) = checkpoint::claim(self.lease, &mut connection).await? else {
            return Ok(false);
        };
        let path = sqlx::query("SELECT set_config('search_path', $1 || ',public', FALSE)").bind(&place.schema);
        path.execute(&mut connection).await?;
        self.held = parked::streams(self.lease.key, &mut connection).await?;
        self.pulse.stands(place.position);
        self.place = place;
        self.connection = Some(connection);
        Ok(true)
    }
}

mod decide;

fn connected(connection: &mut Option<PgConnection>) -> Result<&mut PgConnection, sqlx::Error> {
    connection.as_mut().ok_or(sqlx::Error::PoolClosed)
}

/// A projection that panics is one that cannot apply the events.
async fn write(
    projection: &dyn Projection,
    events: &[Arc<Recorded<DomainEvent>>],
    tx: &mut PgConnection,
) -> Result<(), Refused> {
    match AssertUnwindSafe(projection.apply(events, tx)).catch_unwind().await {
        Ok(written) => Ok(written?),
        Err(_panic) => Err(Refused::Fault(Fault::Poison(
            None,
            "the projection panicked".to_owned(),
        ))),
    }
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
