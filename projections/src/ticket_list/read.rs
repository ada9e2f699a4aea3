use sqlx::PgPool;
use uuid::Uuid;

use crate::TicketRow;

/// The tickets with these ids, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<TicketRow>, sqlx::Error> {
    sqlx::query_as!(TicketRow, "SELECT * FROM ticket_list WHERE ticket_id = ANY($1)", ids)
        .fetch_all(pool)
        .await
}

/// The ticket with this number. Should a log give it to several, the one that was opened first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_number(pool: &PgPool, number: i64) -> Result<Option<TicketRow>, sqlx::Error> {
    sqlx::query_as!(
        TicketRow,
        "SELECT * FROM ticket_list WHERE number = $1 ORDER BY opened_at, ticket_id LIMIT 1",
        number
    )
    .fetch_optional(pool)
    .await
}
