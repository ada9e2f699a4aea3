//! The builds of each read model: made, filled beside the serving one, swapped for it, removed.

mod error;
mod list;
mod scratch;

use std::time::Duration;

use event_store::Position;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use tokio::time::{Instant, sleep};
use tracing::warn;

pub use error::GenerationError;
use list::of_version;
pub(crate) use list::reached;
pub use list::{Generation, State, all};
pub(crate) use scratch::sweep;
pub use scratch::{Scratch, begin_scratch};

use crate::{
    Model, ProjectError, analytics,
    checkpoint::{from_column, to_column},
    late,
    lease::TERM,
    model::schema,
};

/// Serialises whoever makes builds in one database: "letopis" in ASCII.
const LOCK: i64 = 0x6c_65_74_6f_70_69_73;
/// How long a swap keeps the serving build standing.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(5);

/// Begins a build of each model that has none of its version. On an empty log it is complete at once.
///
/// # Errors
/// When Postgres does not answer.
pub async fn ensure(pool: &PgPool, models: &[Model], head: Position) -> Result<(), ProjectError> {
    sweep(pool).await?;
    let present = all(pool).await?;
    let missing = |model: &&Model| {
        !present
            .iter()
            .any(|it| !it.scratch && it.model == model.name && it.version == model.version)
    };
    if !models.iter().any(|it| missing(&it)) {
        analytics::grant(pool).await?;
        return Ok(());
    }
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    for model in models {
        if of_version(model, &mut *tx).await?.is_empty() {
            let id = make(model, 1, head, Purpose::Serves, &mut tx).await?;
            if head == Position::START {
                index(model, id, &mut tx).await?;
                analytics::show(model, &beside(model, id), &mut tx).await?;
                put_in_place(model, id, &mut tx).await?;
            }
        }
    }
    Ok(tx.commit().await?)
}

/// Begins a build beside the serving one and returns its id; `swaps` when it is to take its place.
///
/// # Errors
/// [`GenerationError::Building`].
pub async fn begin(
    pool: &PgPool,
    model: &Model,
    partitions: i16,
    head: Position,
    swaps: bool,
) -> Result<i64, ProjectError> {
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    refuse_second(model, &mut tx).await?;
    let purpose = if swaps { Purpose::Serves } else { Purpose::Waits };
    let id = make(model, partitions, head, purpose, &mut tx).await?;
    tx.commit().await?;
    Ok(id)
}

/// One at a time.
async fn refuse_second(model: &Model, tx: &mut PgConnection) -> Result<(), ProjectError> {
    let present = of_version(model, tx).await?;
    let building = present.iter().find(|it| it.state != State::Following);
    building.map_or(Ok(()), |it| {
        let error = GenerationError::Building {
            model: model.name.to_owned(),
            version: model.version,
            id: it.id,
        };
        Err(error.into())
    })
}

/// Makes the indexes that only readers need, and says so. Once more changes nothing.
pub(crate) async fn complete(connection: &mut PgConnection, model: &Model, id: i64) -> Result<(), ProjectError> {
    let mut tx = connection.begin().await?;
    let open = sqlx::query_scalar!(
        "SELECT id FROM ops.generation WHERE id = $1 AND state <> 'following' FOR NO KEY UPDATE",
        id
    );
    if open.fetch_optional(&mut *tx).await?.is_some() {
        index(model, id, &mut tx).await?;
    }
    Ok(tx.commit().await?)
}

