//! What is due under the retention of inboxes: tickets to be closed and archived, people to be forgotten. Looks into the
//! tables of several read models; what is done about it is for others.

use chrono::{DateTime, Months, TimeDelta, Utc};
use domain::organisation::{Inbox, Kind, Retention};
use sqlx::PgPool;
use uuid::Uuid;

/// An inbox that says how long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The inbox.
    pub inbox: Uuid,
    /// What it says.
    pub retention: Retention,
}

impl Policy {
    /// What is closed that did not change since; `None` when nothing is.
    pub fn closes_before(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.retention
            .close_after_days
            .map(|it| now - TimeDelta::days(it.into()))
    }

    /// What is archived that was closed before; `None` when nothing is.
    pub fn archives_before(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.retention
            .archive_after_days
            .map(|it| now - TimeDelta::days(it.into()))
    }

    /// Who is forgotten whose tickets did not change since; `None` when nobody is.
    pub fn erases_before(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let months = self.retention.erase_after_months.map(Months::new)?;
        now.checked_sub_months(months)
    }
}

/// The inboxes in use that say how long things are kept, those that only try it included.
///
/// # Errors
/// When Postgres does not answer.
pub async fn policies(pool: &PgPool) -> Result<Vec<Policy>, sqlx::Error> {
    const SAID: &str = "SELECT id, definition::text FROM organisation_item
        WHERE kind = $1 AND NOT retired AND definition ? 'retention' ORDER BY id";
    let rows: Vec<(Uuid, String)> = sqlx::query_as(SAID).bind(Kind::Inbox.as_str()).fetch_all(pool).await?;
    let policies = rows.into_iter().filter_map(|(inbox, definition)| {
        let definition: Inbox = serde_json::from_str(&definition).ok()?;
        let retention = definition.retention?;
        Some(Policy { inbox, retention })
    });
    Ok(policies.collect())
}

/// A ticket that is due.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DueTicket {
    /// Its id.
    pub ticket_id: Uuid,
    /// How many events it had.
    pub version: i64,
    /// Its number.
    pub number: i64,
    /// Whether it is resolved, or archived when closed.
    pub resolved: bool,
}

/// Tickets that are resolved, or wait for the customer, and did not change since an instant, but for those passed over.
///
/// # Errors
/// When Postgres does not answer.
pub async fn idle(
    pool: &PgPool,
    inbox: Uuid,
    before: DateTime<Utc>,
    passed_over: &[Uuid],
    limit: i64,
) -> Result<Vec<DueTicket>, sqlx::Error> {
    const IDLE: &str = "SELECT ticket_id, version, number, status = 'resolved' AS resolved FROM ticket_list
        WHERE inbox_id = $1 AND status IN ('resolved', 'pending') AND updated_at < $2 AND merged_into IS NULL
            AND needs_answer_since IS NULL AND ticket_id <> ALL ($4)
        ORDER BY updated_at LIMIT $3";
    sqlx::query_as(IDLE)
        .bind(inbox)
        .bind(before)
        .bind(limit)
        .bind(passed_over)
        .fetch_all(pool)
        .await
}

/// Tickets that were closed before an instant and are not archived, but for those passed over.
///
/// # Errors
/// When Postgres does not answer.
pub async fn closed(
    pool: &PgPool,
    inbox: Uuid,
    before: DateTime<Utc>,
    passed_over: &[Uuid],
    limit: i64,
) -> Result<Vec<DueTicket>, sqlx::Error> {
    const CLOSED: &str = "SELECT ticket_id, version, number, true AS resolved FROM ticket_list
        WHERE inbox_id = $1 AND status = 'closed' AND closed_at < $2 AND archived_at IS NULL
            AND ticket_id <> ALL ($4)
        ORDER BY closed_at LIMIT $3";
    sqlx::query_as(CLOSED)
        .bind(inbox)
        .bind(before)
        .bind(limit)
        .bind(passed_over)
        .fetch_all(pool)
        .await
}

/// People all of whose tickets are closed and lie in inboxes under whose policy each of them is due, and of whom nobody has
/// said otherwise; merged records count as one person. Only those with a ticket in `inbox`, if one is given, and not
/// those passed over.
///
/// # Errors
/// When Postgres does not answer.
pub async fn forgettable(
    pool: &PgPool,
    policies: &[Policy],
    now: DateTime<Utc>,
    inbox: Option<Uuid>,
    passed_over: &[Uuid],
    limit: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    const DUE: &str = "WITH told AS (
            SELECT COALESCE(card.merged_into, privacy.person_id) AS person
            FROM person_privacy AS privacy LEFT JOIN contact_card AS card ON card.contact_id = privacy.person_id
            WHERE privacy.erased_at IS NOT NULL AND card.merged_into IS NULL OR privacy.due IS NOT NULL
                OR privacy.cancelled_at IS NOT NULL OR EXISTS (
                    SELECT FROM jsonb_array_elements(privacy.holds) AS hold
                    WHERE hold ->> 'until' IS NULL OR (hold ->> 'until')::timestamptz > $5)
        )
        SELECT it.person FROM (
            SELECT COALESCE(card.merged_into, list.data_subject) AS person
            FROM ticket_list AS list
            LEFT JOIN contact_card AS card ON card.contact_id = list.data_subject
            LEFT JOIN UNNEST($1::uuid[], $2::timestamptz[]) AS policy (inbox_id, before)
                ON policy.inbox_id = list.inbox_id
            WHERE list.data_subject IS NOT NULL
            GROUP BY person
            HAVING bool_and(policy.before IS NOT NULL AND list.status = 'closed' AND list.updated_at < policy.before)
                AND bool_or($3::uuid IS NULL OR list.inbox_id = $3)
        ) AS it
        WHERE it.person <> ALL ($6) AND NOT EXISTS (SELECT FROM told WHERE told.person = it.person)
        ORDER BY it.person LIMIT $4";
    let due = policies
        .iter()
        .filter_map(|it| Some((it.inbox, it.erases_before(now)?)));
    let (inboxes, before): (Vec<Uuid>, Vec<DateTime<Utc>>) = due.unzip();
    if inboxes.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(DUE)
        .bind(inboxes)
        .bind(before)
        .bind(inbox)
        .bind(limit)
        .bind(now)
        .bind(passed_over)
        .fetch_all(pool)
        .await
}
