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

/// Up to how many events that wait are counted, in each part of a build: to count all that wait after a bad day would
/// take longer than whoever asks can wait.
pub const COUNTED: i64 = 1_000;

/// Characters of a reason, a type or a name of a stream that are kept at most.
const LONGEST: usize = 2_000;

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

/// Which of the events that wait.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Of one model, by its name.
    pub model: Option<&'a str>,
    /// Of one stream, by the id in its name.
    pub stream_id: Option<Uuid>,
    /// At one place in the log.
    pub position: Option<Position>,
}

impl<'a> Wanted<'a> {
    /// Those of a model, or of all.
    pub fn of(model: Option<&'a str>) -> Self {
        Self {
            model,
            ..Self::default()
        }
    }
}

/// What waits, by build and place in the log: at most so many behind the one of this build and place.
///
/// # Errors
/// When Postgres does not answer.
pub async fn page(
    executor: impl PgExecutor<'_>,
    wanted: Wanted<'_>,
    after: Option<(i64, Position)>,
    limit: i64,
) -> Result<Vec<Parked>, sqlx::Error> {
    let (generation, position) = after.unwrap_or_default();
    let rows = sqlx::query!(
        "SELECT it.generation, of.model, of.version, it.stream_id, it.stream, it.revision, it.position, it.event_type,
            it.reason, it.parked_at
         FROM ops.parked AS it JOIN ops.generation AS of ON of.id = it.generation
         WHERE ($1::text IS NULL OR of.model = $1) AND ($2::uuid IS NULL OR it.stream_id = $2)
             AND ($3::bigint IS NULL OR it.position = $3) AND (it.generation, it.position) > ($4, $5)
         ORDER BY it.generation, it.position LIMIT $6",
        wanted.model,
        wanted.stream_id,
        wanted.position.map(to_column),
        generation,
        to_column(position),
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

/// The builds of a model that have passed this place in the log, and do not hold the event there back: they show it.
///
/// # Errors
/// When Postgres does not answer.
pub async fn shown_by(executor: impl PgExecutor<'_>, model: &str, position: Position) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT it.id FROM ops.generation AS it
         WHERE it.model = $1 AND NOT it.scratch
             AND EXISTS (SELECT FROM ops.checkpoint AS part WHERE part.generation = it.id AND part.position >= $2)
             AND NOT EXISTS (SELECT FROM ops.parked AS held WHERE held.generation = it.id AND held.position = $2)
         ORDER BY it.id",
        model,
        to_column(position)
    )
    .fetch_all(executor)
    .await
}

/// How many streams the serving build of each of these models holds back, of the first [`COUNTED`] events.
///
/// # Errors
/// When Postgres does not answer.
pub async fn held(executor: impl PgExecutor<'_>, models: &[Model]) -> Result<Vec<(&'static str, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT of.model, of.version, held.streams AS "streams!"
         FROM ops.generation AS of
         CROSS JOIN LATERAL (
            SELECT count(DISTINCT first.stream_id) AS streams FROM (
                SELECT it.stream_id FROM ops.parked AS it WHERE it.generation = of.id ORDER BY it.stream_id LIMIT $1
            ) AS first
         ) AS held
         WHERE of.serving"#,
        COUNTED
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

/// The next streams that a unit holds back, in the order of their ids.
pub(crate) async fn next_streams(
    key: Key,
    after: Option<Uuid>,
    limit: usize,
    connection: &mut PgConnection,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT DISTINCT stream_id FROM ops.parked
         WHERE generation = $1 AND partition = $2 AND ($3::uuid IS NULL OR stream_id > $3) ORDER BY stream_id LIMIT $4",
        key.generation,
        key.partition,
        after,
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .fetch_all(connection)
    .await
}

/// What waits of some streams: stream, revision and position of each event, in the order of the log.
pub(crate) async fn of(
    key: Key,
    stream_ids: &[Uuid],
    connection: &mut PgConnection,
) -> Result<Vec<(String, u64, Position)>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT stream, revision, position FROM ops.parked
         WHERE generation = $1 AND partition = $2 AND stream_id = ANY($3) ORDER BY position",
        key.generation,
        key.partition,
        stream_ids
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
pub(crate) async fn park(
    key: Key,
    facts: &[(&Fact, Option<String>)],
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let places: Vec<_> = facts.iter().map(|(fact, _)| fact.place()).collect();
    let ids: Vec<Uuid> = places.iter().map(|it| it.stream_id).collect();
    let positions: Vec<i64> = places.iter().map(|it| to_column(it.position)).collect();
    let streams: Vec<String> = places.iter().map(|it| fit(&it.stream)).collect();
    let revisions: Vec<i64> = places.iter().map(|it| to_column(Position(it.revision))).collect();
    let types: Vec<String> = places.iter().map(|it| fit(&it.event_type)).collect();
    let reasons: Vec<Option<String>> = facts.iter().map(|(_, why)| why.as_deref().map(fit)).collect();
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

/// As Postgres takes it: what a stranger wrote may hold what it refuses, and an event that could not be parked would stop
/// everything.
fn fit(text: &str) -> String {
    let fits = text.chars().take(LONGEST);
    fits.map(|it| if it == '\0' { char::REPLACEMENT_CHARACTER } else { it })
        .collect()
}

/// The events at these positions wait no longer.
pub(crate) async fn free(
    key: Key,
    positions: impl Iterator<Item = Position>,
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let positions: Vec<i64> = positions.map(to_column).collect();
    sqlx::query!(
        "DELETE FROM ops.parked WHERE generation = $1 AND position = ANY($2)",
        key.generation,
        &positions
    )
    .execute(tx)
    .await?;
    Ok(())
}
