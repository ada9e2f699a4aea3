use sqlx::PgPool;
use uuid::Uuid;

use super::ViewRow;

/// Views that are looked at for one list at most; readers leave out those of others' teams, and cut the rest.
const MOST: i64 = 10_000;

/// The views with these ids, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<ViewRow>, sqlx::Error> {
    sqlx::query_as!(
        ViewRow,
        r#"SELECT view_id, version, revision, audience, owner_id, name, filter::text AS "filter!",
            sorting::text AS "sorting!", columns, icon, position, retired_at, created_at, updated_at
        FROM saved_view WHERE view_id = ANY($1)"#,
        ids
    )
    .fetch_all(pool)
    .await
}

/// A person's own views, the shared ones, and those of all teams, in this order; each sort by place and name.
///
/// # Errors
/// When Postgres does not answer.
pub async fn seen_by(pool: &PgPool, person: Uuid, retired: bool) -> Result<Vec<ViewRow>, sqlx::Error> {
    sqlx::query_as!(
        ViewRow,
        r#"SELECT view_id, version, revision, audience, owner_id, name, filter::text AS "filter!",
            sorting::text AS "sorting!", columns, icon, position, retired_at, created_at, updated_at
        FROM saved_view
        WHERE (audience <> 'own' OR owner_id = $1) AND (retired_at IS NOT NULL) = $2
        ORDER BY array_position('{own,shared,team}', audience), position NULLS LAST, lower(name), view_id LIMIT $3"#,
        person,
        retired,
        MOST
    )
    .fetch_all(pool)
    .await
}

/// How many views in use an audience has.
///
/// # Errors
/// When Postgres does not answer.
pub async fn count(pool: &PgPool, audience: &str, owner: Option<Uuid>) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar!(
        "SELECT COUNT(*) FROM saved_view
        WHERE audience = $1 AND owner_id IS NOT DISTINCT FROM $2 AND retired_at IS NULL",
        audience,
        owner
    );
    Ok(count.fetch_one(pool).await?.unwrap_or_default())
}
