//! Lists as they were: the same conditions and orders, asked of the tickets as they stood at an instant.
//!
//! A ticket that has not changed since is as the table has it. For one that has, `ticket_history` has a row for each event,
//! in the order of the log; which of them the instant has is decided for each of its two streams by itself, for an import
//! appends the owners of a ticket behind all that happened to it, though they were given long before its end.
//!
//! Since when customers wait for answers is not in the history, so it is absent here: whoever asks must refuse conditions
//! and orders that need it.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, PgPool, Postgres, QueryBuilder, pool::PoolConnection};

use super::{
    filter::{Condition, Tickets},
    tally::{Tally, push_tally, sorted},
};
use crate::{
    TicketRow,
    list::{
        Table,
        page::{PageRequest, in_order, push_page},
    },
};

/// After which Postgres gives a look at the past up: far back in a long history it reads most of it.
const PATIENCE: &str = "SET LOCAL statement_timeout TO '10s'";
/// Conditions that are counted in one look.
const TOGETHER: usize = 100;

/// The columns that only the ticket's own stream says.
const COLUMNS: &str = "ticket_id, number, ticket_type, subject, contact_id, category_id, subcategory_id, priority,
    hold_reason, hold_until, resolution_reason, resolution_note, reopen_count, channel, external_id, opened_at,
    resolved_at, closed_at, inbox_id, branch_id, team_id, data_subject, tag_ids, fields, follower_ids, snoozed_at,
    snoozed_until, verdict, merged_into, split_from, archived_at, tracked_until, eta";

/// The tickets at an instant.
#[derive(Debug, Clone)]
pub struct Past {
    /// The instant; as fine as Postgres keeps it.
    pub at: DateTime<Utc>,
    /// Only those that meet this as they are now: what the reader may see.
    pub within: Condition,
}

/// The rows of one page, in the list's order.
///
/// # Errors
/// When Postgres does not answer, or gives up after 10 s.
pub async fn page_at(
    pool: &PgPool,
    past: &Past,
    request: &PageRequest<Tickets>,
) -> Result<Vec<TicketRow>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut tx = patient(&mut connection).await?;
    let mut sql = past.tickets();
    push_page(request, &mut sql);
    let rows = sql.build_query_as().fetch_all(&mut *tx).await?;
    tx.commit().await?;
    Ok(in_order(rows, request))
}

/// How many tickets met each of these conditions.
///
/// # Errors
/// When Postgres does not answer, or gives up after 10 s.
pub async fn counts_at(pool: &PgPool, past: &Past, conditions: &[Condition]) -> Result<Vec<i64>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut tx = patient(&mut connection).await?;
    let mut counts = Vec::with_capacity(conditions.len());
    for some in conditions.chunks(TOGETHER) {
        counts.extend(counts_of(&mut tx, past, some).await?);
    }
    tx.commit().await?;
    Ok(counts)
}

async fn counts_of(tx: &mut PgConnection, past: &Past, conditions: &[Condition]) -> Result<Vec<i64>, sqlx::Error> {
    let mut sql = past.tickets();
    sql.push("SELECT ARRAY[");
    for (index, condition) in conditions.iter().enumerate() {
        sql.push(if index > 0 { ", " } else { "" });
        sql.push("COUNT(*) FILTER (WHERE ");
        condition.push(&mut sql);
        sql.push(")");
    }
    sql.push("] FROM ").push(Tickets::NAME);
    sql.build_query_scalar().fetch_one(tx).await
}

/// Counts the tickets that met a condition, by what they shared.
///
/// # Errors
/// When Postgres does not answer, or gives up after 10 s.
pub async fn tally_at(pool: &PgPool, past: &Past, condition: &Condition) -> Result<Tally, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut tx = patient(&mut connection).await?;
    let mut sql = past.tickets();
    push_tally(condition, &mut sql);
    let rows = sql.build_query_as().fetch_all(&mut *tx).await?;
    tx.commit().await?;
    Ok(sorted(rows))
}

async fn patient(connection: &mut PoolConnection<Postgres>) -> Result<sqlx::Transaction<'_, Postgres>, sqlx::Error> {
    let mut tx = connection.begin_with("BEGIN READ ONLY").await?;
    sqlx::raw_sql(PATIENCE).execute(&mut *tx).await?;
    Ok(tx)
}

impl Past {
    /// The beginning of a statement in which the table's name means the tickets as they were.
    ///
    /// `cut` has, of the events that the instant has, how many they are, the newest instant, the newest event of each stream,
    /// and whether an owner was given. The row after the ticket's newest event says all but what only owners say: a new
    /// ticket is shown as open once it had one, and one that the row shows as open by an owner who came later is new.
    fn tickets(&self) -> QueryBuilder<Postgres> {
        let mut sql = QueryBuilder::<Postgres>::new("WITH changed AS (SELECT ticket_id AS id FROM ticket_list WHERE ");
        self.within.push(&mut sql);
        sql.push(" AND opened_at <= ").push_bind(self.at);
        sql.push(" AND updated_at > ").push_bind(self.at);
        sql.push("), ticket_list AS (SELECT ").push(COLUMNS).push(
            ", version, updated_at, assignee_id, status, status_label_id, NULL::timestamptz AS needs_answer_since
            FROM ticket_list WHERE ",
        );
        self.within.push(&mut sql);
        sql.push(" AND updated_at <= ").push_bind(self.at);
        sql.push(" UNION ALL SELECT ").push(COLUMNS).push(
            ", cut.events, cut.newest,
                (SELECT owner.assignee_id FROM ticket_history AS owner
                 WHERE owner.ticket_id = it.ticket_id AND owner.version = cut.assigned),
                CASE
                    WHEN status = 'new' AND cut.owned THEN 'open'
                    WHEN status = 'open' AND NOT cut.owned AND (
                        SELECT bool_and(early.status IN ('new', 'open') AND early.event_type <> 'ticket.started')
                        FROM ticket_history AS early
                        WHERE early.ticket_id = it.ticket_id AND early.version <= it.version
                    ) THEN 'new'
                    ELSE status
                END,
                CASE WHEN status = 'new' AND cut.owned THEN NULL ELSE status_label_id END, NULL::timestamptz
            FROM changed
            CROSS JOIN LATERAL (
                SELECT COUNT(*) AS events, MAX(told.at) AS newest, MAX(told.version) FILTER (WHERE told.own) AS base,
                    MAX(told.version) FILTER (WHERE NOT told.own) AS assigned,
                    bool_or(told.event_type = 'assignment.agent_assigned') AS owned
                FROM (
                    SELECT version, at, event_type, event_type LIKE 'ticket.%' AS own,
                        MAX(at) OVER (PARTITION BY event_type LIKE 'ticket.%' ORDER BY version) AS latest
                    FROM ticket_history WHERE ticket_id = changed.id
                ) AS told
                WHERE told.latest <= ",
        );
        sql.push_bind(self.at);
        sql.push(
            ") AS cut
            JOIN ticket_history AS it ON it.ticket_id = changed.id AND it.version = cut.base) ",
        );
        sql
    }
}
