use sqlx::PgPool;
use uuid::Uuid;

use super::OrganizationRow;

/// The organizations with these ids, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<OrganizationRow>, sqlx::Error> {
    sqlx::query_as!(
        OrganizationRow,
        "SELECT * FROM organization WHERE organization_id = ANY($1)",
        ids
    )
    .fetch_all(pool)
    .await
}
