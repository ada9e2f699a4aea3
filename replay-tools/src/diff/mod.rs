//! Whether two builds of a read model are the same, table by table and row by row, as one moment has them.
//!
//! Neither is kept from moving: both are read in one snapshot in which no event lies between them. Rows are streamed in
//! the order of their keys, so that the size of a table does not matter.

mod merge;
mod report;
mod tables;

use std::time::Duration;

use domain::{decider::Decider, ids::stream_name, read_model::ReadModel};
use event_store::{EventLog, LogError, Position};
use projections::Model;
pub use report::{Cell, Report, Row, Table};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};
use tokio::time::{Instant, sleep};

/// How long a moment is sought in which no event lies between the builds.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

/// Why builds cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// Postgres.
    #[error("postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// One of them is gone.
    #[error("generation {0} is gone: it was removed meanwhile")]
    Gone(i64),
    /// They never stood at the same event.
    #[error(
        "generations {live} and {rebuilt} stood at the same event at no moment of {} s: try again when less is written",
        PATIENCE.as_secs()
    )]
    Restless {
        /// The one build.
        live: i64,
        /// The other.
        rebuilt: i64,
    },
    /// A number that Postgres gave does not read.
    #[error("table {table} has a key that does not read: {key:?}")]
    Key {
        /// The table.
        table: String,
        /// What stands there.
        key: String,
    },
}

/// Where both builds lie at a moment at which they are to be the same.
struct Moment {
    live: String,
    rebuilt: String,
    position: Position,
}

/// Compares two builds of `model` row for row; waits for a moment in which no event lies between them. Of the rows that
/// differ, `told` are told.
///
/// # Errors
/// [`DiffError`]; that they differ is none.
pub async fn builds(
    pool: &PgPool,
    log: &EventLog,
    model: &Model,
    (live, rebuilt): (i64, i64),
    told: usize,
) -> Result<Report, DiffError> {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut one = snapshot(pool).await?;
        match moment(&mut one, log, model, (live, rebuilt)).await? {
            Some(moment) => return compare(pool, one, &moment, told).await,
            None if Instant::now() > until => return Err(DiffError::Restless { live, rebuilt }),
            None => one.rollback().await?,
        }
        sleep(LOOK).await;
    }
}

async fn snapshot(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
}

/// Both sides in one snapshot, each on a connection of its own.
async fn compare(
    pool: &PgPool,
    mut one: Transaction<'static, Postgres>,
    moment: &Moment,
    told: usize,
) -> Result<Report, DiffError> {
    let name = sqlx::query_scalar!(r#"SELECT pg_export_snapshot() AS "name!""#)
        .fetch_one(&mut *one)
        .await?;
    let mut other = snapshot(pool).await?;
    // No statement but this takes the name, and it takes it only as it stands; Postgres made it of digits and hyphens.
    let same = sqlx::raw_sql(AssertSqlSafe(format!("SET TRANSACTION SNAPSHOT '{name}'")));
    same.execute(&mut *other).await?;
    let (live, rebuilt) = (
        tables::of(&moment.live, &mut one).await?,
        tables::of(&moment.rebuilt, &mut other).await?,
    );
    let mut report = Report::at(moment.position);
    for table in &live {
        let left = told.saturating_sub(report.told());
        let twin = rebuilt.iter().find(|it| it.name == table.name);
        report.tables.push(match twin {
            Some(twin) if twin.columns == table.columns => {
                merge::merge((table, &mut one), (twin, &mut other), left).await?
            }
            Some(twin) => Table::of_another_shape(&table.name, &table.columns, &twin.columns),
            None => Table::alone(&table.name, "the rebuilt one lacks it"),
        });
    }
    for table in rebuilt.iter().filter(|it| live.iter().all(|live| live.name != it.name)) {
        report
            .tables
            .push(Table::alone(&table.name, "only the rebuilt one has it"));
    }
    Ok(report)
}

/// Where the builds lie, if nothing that concerns them lies between any of their parts.
async fn moment(
    snapshot: &mut PgConnection,
    log: &EventLog,
    model: &Model,
    (live, rebuilt): (i64, i64),
) -> Result<Option<Moment>, DiffError> {
    let one = place(live, snapshot).await?;
    let other = place(rebuilt, snapshot).await?;
    let (least, most) = (one.least.min(other.least), one.most.max(other.most));
    if least < most && is_concerned(log, model, least, most).await? {
        return Ok(None);
    }
    Ok(Some(Moment {
        live: one.schema,
        rebuilt: other.schema,
        position: most,
    }))
}

/// Whether an event, or a decision about one, lies behind `least` and not behind `most`.
async fn is_concerned(log: &EventLog, model: &Model, least: Position, most: Position) -> Result<bool, LogError> {
    let next = log.read_all(least, model.types, 1).await?;
    if next.first().is_some_and(|it| it.position <= most) {
        return Ok(true);
    }
    let decisions = stream_name(ReadModel::CATEGORY, ReadModel::id(model.name));
    let decisions = log.read_stream(&decisions, 0).await?;
    Ok(decisions.iter().any(|it| it.position > least && it.position <= most))
}

struct Place {
    schema: String,
    least: Position,
    most: Position,
}

async fn place(id: i64, snapshot: &mut PgConnection) -> Result<Place, DiffError> {
    let row = sqlx::query!(
        r#"SELECT it.schema, min(part.position) AS "least!", max(part.position) AS "most!"
         FROM ops.generation AS it JOIN ops.checkpoint AS part ON part.generation = it.id
         WHERE it.id = $1 GROUP BY it.schema"#,
        id
    )
    .fetch_optional(snapshot)
    .await?
    .ok_or(DiffError::Gone(id))?;
    let position = |it: i64| Position(u64::try_from(it).unwrap_or_default());
    Ok(Place {
        schema: row.schema,
        least: position(row.least),
        most: position(row.most),
    })
}
