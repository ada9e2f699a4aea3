//! Keeps read models: takes leases, follows the log with what it holds, tells how it goes.

use std::{collections::HashSet, sync::Arc, time::Duration};

use domain::{
    decider::Decider,
    event::DomainEvent,
    ids::stream_name,
    read_model::{ReadModel, ReadModelEvent},
};
use event_store::{EventLog, Position, Vault, decode};
use futures_util::future::join_all;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{info, warn};

use crate::{
    Model, ProjectError,
    build::{Builder, Troubles},
    checkpoint, generation,
    lane::Lane,
    lease::{self, BEAT, Key, Lease, Leases},
    pulse::Beat,
    registry, status,
    unit::{Means, Unit},
};

/// Connections for leases, builds, signs of life, and for hearing of others; each unit has one of its own besides.
const CONNECTIONS: u32 = 4;
/// After which Postgres gives up the transaction of a worker that has stopped in the middle.
const IDLE_TRANSACTION: &str = "1500ms";
/// Positions that units of one lane may lie apart.
const CLOSE: u64 = 50_000;
/// How often a catch-up that seems complete asks Postgres whether it is.
const LOOK: Duration = Duration::from_millis(10);

/// Keeps the read models of one database, alone or beside others.
#[derive(Debug)]
pub struct Worker {
    means: Means,
    pool: PgPool,
    models: Vec<Model>,
    /// The only build it keeps, if not all.
    generation: Option<i64>,
    /// Whoever kept something before is gone.
    alone: bool,
    /// Why builds do not come to their end.
    troubles: Troubles,
}

/// What a worker has in hand.
struct Hands {
    leases: Leases,
    lanes: Vec<Lane>,
    /// End of the log, as far as it is known.
    head: Position,
    /// Move checkpoints even past events that concern nobody.
    exact: bool,
}

impl Worker {
    /// A worker that follows `log` into `database`; `vault` opens the personal data.
    ///
    /// Its transactions do not wait for the disk: what a crash takes from the tables it takes from the checkpoint too,
    /// and the log gives it again.
    pub fn new(log: EventLog, vault: Vault, database: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_lazy_with(database.clone());
        let database = database.options([
            ("synchronous_commit", "off"),
            ("idle_in_transaction_session_timeout", IDLE_TRANSACTION),
        ]);
        Self {
            means: Means {
                log,
                vault,
                database,
                moved: Arc::new(Notify::new()),
            },
            pool,
            models: registry(),
            generation: None,
            alone: false,
            troubles: Troubles::default(),
        }
    }

    /// A worker that knows that whoever kept anything before is gone, and need not wait until their leases run out.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// A worker that keeps these models instead of all.
    #[must_use]
    pub fn with_models(mut self, models: Vec<Model>) -> Self {
        self.models = models;
        self
    }

    /// A worker that keeps only the models with these names; the others stay where they are.
    #[must_use]
    pub fn only(mut self, names: &[&str]) -> Self {
        self.models.retain(|it| names.contains(&it.name));
        self
    }

    /// A worker that keeps a single build and makes no others.
    #[must_use]
    pub fn of_generation(mut self, generation: i64) -> Self {
        self.generation = Some(generation);
        self
    }

