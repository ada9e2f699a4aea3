//! How far each projection has come.

use event_store::Position;
use sqlx::{PgConnection, PgExecutor};

use crate::{CHANNEL, ProjectError, Projection};

/// The position after which `projection` goes on; makes its row when there is none.
///
/// # Errors
/// When Postgres does not answer, or the tables have another shape.
pub async fn load(projection: &dyn Projection, tx: &mut PgConnection) -> Result<Position, ProjectError> {
    sqlx::query!(
        "INSERT INTO ops.checkpoint (projection, version, position) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
        projection.name(),
        projection.version()
    )
    .execute(&mut *tx)
    .await?;
    let row = sqlx::query!(
        "SELECT position, version FROM ops.checkpoint WHERE projection = $1",
        projection.name()
    )
    .fetch_one(tx)
    .await?;
    if row.version == projection.version() {
        Ok(from_column(row.position))
    } else {
        let (projection, made) = (projection.name(), projection.version());
        Err(ProjectError::Shape {
            projection,
            stored: row.version,
            made,
        })
    }
}

/// Every projection's position, by name.
///
/// # Errors
/// When Postgres does not answer.
pub async fn all(executor: impl PgExecutor<'_>) -> Result<Vec<(String, Position)>, sqlx::Error> {
    let rows = sqlx::query!("SELECT projection, position FROM ops.checkpoint ORDER BY projection")
        .fetch_all(executor)
        .await?;
    Ok(rows
        .into_iter()
        .map(|it| (it.projection, from_column(it.position)))
        .collect())
}

/// Moves the checkpoint and announces it, in the transaction of the rows. The old position guards against a second
/// worker that has moved it meanwhile.
pub(crate) async fn advance(
    projection: &dyn Projection,
    from: Position,
    to: Position,
    tx: &mut PgConnection,
) -> Result<(), ProjectError> {
    let announced = sqlx::query_scalar!(
        r#"WITH moved AS (
            UPDATE ops.checkpoint SET position = $3 WHERE projection = $1 AND position = $2 RETURNING projection
        )
        SELECT pg_notify($4, projection || ':' || $3::text) IS NULL FROM moved"#,
        projection.name(),
        to_column(from),
        to_column(to),
        CHANNEL
    )
    .fetch_optional(tx)
    .await?;
    if announced.is_some() {
        Ok(())
    } else {
        Err(ProjectError::Outrun {
            projection: projection.name(),
        })
    }
}

/// Positions are far below `i64::MAX`; a larger one would mean a log of nine quintillion bytes.
pub(crate) fn to_column(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

pub(crate) fn from_column(position: i64) -> Position {
    Position(u64::try_from(position).unwrap_or_default())
}
