//! Brings builds that are filled to their end: indexes, then their place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use event_store::Position;
use sqlx::{Connection, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tracing::{info, warn};

use crate::{
    Model, ProjectError,
    generation::{self, Generation, State, reached},
};

/// How often they are looked at: while none, and while some are on their way.
const LOOK: Duration = Duration::from_millis(200);
const CLOSE_LOOK: Duration = Duration::from_millis(50);
/// How long a build that failed is left alone: a swap that fails has kept the serving one standing.
const REST: Duration = Duration::from_secs(5);
/// Positions that a build may lie behind the serving one when the swap begins.
const CLOSE: u64 = 2_000;
/// First half of the advisory locks on builds.
const LOCK: i32 = 0x6c_65_74_6f;

/// Why builds do not come to their end, and since when; shared with whoever tells how they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Troubles(Arc<Mutex<HashMap<i64, (Instant, String)>>>);

impl Troubles {
    /// What the last try of this build ran into, if it failed.
    pub(crate) fn of(&self, id: i64) -> Option<String> {
        self.lock().get(&id).map(|(_, reason)| reason.clone())
    }

    fn rests(&self, id: i64) -> bool {
        self.lock().get(&id).is_some_and(|(since, _)| since.elapsed() < REST)
    }

    fn note(&self, id: i64, tried: Result<(), ProjectError>) {
        match tried {
            Ok(()) => drop(self.lock().remove(&id)),
            Err(error) => {
                warn!(generation = id, %error, "a build of a read model waits");
                self.lock().insert(id, (Instant::now(), error.to_string()));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, (Instant, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks after builds until it is dropped.
#[derive(Debug)]
pub(crate) struct Builder {
    pub(crate) pool: PgPool,
    pub(crate) database: PgConnectOptions,
    pub(crate) models: Vec<Model>,
    /// The only build it looks after, if not all of these models.
    pub(crate) only: Option<i64>,
    pub(crate) troubles: Troubles,
    /// Told when a build is complete or swapped.
    pub(crate) moved: Arc<Notify>,
}

impl Builder {
    pub(crate) async fn tend(self) {
        loop {
            let pause = match self.look().await {
                Ok(true) => CLOSE_LOOK,
                Ok(false) => LOOK,
                Err(error) => {
                    warn!(%error, "builds of read models wait");
                    LOOK
                }
            };
            sleep(pause).await;
        }
    }

    /// Tells whether some are on their way.
    async fn look(&self) -> Result<bool, ProjectError> {
        if self.only.is_none() {
            generation::sweep(&self.pool).await?;
        }
        let all = generation::all(&self.pool).await?;
        let mut some = false;
        for build in all.iter().filter(|it| self.only.is_none_or(|only| it.id == only)) {
            let model = self
                .models
                .iter()
                .find(|it| it.name == build.model && it.version == build.version);
            let (Some(model), true) = (model, build.state != State::Following || build.swaps) else {
                continue;
            };
            some = true;
            if !self.troubles.rests(build.id) {
                // One that fails keeps no other from its end.
                self.troubles.note(build.id, self.bring_on(model, build, &all).await);
            }
        }
        Ok(some)
    }

    async fn bring_on(&self, model: &Model, build: &Generation, all: &[Generation]) -> Result<(), ProjectError> {
        let position = reached(build.id, &self.pool).await?;
        if build.state != State::Following {
            if position >= build.goal {
                index(&self.pool, &self.database, model, build).await?;
                self.moved.notify_one();
            }
            return Ok(());
        }
        let serving = all
            .iter()
            .find(|it| it.serving && it.model == build.model && it.version == build.version);
        let ahead = match serving {
            Some(serving) => reached(serving.id, &self.pool).await?,
            None => Position::START,
        };
        if position.0 + CLOSE >= ahead.0 {
            generation::swap(&self.pool, model, build.id).await?;
            self.moved.notify_one();
            info!(model = model.name, generation = build.id, "the read model is swapped");
        }
        Ok(())
    }
}

/// Only one worker does it; whoever finds it half done begins again.
async fn index(
    pool: &PgPool,
    database: &PgConnectOptions,
    model: &Model,
    build: &Generation,
) -> Result<(), ProjectError> {
    let mut connection = PgConnection::connect_with(database).await?;
    let id = i32::try_from(build.id).unwrap_or(i32::MAX);
    let mine = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1, $2) AS "mine!""#, LOCK, id)
        .fetch_one(&mut connection)
        .await?;
    if mine {
        sqlx::query!(
            "UPDATE ops.generation SET state = 'indexing' WHERE id = $1 AND state = 'filling'",
            build.id
        )
        .execute(pool)
        .await?;
        generation::complete(&mut connection, model, build.id).await?;
        info!(model = model.name, generation = build.id, "the read model is complete");
    }
    Ok(connection.close().await?)
}
