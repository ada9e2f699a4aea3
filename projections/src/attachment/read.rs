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

/// The files with which something is to be done, the oldest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn due(pool: &PgPool, what: Due, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    const SCAN: &str = "SELECT attachment_id FROM attachment
        WHERE scan = 'pending' AND discarded_at IS NULL AND NOT forgotten ORDER BY stored_at LIMIT $1";
    const PREVIEW: &str = "SELECT attachment_id FROM attachment
        WHERE preview = 'untried' AND stored_at IS NOT NULL AND discarded_at IS NULL AND content_type LIKE 'image/%'
            AND NOT forgotten AND scan IN ('unscanned', 'clean')
        ORDER BY stored_at LIMIT $1";
    const ORPHAN: &str = "SELECT attachment_id FROM attachment
        WHERE message_id IS NULL AND discarded_at IS NULL AND announced_at <= $2 ORDER BY announced_at LIMIT $1";
    const REMOVAL: &str = "SELECT attachment_id FROM attachment
        WHERE removed_at IS NULL AND blob IS NOT NULL AND (forgotten OR discarded_at IS NOT NULL)
        ORDER BY attachment_id LIMIT $1";
    let query = match what {
        Due::Scan => sqlx::query_scalar(SCAN).bind(limit),
        Due::Preview => sqlx::query_scalar(PREVIEW).bind(limit),
        Due::Orphan(before) => sqlx::query_scalar(ORPHAN).bind(limit).bind(before),
        Due::Removal => sqlx::query_scalar(REMOVAL).bind(limit),
    };
    query.fetch_all(pool).await
}
