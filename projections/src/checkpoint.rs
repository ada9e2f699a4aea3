//! How far each part of each build has come, and who may move it.

use event_store::Position;
use sqlx::{Connection, PgConnection, PgExecutor};

use crate::{
    CHANNEL, Model,
    lease::{Key, Lease},
};

/// Where a unit stands, and where its tables lie.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) position: Position,
    pub(crate) epoch: i64,
    pub(crate) schema: String,
    pub(crate) serving: bool,
    pub(crate) partitions: i16,
    pub(crate) filling: bool,
}

/// Makes this lease's token the one that may move the checkpoint; `None` when a later lease has come before. Waits for
/// the transaction of an earlier holder to end.
pub(crate) async fn claim(lease: Lease, connection: &mut PgConnection) -> Result<Option<Place>, sqlx::Error> {
    let mut tx = connection.begin().await?;
    let Some(mine) = sqlx::query!(
        "UPDATE ops.checkpoint SET token = $3 WHERE generation = $1 AND partition = $2 AND token <= $3
         RETURNING position, epoch",
        lease.key.generation,
        lease.key.partition,
        lease.token
    )
    .fetch_optional(&mut *tx)
    .await?
    else {
        return Ok(None);
    };
    // A statement of its own: one that had to wait for a swap would show the checkpoint after it, and the build before.
    let build = sqlx::query!(
        "SELECT schema, serving, partitions, state FROM ops.generation WHERE id = $1",
        lease.key.generation
    )
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Some(Place {
        position: from_column(mine.position),
        epoch: mine.epoch,
        schema: build.schema,
        serving: build.serving,
        partitions: build.partitions,
        filling: build.state == "filling",
    }))
}

/// A step of a checkpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) to: Position,
    pub(crate) events: usize,
}

/// Moves the checkpoint in the transaction of the rows, and announces it when the build serves; `false` when it is not
/// where it was left, or no longer ours to move. Its row is the lock that keeps a second worker from writing the same
/// rows.
pub(crate) async fn advance(
    model: &Model,
    lease: Lease,
    place: &Place,
    step: Step,
    tx: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let Key { generation, partition } = lease.key;
    let notice = format!("{}:{partition}:{}", model.label(), step.to);
    let moved = sqlx::query_scalar!(
        "WITH moved AS (
            UPDATE ops.checkpoint SET position = $3, events = events + $4, moved_at = clock_timestamp()
            WHERE generation = $1 AND partition = $2 AND position = $5 AND token = $6 AND epoch = $7
            RETURNING generation
        )
        SELECT CASE WHEN $8 THEN pg_notify($9, $10) IS NULL ELSE TRUE END FROM moved",
        generation,
        partition,
        to_column(step.to),
        i64::try_from(step.events).unwrap_or(i64::MAX),
        to_column(place.position),
        lease.token,
        place.epoch,
        place.serving,
        CHANNEL,
        notice
    )
    .fetch_optional(tx)
    .await?;
    Ok(moved.is_some())
}

/// A part of a serving build, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Name of the model.
    pub model: String,
    /// Its version.
    pub version: i32,
    /// Which part.
    pub partition: i16,
    /// The last event that shows.
    pub position: Position,
}

/// How far the serving builds are, part by part.
///
/// # Errors
/// When Postgres does not answer.
pub async fn serving(executor: impl PgExecutor<'_>) -> Result<Vec<Served>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT it.model, it.version, part.partition, part.position
         FROM ops.generation AS it JOIN ops.checkpoint AS part ON part.generation = it.id
         WHERE it.serving ORDER BY it.model, it.version, part.partition"
    )
    .fetch_all(executor)
    .await?;
    let served = rows.into_iter().map(|it| Served {
        model: it.model,
        version: it.version,
        partition: it.partition,
        position: from_column(it.position),
    });
    Ok(served.collect())
}

/// Positions are far below `i64::MAX`; a larger one would mean a log of nine quintillion bytes.
pub(crate) fn to_column(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

pub(crate) fn from_column(position: i64) -> Position {
    Position(u64::try_from(position).unwrap_or_default())
}
