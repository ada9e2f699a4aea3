//! Events that cannot be applied, and those that wait behind them in their stream.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use event_store::Position;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::{
    Model,
    batch::Fact,
    checkpoint::{from_column, to_column},
    lease::Key,
};

/// An event that waits, and for what.
#[derive(Debug, Clone, PartialEq)]
pub struct Parked {
    /// Build that lacks it.
    pub generation: i64,
    /// Name of the model.
    pub model: String,
    /// Version of the model.
    pub version: i32,
    /// The id in the stream's name.
    pub stream_id: Uuid,
    /// Its stream.
    pub stream: String,
    /// Place in its stream.
    pub revision: u64,
    /// Place in the log.
    pub position: Position,
    /// Its stored type.
    pub event_type: String,
    /// Why it could not be applied; `None` for one that waits behind such a one.
    pub reason: Option<String>,
    /// Since when.
    pub parked_at: DateTime<Utc>,
}

/// Everything that waits, by build and place in the log; of one model only, when named.
///
/// # Errors
/// When Postgres does not answer.
pub async fn list(executor: impl PgExecutor<'_>, model: Option<&str>) -> Result<Vec<Parked>, sqlx::Error> {
    first(executor, model, i64::MAX).await
}

/// The same, at most so many.
///
/// # Errors
/// When Postgres does not answer.
pub async fn first(executor: impl PgExecutor<'_>, model: Option<&str>, limit: i64) -> Result<Vec<Parked>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT it.generation, of.model, of.version, it.stream_id, it.stream, it.revision, it.position, it.event_type,
            it.reason, it.parked_at
         FROM ops.parked AS it JOIN ops.generation AS of ON of.id = it.generation
         WHERE $1::text IS NULL OR of.model = $1
         ORDER BY it.generation, it.position LIMIT $2",
        model,
        limit
    )
    .fetch_all(executor)
    .await?;
    let parked = rows.into_iter().map(|row| Parked {
        generation: row.generation,
        model: row.model,
        version: row.version,
        stream_id: row.stream_id,
        stream: row.stream,
        revision: u64::try_from(row.revision).unwrap_or_default(),
        position: from_column(row.position),
        event_type: row.event_type,
        reason: row.reason,
        parked_at: row.parked_at,
    });
    Ok(parked.collect())
}

/// How many streams the serving build of each of these models holds back.
///
/// # Errors
/// When Postgres does not answer.
pub async fn held(executor: impl PgExecutor<'_>, models: &[Model]) -> Result<Vec<(&'static str, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT of.model, of.version, count(DISTINCT it.stream_id) AS "streams!"
         FROM ops.parked AS it JOIN ops.generation AS of ON of.id = it.generation
         WHERE of.serving GROUP BY of.model, of.version"#
    )
    .fetch_all(executor)
    .await?;
    let held = models.iter().map(|model| {
        let row = rows
            .iter()
            .find(|it| it.model == model.name && it.version == model.version);
        (model.name, row.map_or(0, |it| it.streams))
    });
    Ok(held.collect())
}

/// The streams that a unit holds back.
pub(crate) async fn streams(key: Key, connection: &mut PgConnection) -> Result<HashSet<Uuid>, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        "SELECT DISTINCT stream_id FROM ops.parked WHERE generation = $1 AND partition = $2",
        key.generation,
        key.partition
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// What waits of some streams, or of all: stream, revision and position of each event, in the order of the log.
pub(crate) async fn of(
    key: Key,
    stream_id: Option<Uuid>,
    connection: &mut PgConnection,
) -> Result<Vec<(String, u64, Position)>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT stream, revision, position FROM ops.parked
         WHERE generation = $1 AND partition = $2 AND ($3::uuid IS NULL OR stream_id = $3) ORDER BY position",
        key.generation,
        key.partition,
        stream_id
    )
    .fetch_all(connection)
    .await?;
    let waiting = rows.into_iter().map(|it| {
        let revision = u64::try_from(it.revision).unwrap_or_default();
        (it.stream, revision, from_column(it.position))
    });
    Ok(waiting.collect())
}

/// Keeps these events back, each with the reason why, if it is the cause.
pub(crate) async fn park(key: Key, facts: &[(&Fact, Option<&str>)], tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let places: Vec<_> = facts.iter().map(|(fact, _)| fact.place()).collect();
    let ids: Vec<Uuid> = places.iter().map(|it| it.stream_id).collect();
    let positions: Vec<i64> = places.iter().map(|it| to_column(it.position)).collect();
    let streams: Vec<String> = places.iter().map(|it| it.stream.clone()).collect();
    let revisions: Vec<i64> = places.iter().map(|it| to_column(Position(it.revision))).collect();
    let types: Vec<String> = places.iter().map(|it| it.event_type.clone()).collect();
    let reasons: Vec<Option<String>> = facts.iter().map(|(_, why)| why.map(str::to_owned)).collect();
    sqlx::query!(
        "INSERT INTO ops.parked (generation, partition, stream_id, position, stream, revision, event_type, reason)
         SELECT $1, $2, * FROM UNNEST($3::uuid[], $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::text[])
         ON CONFLICT (generation, position) DO UPDATE SET reason = COALESCE(EXCLUDED.reason, parked.reason)",
        key.generation,
        key.partition,
        &ids,
        &positions,
        &streams,
        &revisions,
        &types,
        &reasons as &[Option<String>]
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The event at this position waits no longer.
pub(crate) async fn free(key: Key, position: Position, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM ops.parked WHERE generation = $1 AND position = $2",
        key.generation,
        to_column(position)
    )
    .execute(tx)
    .await?;
    Ok(())
}
