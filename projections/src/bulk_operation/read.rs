use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::{BulkItemRow, BulkRow};

/// The operations with these ids, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<BulkRow>, sqlx::Error> {
    sqlx::query_as!(
        BulkRow,
        r#"SELECT bulk_id, version, asked_by, action::text AS "action!", state, total, chosen, done, unchanged, refused,
            undone, kept, started_at, updated_at, ended_at, undone_at
        FROM bulk_operation WHERE bulk_id = ANY($1)"#,
        ids
    )
    .fetch_all(pool)
    .await
}

/// Operations that still go on, those that have waited longest for a turn first. One that names its tickets is among them
/// only if it began before `choosing_since`.
///
/// # Errors
/// When Postgres does not answer.
pub async fn open(
    pool: &PgPool,
    choosing_since: DateTime<Utc>,
    skipped: &[Uuid],
    limit: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT bulk_id FROM bulk_operation WHERE state IN ('choosing', 'running', 'undoing')
            AND (state <> 'choosing' OR started_at < $1) AND bulk_id <> ALL($2)
        ORDER BY updated_at, bulk_id LIMIT $3",
        choosing_since,
        skipped,
        limit
    )
    .fetch_all(pool)
    .await
}

/// Operations that somebody asked for, or anybody, the newest first; only those that go on, if so wished.
///
/// # Errors
/// When Postgres does not answer.
pub async fn newest(
    pool: &PgPool,
    asked_by: Option<&str>,
    open: bool,
    limit: i64,
) -> Result<Vec<BulkRow>, sqlx::Error> {
    sqlx::query_as!(
        BulkRow,
        r#"SELECT bulk_id, version, asked_by, action::text AS "action!", state, total, chosen, done, unchanged, refused,
            undone, kept, started_at, updated_at, ended_at, undone_at
        FROM bulk_operation
        WHERE ($1::text IS NULL OR asked_by = $1) AND (NOT $2 OR state IN ('choosing', 'running', 'undoing'))
        ORDER BY started_at DESC, bulk_id DESC LIMIT $3"#,
        asked_by,
        open,
        limit
    )
    .fetch_all(pool)
    .await
}

/// Which tickets of an operation are wanted.
#[derive(Debug, Clone)]
pub struct ItemPage {
    /// The operation.
    pub bulk_id: Uuid,
    /// Only those with this outcome; `pending` are those of which nothing has become, `kept` and `undone` tell of undoing.
    pub outcome: Option<&'static str>,
    /// Only places behind this one.
    pub after: i32,
    /// Only places before this one.
    pub before: i32,
    /// So many at most.
    pub limit: i64,
    /// The last of them rather than the first.
    pub from_end: bool,
}

/// Tickets of an operation, in its order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn items(pool: &PgPool, page: &ItemPage) -> Result<Vec<BulkItemRow>, sqlx::Error> {
    const FORWARD: &str =
        "SELECT ticket_id, seq, outcome, code, reason_ru, reason_en, undo, undo_code, undo_ru, undo_en
        FROM bulk_item WHERE bulk_id = $1 AND seq > $3 AND seq < $4
            AND ($2::text IS NULL OR COALESCE(outcome, 'pending') = $2 OR undo = $2)
        ORDER BY seq LIMIT $5";
    const BACKWARD: &str =
        "SELECT ticket_id, seq, outcome, code, reason_ru, reason_en, undo, undo_code, undo_ru, undo_en
        FROM bulk_item WHERE bulk_id = $1 AND seq > $3 AND seq < $4
            AND ($2::text IS NULL OR COALESCE(outcome, 'pending') = $2 OR undo = $2)
        ORDER BY seq DESC LIMIT $5";
    let mut rows: Vec<BulkItemRow> = sqlx::query_as(if page.from_end { BACKWARD } else { FORWARD })
        .bind(page.bulk_id)
        .bind(page.outcome)
        .bind(page.after)
        .bind(page.before)
        .bind(page.limit)
        .fetch_all(pool)
        .await?;
    if page.from_end {
        rows.reverse();
    }
    Ok(rows)
}
