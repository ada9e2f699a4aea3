use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::filter::{Condition, Tickets};
use crate::{TicketRow, list::Table};

/// The tickets with these ids, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<TicketRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM ticket_list WHERE ticket_id = ANY($1)")
        .bind(ids)
        .fetch_all(pool)
        .await
}

/// Ids of the tickets that meet a condition, by number; so many at most.
///
/// # Errors
/// When Postgres does not answer.
pub async fn ids(pool: &PgPool, condition: &Condition, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT ticket_id FROM ");
    sql.push(Tickets::NAME).push(" WHERE ");
    condition.push(&mut sql);
    sql.push(" ORDER BY number, ticket_id LIMIT ").push_bind(limit);
    sql.build_query_scalar().fetch_all(pool).await
}

/// The ticket with this number. Should a log give it to several, the one that was opened first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_number(pool: &PgPool, number: i64) -> Result<Option<TicketRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM ticket_list WHERE number = $1 ORDER BY opened_at, ticket_id LIMIT 1")
        .bind(number)
        .fetch_optional(pool)
        .await
}

/// Tickets whose snooze or hold ended at that instant or before, the longest overdue first, each with that end.
///
/// # Errors
/// When Postgres does not answer.
pub async fn due(pool: &PgPool, at: DateTime<Utc>, limit: i64) -> Result<Vec<(Uuid, DateTime<Utc>)>, sqlx::Error> {
    const DUE: &str = "SELECT ticket_id, LEAST(snoozed_until, hold_until) FROM ticket_list
        WHERE LEAST(snoozed_until, hold_until) <= $1 AND merged_into IS NULL AND archived_at IS NULL
        ORDER BY LEAST(snoozed_until, hold_until), ticket_id LIMIT $2";
    sqlx::query_as(DUE).bind(at).bind(limit).fetch_all(pool).await
}

/// For each of these tickets the one it is shown with at last, over all steps; a ticket that is not merged is not there.
///
/// # Errors
/// When Postgres does not answer.
pub async fn survivors(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    // A ring cannot be; should one be, it ends.
    const SURVIVORS: &str = "WITH RECURSIVE way AS (
            SELECT ticket_id AS first, merged_into AS at, 1 AS step FROM ticket_list
            WHERE ticket_id = ANY($1) AND merged_into IS NOT NULL
            UNION ALL
            SELECT way.first, it.merged_into, way.step + 1 FROM way
            JOIN ticket_list AS it ON it.ticket_id = way.at WHERE it.merged_into IS NOT NULL AND way.step < 64
        )
        SELECT DISTINCT ON (first) first, at FROM way ORDER BY first, step DESC";
    sqlx::query_as(SURVIVORS).bind(ids).fetch_all(pool).await
}

/// What a ticket is to another: id of the ticket, id of the other, stored form of the relation.
pub type Link = (Uuid, Uuid, String);

/// The links of which one of these tickets is an end, in a fixed order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn links(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<Link>, sqlx::Error> {
    const LINKS: &str = "SELECT ticket_id, other_id, relation FROM ticket_link
        WHERE (ticket_id = ANY($1) OR other_id = ANY($1)) AND NOT ended ORDER BY relation, ticket_id, other_id";
    sqlx::query_as(LINKS).bind(ids).fetch_all(pool).await
}

/// The tickets that keep a link to one of these, or ever kept one; who looks at the past sees by their events which.
///
/// # Errors
/// When Postgres does not answer.
pub async fn ever_linked_to(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT DISTINCT ticket_id FROM ticket_link WHERE other_id = ANY($1)")
        .bind(ids)
        .fetch_all(pool)
        .await
}

/// The tickets that are shown with these, each after the one it was merged into.
///
/// # Errors
/// When Postgres does not answer.
pub async fn merged(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    const MERGED: &str =
        "SELECT merged_into, ticket_id FROM ticket_list WHERE merged_into = ANY($1) ORDER BY number, ticket_id";
    sqlx::query_as(MERGED).bind(ids).fetch_all(pool).await
}

/// Ids of the tickets of a customer on which nobody works yet, the newest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn new_of(pool: &PgPool, contact: Uuid, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    const NEW: &str = "SELECT ticket_id FROM ticket_list WHERE contact_id = $1 AND status = 'new'
        AND merged_into IS NULL ORDER BY number DESC LIMIT $2";
    sqlx::query_scalar(NEW).bind(contact).bind(limit).fetch_all(pool).await
}

/// When the first ticket was opened; `None` when there is none.
///
/// # Errors
/// When Postgres does not answer.
pub async fn first_opened(pool: &PgPool) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar("SELECT MIN(opened_at) FROM ticket_list")
        .fetch_one(pool)
        .await
}

/// How many tickets of a customer were opened after the first of these instants, and not after the second.
///
/// # Errors
/// When Postgres does not answer.
pub async fn opened_between(
    pool: &PgPool,
    contact: Uuid,
    (after, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<i64, sqlx::Error> {
    const OPENED: &str =
        "SELECT COUNT(*) FROM ticket_list WHERE contact_id = $1 AND opened_at > $2 AND opened_at <= $3";
    sqlx::query_scalar(OPENED)
        .bind(contact)
        .bind(after)
        .bind(until)
        .fetch_one(pool)
        .await
}
