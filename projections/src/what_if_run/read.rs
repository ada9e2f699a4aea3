use sqlx::PgPool;
use uuid::Uuid;

use super::WhatIfRow;

/// The run with this id.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_id(pool: &PgPool, id: Uuid) -> Result<Option<WhatIfRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM what_if_run WHERE what_if_id = $1")
        .bind(id)
        .fetch_optional(pool)
        .await
}

/// The newest runs; only those that go on, if so wished.
///
/// # Errors
/// When Postgres does not answer.
pub async fn newest(pool: &PgPool, running: bool, limit: i64) -> Result<Vec<WhatIfRow>, sqlx::Error> {
    const NEWEST: &str = "SELECT * FROM what_if_run WHERE NOT $1 OR state = 'running'
        ORDER BY started_at DESC, what_if_id DESC LIMIT $2";
    sqlx::query_as(NEWEST).bind(running).bind(limit).fetch_all(pool).await
}

/// Runs that go on, the oldest first, without these.
///
/// # Errors
/// When Postgres does not answer.
pub async fn open(pool: &PgPool, skipped: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    const OPEN: &str = "SELECT what_if_id FROM what_if_run WHERE state = 'running' AND what_if_id <> ALL($1)
        ORDER BY started_at, what_if_id LIMIT 32";
    sqlx::query_scalar(OPEN).bind(skipped).fetch_all(pool).await
}