    /// Whether the log has everything that the serving builds show.
    ///
    /// # Errors
    /// [`ProjectError::Ahead`]; and when log or Postgres do not answer.
    pub async fn check(&self) -> Result<(), ProjectError> {
        let head = self.means.log.head().await?;
        let served = checkpoint::serving(&self.pool).await?;
        let ahead = served.iter().filter_map(|part| {
            let mut models = self.models.iter();
            let model = models.find(|it| it.name == part.model && it.version == part.version)?;
            Some((model.name, part.position))
        });
        match ahead.max_by_key(|(_, position)| *position) {
            Some((projection, position)) if position > head => Err(ProjectError::Ahead {
                projection,
                position: position.0,
                head: head.0,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Works until it is cancelled.
    ///
    /// # Errors
    /// What no retry can mend: a log that is damaged, or another one than the tables are made of.
    pub async fn run(self, cancelled: CancellationToken) -> Result<(), ProjectError> {
        self.keep(&cancelled, None).await
    }

    /// Works until every build has come to `position` and serves: a rebuild, when there are none.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn catch_up(&self, position: Position) -> Result<(), ProjectError> {
        self.keep(&CancellationToken::new(), Some(position)).await
    }

    async fn keep(&self, cancelled: &CancellationToken, until: Option<Position>) -> Result<(), ProjectError> {
        let mut hands = Hands {
            leases: Leases::new(self.pool.clone(), self.models.clone(), self.generation),
            lanes: Vec::new(),
            head: Position::START,
            exact: until.is_some(),
        };
        if cancelled.run_until_cancelled(self.begin()).await.is_none() {
            return Ok(());
        }
        let builder = Builder {
            pool: self.pool.clone(),
            database: self.means.database.clone(),
            models: self.models.clone(),
            only: self.generation,
            troubles: self.troubles.clone(),
            moved: Arc::clone(&self.means.moved),
        };
        let building = AbortOnDropHandle::new(tokio::spawn(builder.tend()));
        let left = Arc::new(Notify::new());
        let hearing = AbortOnDropHandle::new(tokio::spawn(lease::hear(self.pool.clone(), Arc::clone(&left))));
        let worked = tokio::select! {
            () = cancelled.cancelled() => Ok(()),
            worked = self.work(&mut hands, &left) => worked,
            () = self.arrival(until) => Ok(()),
        };
        drop((building, hearing));
        let ended = join_all(hands.lanes.into_iter().map(Lane::end)).await;
        if let Err(error) = hands.leases.leave().await {
            warn!(%error, "leases are not given back; they run out by themselves");
        }
        let failed = ended.into_iter().flatten().find_map(|it| it.error);
        worked.and(failed.map_or(Ok(()), Err))
    }

    /// Makes the builds that are missing.
    async fn begin(&self) {
        loop {
            let begun = async {
                if self.alone {
                    lease::end_all(&self.pool).await?;
                }
                if self.generation.is_some() {
                    return Ok(());
                }
                let head = self.means.log.head().await?;
                generation::ensure(&self.pool, &self.models, head).await
            };
            match begun.await {
                Ok(()) => return,
                Err(error) => warn!(%error, "read models wait"),
            }
            sleep(BEAT).await;
        }
    }

    /// Ends when all builds have come to `until` and serve; never without one.
    async fn arrival(&self, until: Option<Position>) {
        let Some(until) = until else {
            return std::future::pending().await;
        };
        loop {
            match self.has_arrived(until).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => warn!(%error, "postgres does not answer"),
            }
            // Whichever comes first: a unit moves, or a build changes its state.
            drop(timeout(BEAT, self.means.moved.notified()).await);
            sleep(LOOK).await;
        }
    }

    async fn has_arrived(&self, until: Position) -> Result<bool, sqlx::Error> {
        let all = status::all(&self.pool).await?;
        let mut mine = all.iter().filter(|it| {
            let known = self
                .models
                .iter()
                .any(|model| model.name == it.model && model.version == it.version);
            known && self.generation.is_none_or(|only| it.generation == only)
        });
        let served = self.models.iter().all(|model| {
            all.iter()
                .any(|it| it.serving && it.model == model.name && it.version == model.version)
        });
        let complete = |it: &status::Status| it.state == generation::State::Following && it.position >= until;
        Ok(mine.all(complete) && (served || self.generation.is_some()))
    }

    async fn work(&self, hands: &mut Hands, left: &Notify) -> Result<(), ProjectError> {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Whichever comes first: it is time, or somebody has left.
            tokio::select! {
                _ = beat.tick() => {}
                () = left.notified() => {}
            }
            self.reap(hands).await?;
            match hands.leases.look().await {
                Ok(change) => {
                    if let Some(surplus) = change.surplus {
                        self.hand_on(hands, surplus).await?;
                    }
                    self.take_up(hands, change.gained).await?;
                }
                Err(error) => warn!(%error, "leases cannot be looked at; trying again"),
            }
            self.set_apart(hands).await?;
            self.join_up(hands).await?;
            self.tell(hands).await;
        }
    }

    /// Opens what was gained and sets it on its way with what stands near.
    async fn take_up(&self, hands: &mut Hands, gained: Vec<(Lease, Model)>) -> Result<(), ProjectError> {
        if gained.is_empty() {
            return Ok(());
        }
        hands.head = self.means.log.head().await?;
        let exact = hands.exact;
        let opened = join_all(gained.into_iter().map(|(lease, model)| async move {
            let key = lease.key;
            (key, self.open(lease, model, exact).await)
        }))
        .await;
        let mut units = Vec::with_capacity(opened.len());
        for (key, opened) in opened {
            match opened {
                Ok(Some(unit)) => {
                    not_ahead(&unit, hands.head)?;
                    let position = unit.place.position.0;
                    info!(model = unit.model.name, ?key, position, "kept by this worker");
                    units.push(unit);
                }
                Ok(None) => hands.leases.forget(key),
                Err(error) => {
                    warn!(%error, ?key, "cannot be taken over yet");
                    if let Some(model) = hands.leases.model(key) {
                        self.say(hands, &[(key, model, Beat::faulty(&error.to_string()))]).await;
                    }
                    // Given back, it is looked at anew.
                    drop(hands.leases.give_back(key).await);
                }
            }
        }
        self.start(hands, units);
        Ok(())
    }

    async fn open(&self, lease: Lease, model: Model, exact: bool) -> Result<Option<Unit>, ProjectError> {
        let skips = skips(&self.means.log, &model).await?;
        Ok(Unit::open(lease, model, self.means.clone(), skips, exact).await?)
    }

    /// Units that stand close together share a lane.
    fn start(&self, hands: &mut Hands, mut units: Vec<Unit>) {
        units.sort_by_key(|it| it.place.position);
        let mut near: Vec<Unit> = Vec::new();
        for unit in units {
            let first = near.first().map(|it| it.place.position.0);
            if first.is_some_and(|first| unit.place.position.0 > first + CLOSE) {
                hands
                    .lanes
                    .push(Lane::start(std::mem::take(&mut near), self.means.clone()));
            }
            near.push(unit);
        }
        if !near.is_empty() {
            hands.lanes.push(Lane::start(near, self.means.clone()));
        }
    }

    /// Ends a lane; gives its units, and drops the leases that it has lost.
    async fn end(&self, hands: &mut Hands, index: usize) -> Result<Vec<Unit>, ProjectError> {
        let lane = hands.lanes.swap_remove(index);
        let keys = lane.keys.clone();
        let Ok(ended) = lane.end().await else {
            // It panicked; its leases are looked at anew.
            for key in keys {
                drop(hands.leases.give_back(key).await);
            }
            return Ok(Vec::new());
        };
        for key in ended.lost {
            hands.leases.forget(key);
        }
        ended.error.map_or(Ok(ended.units), Err)
    }

    /// Lanes that have ended by themselves.
    async fn reap(&self, hands: &mut Hands) -> Result<(), ProjectError> {
        while let Some(index) = hands.lanes.iter().position(Lane::is_over) {
            let units = self.end(hands, index).await?;
            self.start(hands, units);
        }
        Ok(())
    }

    /// Gives a lease to somebody who has less to do.
    async fn hand_on(&self, hands: &mut Hands, key: Key) -> Result<(), ProjectError> {
        let Some(index) = hands.lanes.iter().position(|it| it.keys.contains(&key)) else {
            return Ok(());
        };
        let mut units = self.end(hands, index).await?;
        units.retain(|it| it.lease.key != key);
        self.start(hands, units);
        drop(hands.leases.give_back(key).await);
        Ok(())
    }

    /// A unit that cannot move gets a lane of its own, since a lane is as fast as its slowest unit.
    async fn set_apart(&self, hands: &mut Hands) -> Result<(), ProjectError> {
        while let Some(index) = hands.lanes.iter().position(Lane::is_held_up) {
            let units = self.end(hands, index).await?;
            let (faulty, well): (Vec<_>, Vec<_>) = units.into_iter().partition(|it| it.pulse.is_faulty());
            self.start(hands, well);
            for unit in faulty {
                unit.pulse.falls_behind();
                self.start(hands, vec![unit]);
            }
        }
        Ok(())
    }

    /// Lanes that have come to the end of the log become one, so that the log is read once.
    async fn join_up(&self, hands: &mut Hands) -> Result<(), ProjectError> {
        let there = |lane: &Lane| lane.pulses.iter().all(|(_, pulse)| pulse.is_caught_up());
        if hands.lanes.iter().filter(|it| there(it)).count() < 2 {
            return Ok(());
        }
        let mut units = Vec::new();
        while let Some(index) = hands.lanes.iter().position(there) {
            units.extend(self.end(hands, index).await?);
        }
        self.start(hands, units);
        Ok(())
    }

    async fn tell(&self, hands: &mut Hands) {
        if let Ok(head) = self.means.log.head().await {
            hands.head = head;
        }
        let name_of = |key: &Key| hands.leases.model(*key);
        let beats: Vec<_> = hands
            .lanes
            .iter()
            .flat_map(|it| &it.pulses)
            .filter_map(|(key, pulse)| {
                let mut beat = pulse.beat();
                beat.fault = beat.fault.or_else(|| self.troubles.of(key.generation));
                Some((*key, name_of(key)?, beat))
            })
            .collect();
        self.say(hands, &beats).await;
    }

    async fn say(&self, hands: &Hands, beats: &[(Key, &'static str, Beat)]) {
        if beats.is_empty() {
            return;
        }
        let told = status::tell(&self.pool, hands.leases.name(), hands.head, beats).await;
        if let Err(error) = told {
            warn!(%error, "no sign of life can be given");
        }
    }
}

fn not_ahead(unit: &Unit, head: Position) -> Result<(), ProjectError> {
    if unit.place.position <= head {
        return Ok(());
    }
    Err(ProjectError::Ahead {
        projection: unit.model.name,
        position: unit.place.position.0,
        head: head.0,
    })
}

/// The events that people decided to leave out of this model.
async fn skips(log: &EventLog, model: &Model) -> Result<HashSet<u64>, ProjectError> {
    let stream = stream_name(ReadModel::CATEGORY, ReadModel::id(model.name));
    let mut skips = HashSet::new();
    for raw in log.read_stream(&stream, 0).await? {
        match decode(&raw) {
            Ok(it) => {
                if let DomainEvent::ReadModel(ReadModelEvent::EventSkipped { position, .. }) = it.event {
                    skips.insert(position);
                }
            }
            // One of a newer program, which is there to carry it out; or of nobody.
            Err(error) => {
                let (model, position) = (model.name, raw.position.0);
                warn!(%error, model, position, "a decision about a read model is passed over, since it does not read");
            }
        }
    }
    Ok(skips)
}
