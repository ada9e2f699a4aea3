use chrono::{DateTime, Utc};
use event_store::Position;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{TicketRow, checkpoint::to_column};

/// One thing that happened to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Happening {
    /// Place of the event in the log.
    pub position: i64,
    /// Stored type of the event.
    pub event_type: String,
    /// When it was decided, UTC; for an import, when it happened there.
    pub at: DateTime<Utc>,
    /// Who did it, `kind:id`.
    pub actor: String,
    /// The ticket as the event left it.
    #[sqlx(flatten)]
    pub ticket: TicketRow,
}

/// A ticket's happenings between two versions (both excluded), the oldest first, at most `limit`; from the newest on
/// backwards when `from_end`, still returned oldest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn of_ticket(
    pool: &PgPool,
    ticket_id: Uuid,
    after: i64,
    before: i64,
    limit: i64,
    from_end: bool,
) -> Result<Vec<Happening>, sqlx::Error> {
    const FORWARD: &str = "SELECT * FROM ticket_history
        WHERE ticket_id = $1 AND version > $2 AND version < $3 ORDER BY version LIMIT $4";
    const BACKWARD: &str = "SELECT * FROM ticket_history
        WHERE ticket_id = $1 AND version > $2 AND version < $3 ORDER BY version DESC LIMIT $4";
    let sql = if from_end { BACKWARD } else { FORWARD };
    let mut rows: Vec<Happening> = sqlx::query_as(sql)
        .bind(ticket_id)
        .bind(after)
        .bind(before)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    if from_end {
        rows.reverse();
    }
    Ok(rows)
}

/// How many things have happened to a ticket.
///
/// # Errors
/// When Postgres does not answer.
pub async fn count(pool: &PgPool, ticket_id: Uuid) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar!("SELECT COUNT(*) FROM ticket_history WHERE ticket_id = $1", ticket_id);
    Ok(count.fetch_one(pool).await?.unwrap_or_default())
}

/// What happened to all tickets after a position and up to another, the oldest first, each with the ticket as it was
/// before.
///
/// # Errors
/// When Postgres does not answer.
pub async fn since(
    pool: &PgPool,
    after: Position,
    until: Position,
    limit: i64,
) -> Result<Vec<(Happening, Option<TicketRow>)>, sqlx::Error> {
    const SINCE: &str = "SELECT * FROM ticket_history WHERE position > $1 AND position <= $2
        ORDER BY position LIMIT $3";
    const BEFORE: &str = "SELECT before.* FROM UNNEST($1::uuid[], $2::bigint[]) AS wanted (id, version)
        JOIN ticket_history AS before ON before.ticket_id = wanted.id AND before.version = wanted.version - 1";
    let happenings: Vec<Happening> = sqlx::query_as(SINCE)
        .bind(to_column(after))
        .bind(to_column(until))
        .bind(limit)
        .fetch_all(pool)
        .await?;
    let (ids, versions): (Vec<Uuid>, Vec<i64>) = happenings
        .iter()
        .map(|it| (it.ticket.ticket_id, it.ticket.version))
        .unzip();
    let before: Vec<TicketRow> = sqlx::query_as(BEFORE).bind(ids).bind(versions).fetch_all(pool).await?;
    let mut before: std::collections::HashMap<(Uuid, i64), TicketRow> = before
        .into_iter()
        .map(|it| ((it.ticket_id, it.version + 1), it))
        .collect();
    let paired = happenings.into_iter().map(|it| {
        let earlier = before.remove(&(it.ticket.ticket_id, it.ticket.version));
        (it, earlier)
    });
    Ok(paired.collect())
}