/// Puts a complete build in the place of the one that serves its version, which stays beside it; in one transaction.
///
/// The serving one stands still until the other has come as far, so that no reader sees an older state.
///
/// # Errors
/// [`GenerationError`], and when Postgres does not answer.
pub async fn swap(pool: &PgPool, model: &Model, id: i64) -> Result<(), ProjectError> {
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    let present = of_version(model, &mut *tx).await?;
    let Some(next) = present.iter().find(|it| it.id == id) else {
        return Err(no_such(model, id, &present).into());
    };
    if next.state != State::Following {
        return Err(GenerationError::Incomplete(id).into());
    }
    // First, since whoever reads the views may take long, and nothing is to stand still for that.
    analytics::show(model, &next.schema, &mut tx).await?;
    let serving = present.iter().find(|it| it.serving && it.id != id);
    if let Some(serving) = serving {
        let held = halt(serving.id, &mut tx).await?;
        wait_for(id, held, pool).await?;
    }
    halt(id, &mut tx).await?;
    if let Some((former, reached)) = former(model, id, &mut tx).await? {
        late::inherit(id, former, reached, &mut tx).await?;
    }
    put_in_place(model, id, &mut tx).await?;
    Ok(tx.commit().await?)
}

/// The build whose readers will read this one, and how far it is: that of this version, else what serves of another.
async fn former(model: &Model, id: i64, tx: &mut PgConnection) -> Result<Option<(i64, Position)>, sqlx::Error> {
    let found = sqlx::query!(
        r#"SELECT it.id, max(part.position) AS "reached!"
         FROM ops.generation AS it JOIN ops.checkpoint AS part ON part.generation = it.id
         WHERE it.model = $1 AND it.id <> $2 AND (it.serving AND it.version = $3 OR it.current)
         GROUP BY it.id, it.version ORDER BY it.version = $3 DESC LIMIT 1"#,
        model.name,
        id,
        model.version
    )
    .fetch_optional(tx)
    .await?;
    Ok(found.map(|it| (it.id, from_column(it.reached))))
}

