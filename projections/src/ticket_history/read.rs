use std::collections::HashMap;

use chrono::{DateTime, Utc};
use event_store::Position;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::MODEL;
use crate::{
    TicketRow, Turn,
    checkpoint::{from_column, to_column},
};

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

impl Happening {
    /// Place of the event in the log.
    pub fn place(&self) -> Position {
        from_column(self.position)
    }
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

/// A status that a ticket had.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Step {
    /// Stored form of [`domain::ticket::StatusCategory`].
    pub status: String,
    /// Id of the word that was chosen for it.
    pub label: Option<Uuid>,
    /// Since when, UTC.
    pub at: DateTime<Utc>,
}

/// Every status that a ticket had, one after another, the oldest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn statuses(pool: &PgPool, ticket_id: Uuid, limit: i64) -> Result<Vec<Step>, sqlx::Error> {
    const STEPS: &str = "SELECT status, status_label_id AS label, at FROM (
            SELECT version, at, status, status_label_id,
                LAG(version) OVER past AS before, LAG(status) OVER past AS former,
                LAG(status_label_id) OVER past AS former_label
            FROM ticket_history WHERE ticket_id = $1 WINDOW past AS (ORDER BY version)
        ) AS it
        WHERE before IS NULL OR status <> former OR status_label_id IS DISTINCT FROM former_label
        ORDER BY version LIMIT $2";
    sqlx::query_as(STEPS).bind(ticket_id).bind(limit).fetch_all(pool).await
}

/// A happening among all that are told.
#[derive(Debug)]
pub struct Told {
    /// When.
    pub turn: Turn,
    /// What happened, with the ticket as it left it.
    pub happening: Happening,
    /// The ticket before; `None` when it did not exist.
    pub before: Option<TicketRow>,
}

#[derive(FromRow)]
struct Row {
    shown_at: i64,
    late: i64,
    #[sqlx(flatten)]
    happening: Happening,
}

/// What is told of all tickets after a turn and up to a position, in the order in which it is told.
///
/// # Errors
/// When Postgres does not answer.
pub async fn since(pool: &PgPool, after: Turn, until: Position, limit: i64) -> Result<Vec<Told>, sqlx::Error> {
    // What came late is found there alone, not at its place in the log.
    const SINCE: &str = "WITH build AS (
            SELECT id FROM ops.generation WHERE model = $5 AND version = $6 AND serving
        )
        (SELECT it.*, it.position AS shown_at, 0::bigint AS late FROM ticket_history AS it
         WHERE it.position > $1 AND it.position <= $3
             AND NOT EXISTS (SELECT FROM ops.late_event AS late
                             WHERE late.generation = (SELECT id FROM build) AND late.position = it.position)
         ORDER BY it.position LIMIT $4)
        UNION ALL
        (SELECT it.*, late.shown_at, late.position FROM ops.late_event AS late
         JOIN ticket_history AS it ON it.position = late.position
         WHERE late.generation = (SELECT id FROM build) AND (late.shown_at, late.position) > ($1, $2)
             AND late.shown_at <= $3
         ORDER BY late.shown_at, late.position LIMIT $4)
        ORDER BY shown_at, late LIMIT $4";
    let (shown_at, late) = after.to_columns();
    let rows: Vec<Row> = sqlx::query_as(SINCE)
        .bind(shown_at)
        .bind(late)
        .bind(to_column(until))
        .bind(limit)
        .bind(MODEL.name)
        .bind(MODEL.version)
        .fetch_all(pool)
        .await?;
    let mut before = earlier(pool, &rows).await?;
    let told = rows.into_iter().map(|row| Told {
        turn: Turn::from_columns(row.shown_at, row.late),
        before: before.remove(&(row.happening.ticket.ticket_id, row.happening.ticket.version)),
        happening: row.happening,
    });
    Ok(told.collect())
}

/// The tickets as they were before, by id and the version that came after.
async fn earlier(pool: &PgPool, rows: &[Row]) -> Result<HashMap<(Uuid, i64), TicketRow>, sqlx::Error> {
    const BEFORE: &str = "SELECT before.* FROM UNNEST($1::uuid[], $2::bigint[]) AS wanted (id, version)
        JOIN ticket_history AS before ON before.ticket_id = wanted.id AND before.version = wanted.version - 1";
    let (ids, versions): (Vec<Uuid>, Vec<i64>) = rows
        .iter()
        .map(|it| (it.happening.ticket.ticket_id, it.happening.ticket.version))
        .unzip();
    let before: Vec<TicketRow> = sqlx::query_as(BEFORE).bind(ids).bind(versions).fetch_all(pool).await?;
    let before = before.into_iter().map(|it| ((it.ticket_id, it.version + 1), it));
    Ok(before.collect())
}
