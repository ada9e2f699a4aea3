//! Brings builds that are filled to their end: indexes, then their place.

use std::time::Duration;

use event_store::Position;
use sqlx::{Connection, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::{
    Model, ProjectError,
    checkpoint::from_column,
    generation::{self, Generation, State},
};

const LOOK: Duration = Duration::from_millis(200);
/// After trouble: a swap that does not come about keeps readers and writers waiting each time it is tried.
const PAUSE: Duration = Duration::from_secs(2);
/// Positions that a build may lie behind the serving one when the swap begins.
const CLOSE: u64 = 2_000;
/// First half of the advisory locks on builds.
const LOCK: i32 = 0x6c_65_74_6f;

/// Looks after the builds of these models, or after a single one of them, until it is dropped.
pub(crate) async fn tend(pool: PgPool, database: PgConnectOptions, models: Vec<Model>, only: Option<i64>) {
    loop {
        let pause = match look(&pool, &database, &models, only).await {
            Ok(()) => LOOK,
            Err(error) => {
                warn!(%error, "builds of read models wait");
                PAUSE
            }
        };
        sleep(pause).await;
    }
}

async fn look(
    pool: &PgPool,
    database: &PgConnectOptions,
    models: &[Model],
    only: Option<i64>,
) -> Result<(), ProjectError> {
    let all = generation::all(pool).await?;
    for build in all.iter().filter(|it| only.is_none_or(|only| it.id == only)) {
        let model = models
            .iter()
            .find(|it| it.name == build.model && it.version == build.version);
        let (Some(model), true) = (model, build.state != State::Following || build.swaps) else {
            continue;
        };
        let reached = reached(build.id, pool).await?;
        if build.state != State::Following && reached >= build.goal {
            index(pool, database, model, build).await?;
        } else if build.state == State::Following && build.swaps {
            let serving = all
                .iter()
                .find(|it| it.serving && it.model == build.model && it.version == build.version);
            let ahead = match serving {
                Some(serving) => self::reached(serving.id, pool).await?,
                None => Position::START,
            };
            if reached.0 + CLOSE >= ahead.0 {
                generation::swap(pool, model, build.id).await?;
                info!(model = model.name, generation = build.id, "the read model is swapped");
            }
        }
    }
    Ok(())
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

async fn reached(id: i64, pool: &PgPool) -> Result<Position, sqlx::Error> {
    let least = sqlx::query_scalar!(
        r#"SELECT min(position) AS "least" FROM ops.checkpoint WHERE generation = $1"#,
        id
    );
    Ok(from_column(least.fetch_one(pool).await?.unwrap_or_default()))
}
