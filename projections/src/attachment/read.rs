use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::AttachmentRow;

/// The files with these ids, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<AttachmentRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM attachment WHERE attachment_id = ANY($1)")
        .bind(ids)
        .fetch_all(pool)
        .await
}

/// What is to be done about files, each with its most urgent ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// A scanner is to see it.
    Scan,
    /// A small picture is to be made.
    Preview,
    /// It is to be taken away: no message has taken it up since that instant.
    Orphan(DateTime<Utc>),
    /// Its bytes are to be deleted.
    Removal,
}

/// The files with which something is to be done, the oldest first, but for those that are to be left alone now.
///
/// # Errors
/// When Postgres does not answer.
pub async fn due(pool: &PgPool, what: Due, alone: &[Uuid], limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    const SCAN: &str = "SELECT attachment_id FROM attachment
        WHERE scan = 'pending' AND discarded_at IS NULL AND NOT forgotten AND attachment_id <> ALL($2)
        ORDER BY stored_at LIMIT $1";
    const PREVIEW: &str = "SELECT attachment_id FROM attachment
        WHERE preview = 'untried' AND stored_at IS NOT NULL AND discarded_at IS NULL AND content_type LIKE 'image/%'
            AND NOT forgotten AND scan IN ('unscanned', 'clean') AND attachment_id <> ALL($2)
        ORDER BY stored_at LIMIT $1";
    const ORPHAN: &str = "SELECT attachment_id FROM attachment
        WHERE message_id IS NULL AND discarded_at IS NULL AND announced_at <= $3 AND attachment_id <> ALL($2)
        ORDER BY announced_at LIMIT $1";
    const REMOVAL: &str = "SELECT attachment_id FROM attachment
        WHERE removed_at IS NULL AND blob IS NOT NULL AND (forgotten OR discarded_at IS NOT NULL)
            AND attachment_id <> ALL($2)
        ORDER BY attachment_id LIMIT $1";
    let (text, before) = match what {
        Due::Scan => (SCAN, None),
        Due::Preview => (PREVIEW, None),
        Due::Orphan(before) => (ORPHAN, Some(before)),
        Due::Removal => (REMOVAL, None),
    };
    let query = sqlx::query_scalar(text).bind(limit).bind(alone);
    match before {
        Some(before) => query.bind(before),
        None => query,
    }
    .fetch_all(pool)
    .await
}

/// How many files are kept apart until a scanner has seen them.
///
/// # Errors
/// When Postgres does not answer.
pub async fn pending(pool: &PgPool) -> Result<i64, sqlx::Error> {
    const PENDING: &str =
        "SELECT COUNT(*) FROM attachment WHERE scan = 'pending' AND discarded_at IS NULL AND NOT forgotten";
    sqlx::query_scalar(PENDING).fetch_one(pool).await
}

/// How many files of somebody, `kind:id`, wait for a message, and how many bytes they have or are to have; `but` one, and none
/// when that one is there already.
///
/// # Errors
/// When Postgres does not answer.
pub async fn waiting(pool: &PgPool, author: &str, but: Uuid) -> Result<(i64, i64), sqlx::Error> {
    const WAITING: &str = "SELECT COUNT(*), COALESCE(SUM(size), 0)::bigint FROM attachment
        WHERE message_id IS NULL AND discarded_at IS NULL AND author = $1 AND NOT forgotten
            AND NOT EXISTS (SELECT FROM attachment WHERE attachment_id = $2)";
    sqlx::query_as(WAITING).bind(author).bind(but).fetch_one(pool).await
}
