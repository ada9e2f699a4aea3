use std::collections::HashMap;

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

/// Which part of a ticket's history is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HistoryPage {
    /// Only versions behind this one.
    pub after: i64,
    /// Only versions before this one.
    pub before: i64,
    /// So many of each ticket at most.
    pub limit: i64,
    /// The newest of them rather than the oldest.
    pub from_end: bool,
}

/// The same part of the histories of several tickets, each ticket's happenings the oldest first; in one statement,
/// however many tickets there are.
///
/// # Errors
/// When Postgres does not answer.
pub async fn of_tickets(
    pool: &PgPool,
    ticket_ids: &[Uuid],
    page: HistoryPage,
) -> Result<HashMap<Uuid, Vec<Happening>>, sqlx::Error> {
    const FORWARD: &str = "SELECT found.* FROM UNNEST($1::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
            SELECT * FROM ticket_history WHERE ticket_id = wanted.id AND version > $2 AND version < $3
            ORDER BY version LIMIT $4
        ) AS found";
    const BACKWARD: &str = "SELECT found.* FROM UNNEST($1::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
            SELECT * FROM ticket_history WHERE ticket_id = wanted.id AND version > $2 AND version < $3
            ORDER BY version DESC LIMIT $4
        ) AS found";
    let rows: Vec<Happening> = sqlx::query_as(if page.from_end { BACKWARD } else { FORWARD })
        .bind(ticket_ids)
        .bind(page.after)
        .bind(page.before)
        .bind(page.limit)
        .fetch_all(pool)
        .await?;
    let mut histories: HashMap<Uuid, Vec<Happening>> = HashMap::with_capacity(ticket_ids.len());
    for row in rows {
        histories.entry(row.ticket.ticket_id).or_default().push(row);
    }
    for history in histories.values_mut() {
        history.sort_by_key(|it| it.ticket.version);
    }
    Ok(histories)
}

/// How many things have happened to each of several tickets; a ticket to which nothing has happened is not there.
///
/// # Errors
/// When Postgres does not answer.
pub async fn counts(pool: &PgPool, ticket_ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, sqlx::Error> {
    const COUNTS: &str = "SELECT ticket_id, COUNT(*) FROM ticket_history WHERE ticket_id = ANY($1) GROUP BY ticket_id";
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(COUNTS).bind(ticket_ids).fetch_all(pool).await?;
    Ok(rows.into_iter().collect())
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
    let mut before: HashMap<(Uuid, i64), TicketRow> = before
        .into_iter()
        .map(|it| ((it.ticket_id, it.version + 1), it))
        .collect();
    let paired = happenings.into_iter().map(|it| {
        let earlier = before.remove(&(it.ticket.ticket_id, it.ticket.version));
        (it, earlier)
    });
    Ok(paired.collect())
}
