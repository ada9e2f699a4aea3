use sqlx::PgPool;
use uuid::Uuid;

use super::{CardRow, HandleRow};

/// The contacts with these ids and those shown with them, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn with_merged(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<CardRow>, sqlx::Error> {
    sqlx::query_as!(
        CardRow,
        "SELECT * FROM contact_card WHERE contact_id = ANY($1) OR merged_into = ANY($1)",
        ids
    )
    .fetch_all(pool)
    .await
}

/// The contacts under which these are shown, and all that are shown with them, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn as_shown(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<CardRow>, sqlx::Error> {
    sqlx::query_as!(
        CardRow,
        "WITH shown AS (SELECT COALESCE(merged_into, contact_id) AS id FROM contact_card WHERE contact_id = ANY($1))
        SELECT * FROM contact_card
        WHERE contact_id IN (SELECT id FROM shown) OR merged_into IN (SELECT id FROM shown) OR contact_id = ANY($1)",
        ids
    )
    .fetch_all(pool)
    .await
}

/// The handles of these contacts, oldest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn handles(pool: &PgPool, contact_ids: &[Uuid]) -> Result<Vec<HandleRow>, sqlx::Error> {
    sqlx::query_as!(
        HandleRow,
        "SELECT * FROM contact_handle WHERE contact_id = ANY($1) ORDER BY added_at, handle_id",
        contact_ids
    )
    .fetch_all(pool)
    .await
}

/// Ids of the contact that has this handle; more than one only while a claim changes hands.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_handle(pool: &PgPool, channel: &str, value: &str) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT contact_id FROM contact_handle WHERE channel = $1 AND value = $2 ORDER BY added_at",
        channel,
        value
    )
    .fetch_all(pool)
    .await
}