/// Waits until a build has come as far as the one that it is to replace.
async fn wait_for(id: i64, position: Position, pool: &PgPool) -> Result<(), ProjectError> {
    let mut connection = pool.acquire().await?;
    let until = Instant::now() + PATIENCE;
    while reached(id, &mut *connection).await? < position {
        if Instant::now() > until {
            return Err(GenerationError::Behind(id).into());
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Removes the builds of a model that neither serve nor are shown to analysts, tables and all; tells which. What serves a
/// program of another version stays as long as one of its workers lives, and the way back from tables that are gone too.
///
/// # Errors
/// When Postgres does not answer.
pub async fn release(pool: &PgPool, model: &Model) -> Result<Vec<i64>, ProjectError> {
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    let idle = sqlx::query!(
        "SELECT id, schema, version FROM ops.generation AS it WHERE model = $1 AND state = 'following' AND NOT current
         AND NOT scratch AND (version <> $2 OR NOT serving)
         AND NOT (serving AND EXISTS (
             SELECT FROM ops.worker WHERE it.model || ':' || it.version = ANY(models)
                 AND seen_at > clock_timestamp() - make_interval(secs => $3)
         ))
         ORDER BY id",
        model.name,
        model.version,
        TERM.as_secs_f64()
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut removed = Vec::with_capacity(idle.len());
    for it in idle {
        let way_back = it.version == model.version && lacks_tables(&model.schema(), &it.schema, &mut tx).await?;
        if !way_back {
            remove(it.id, &it.schema, &mut tx).await?;
            removed.push(it.id);
        }
    }
    tx.commit().await?;
    Ok(removed)
}

/// Gives up a build that is not complete; tells whether there was one.
///
/// # Errors
/// When Postgres does not answer.
pub async fn abandon(pool: &PgPool, model: &Model) -> Result<Option<i64>, ProjectError> {
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    let present = of_version(model, &mut *tx).await?;
    let building = present.into_iter().find(|it| it.state != State::Following);
    if let Some(building) = &building {
        remove(building.id, &building.schema, &mut tx).await?;
    }
    tx.commit().await?;
    Ok(building.map(|it| it.id))
}

/// Removes one build, whatever its state, unless it serves or is shown to analysts; tells whether it did.
///
/// # Errors
/// When Postgres does not answer.
pub async fn discard(pool: &PgPool, id: i64) -> Result<bool, ProjectError> {
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    let idle = sqlx::query_scalar!(
        "SELECT schema FROM ops.generation WHERE id = $1 AND NOT serving AND NOT current",
        id
    );
    let idle = idle.fetch_optional(&mut *tx).await?;
    if let Some(schema) = &idle {
        remove(id, schema, &mut tx).await?;
    }
    tx.commit().await?;
    Ok(idle.is_some())
}

/// Says anew whether a build that does not serve is to take the serving one's place.
///
/// # Errors
/// When Postgres does not answer.
pub async fn destine(pool: &PgPool, id: i64, swaps: bool) -> Result<(), ProjectError> {
    sqlx::query!(
        "UPDATE ops.generation SET swaps = $2 WHERE id = $1 AND NOT serving AND NOT scratch",
        id,
        swaps
    )
    .execute(pool)
    .await?;
    Ok(())
}

pub(crate) fn no_such(model: &Model, wanted: i64, present: &[Generation]) -> GenerationError {
    let known: Vec<String> = present
        .iter()
        .filter(|it| it.model == model.name)
        .map(|it| format!("{} (version {}, {})", it.id, it.version, it.state.as_str()))
        .collect();
    GenerationError::NoSuch {
        model: model.name.to_owned(),
        wanted: wanted.to_string(),
        known: known.join(", "),
    }
}

async fn lock(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", LOCK)
        .execute(tx)
        .await?;
    Ok(())
}

/// What a build is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To serve as soon as it can.
    Serves,
    /// To serve when somebody says so.
    Waits,
    /// To be compared with the one that serves, and removed.
    IsCompared,
}

/// A row, a schema with empty tables, and a checkpoint for each part.
async fn make(
    model: &Model,
    partitions: i16,
    goal: Position,
    purpose: Purpose,
    tx: &mut PgConnection,
) -> Result<i64, ProjectError> {
    let id = sqlx::query_scalar!(
        "INSERT INTO ops.generation (model, version, schema, state, swaps, scratch, partitions, goal)
         VALUES ($1, $2, '', 'filling', $3, $4, $5, $6) RETURNING id",
        model.name,
        model.version,
        purpose == Purpose::Serves,
        purpose == Purpose::IsCompared,
        partitions,
        to_column(goal)
    )
    .fetch_one(&mut *tx)
    .await?;
    let schema = beside(model, id);
    sqlx::query!("UPDATE ops.generation SET schema = $2 WHERE id = $1", id, schema)
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO ops.checkpoint (generation, partition)
         SELECT $1, part::smallint FROM generate_series(0, $2::integer - 1) AS part",
        id,
        i32::from(partitions)
    )
    .execute(&mut *tx)
    .await?;
    run(format!("CREATE SCHEMA {schema}"), tx).await?;
    within(&schema, model.tables, tx).await?;
    Ok(id)
}

/// Schema with tables of this version: the serving build's, else another's, else one made in this transaction; analysts'
/// views are there as well.
pub(crate) async fn readable(model: &Model, tx: &mut PgConnection) -> Result<String, ProjectError> {
    let present = of_version(model, &mut *tx).await?;
    if let Some(serving) = present.iter().find(|it| it.serving) {
        return Ok(serving.schema.clone());
    }
    let schema = match present.into_iter().next() {
        Some(other) => other.schema,
        None => beside(model, make(model, 1, Position::START, Purpose::Waits, tx).await?),
    };
    analytics::show(model, &schema, tx).await?;
    Ok(schema)
}

async fn index(model: &Model, id: i64, tx: &mut PgConnection) -> Result<(), ProjectError> {
    within(&beside(model, id), model.indexes, tx).await?;
    sqlx::query!("UPDATE ops.generation SET state = 'following' WHERE id = $1", id)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// Renames schemas, so that this build is found where its version is read; views that show it stay with it.
async fn put_in_place(model: &Model, id: i64, tx: &mut PgConnection) -> Result<(), ProjectError> {
    let place = model.schema();
    let present = of_version(model, &mut *tx).await?;
    let new = present.iter().find(|it| it.id == id);
    if let Some(old) = present.iter().find(|it| it.serving && it.id != id) {
        let schema = new.map_or("", |it| &it.schema);
        if lacks_tables(&old.schema, schema, tx).await? {
            warn!(
                model = model.name,
                generation = old.id,
                "the build lacks tables: it is removed, being no way back"
            );
            remove(old.id, &old.schema, tx).await?;
        } else {
            move_to(old, &beside(model, old.id), tx).await?;
        }
    }
    if let Some(new) = new.filter(|it| it.schema != place) {
        move_to(new, &place, tx).await?;
    }
    // Two statements: a unique index looks at each row as it is written.
    sqlx::query!(
        "UPDATE ops.generation SET current = FALSE, serving = serving AND version <> $2 WHERE model = $1",
        model.name,
        model.version
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE ops.generation SET serving = TRUE, current = TRUE, swaps = FALSE WHERE id = $1",
        id
    )
    .execute(&mut *tx)
    .await?;
    let notice = format!("{}:{}", model.label(), crate::SWAPPED);
    sqlx::query!("SELECT pg_notify($1, $2)", crate::CHANNEL, notice)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// Somebody has taken tables out of a build, or all of it, by hand: another one has tables that it has not.
async fn lacks_tables(schema: &str, other: &str, tx: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
            SELECT tablename FROM pg_tables WHERE schemaname = $2
            EXCEPT SELECT tablename FROM pg_tables WHERE schemaname = $1
        ) AS "lacks!""#,
        schema,
        other
    )
    .fetch_one(tx)
    .await
}

async fn move_to(generation: &Generation, schema: &str, tx: &mut PgConnection) -> Result<(), ProjectError> {
    run(format!("ALTER SCHEMA {} RENAME TO {schema}", generation.schema), tx).await?;
    sqlx::query!(
        "UPDATE ops.generation SET schema = $2 WHERE id = $1",
        generation.id,
        schema
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Lets no worker of the build commit until this transaction ends, and makes it look anew then; tells how far its
/// fastest part is.
async fn halt(id: i64, tx: &mut PgConnection) -> Result<Position, sqlx::Error> {
    let reached = sqlx::query_scalar!(
        "UPDATE ops.checkpoint SET epoch = epoch + 1 WHERE generation = $1 RETURNING position",
        id
    );
    let furthest = reached.fetch_all(&mut *tx).await?.into_iter().max();
    Ok(from_column(furthest.unwrap_or_default()))
}

/// First its checkpoints, then its tables: a worker locks them in this order too.
async fn remove(id: i64, schema: &str, tx: &mut PgConnection) -> Result<(), ProjectError> {
    sqlx::query!("DELETE FROM ops.generation WHERE id = $1", id)
        .execute(&mut *tx)
        .await?;
    run(format!("DROP SCHEMA IF EXISTS {schema} CASCADE"), tx).await
}

fn beside(model: &Model, id: i64) -> String {
    format!("{}_g{id}", schema(model.name, model.version))
}

/// Runs a model's own SQL where its names without schema mean `schema`, in this transaction.
pub(crate) async fn within(schema: &str, sql: &'static str, tx: &mut PgConnection) -> Result<(), ProjectError> {
    run(format!("SET LOCAL search_path TO {schema}"), tx).await?;
    tx.execute(sqlx::raw_sql(sql)).await?;
    run("SET LOCAL search_path TO DEFAULT".to_owned(), tx).await
}

/// Names of schemas are made of the program's own words and numbers.
async fn run(sql: String, tx: &mut PgConnection) -> Result<(), ProjectError> {
    tx.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    Ok(())
}
