use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::event::DomainEvent;
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Happening;
use crate::{
    ProjectError, TicketRow,
    checkpoint::to_column,
    ticket_row::{Columns, Memory, Rows, fold, forgotten, missing, redact},
};

/// What a history row has beside the ticket.
#[derive(Debug, Default)]
struct Happenings {
    position: Vec<i64>,
    event_type: Vec<String>,
    at: Vec<DateTime<Utc>>,
    actor: Vec<String>,
}

pub(super) async fn apply(
    events: &[Arc<Recorded<DomainEvent>>],
    memory: &Memory,
    tx: &mut PgConnection,
) -> Result<(), ProjectError> {
    let mut rows = memory.take();
    rows.extend(load(&missing(events, &rows), tx).await?);
    let mut happenings = Happenings::default();
    let mut columns = Columns::default();
    for event in events {
        if let Some(row) = fold(super::NAME, &mut rows, event)? {
            columns.push(row);
            happenings.position.push(to_column(event.position));
            happenings.event_type.push(event.event_type.clone());
            happenings.at.push(event.metadata.at);
            happenings.actor.push(event.metadata.actor.to_string());
        }
    }
    insert(&happenings, &columns, tx).await?;
    let forgotten = forgotten(events);
    redact(&mut rows, &forgotten);
    forget(&forgotten, tx).await?;
    memory.put(rows);
    Ok(())
}

/// What happened to a ticket by its own events, given in the order of the log, and how each left it.
///
/// # Errors
/// When the events do not fit each other.
pub fn from_events(events: &[Recorded<DomainEvent>]) -> Result<Vec<Happening>, ProjectError> {
    let mut rows = Rows::new();
    let mut happenings = Vec::with_capacity(events.len());
    for event in events {
        if let Some(row) = fold(super::NAME, &mut rows, event)? {
            happenings.push(Happening {
                position: to_column(event.position),
                event_type: event.event_type.clone(),
                at: event.metadata.at,
                actor: event.metadata.actor.to_string(),
                ticket: row.clone(),
            });
        }
    }
    Ok(happenings)
}

/// The tickets as their newest rows have them.
async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<Rows, ProjectError> {
    const NEWEST: &str = "SELECT newest.* FROM UNNEST($1::uuid[]) AS wanted (id)
        CROSS JOIN LATERAL (
            SELECT * FROM ticket_history WHERE ticket_id = wanted.id ORDER BY version DESC LIMIT 1
        ) AS newest";
    if ids.is_empty() {
        return Ok(Rows::new());
    }
    let rows: Vec<TicketRow> = sqlx::query_as(NEWEST).bind(ids).fetch_all(tx).await?;
    Ok(rows.into_iter().map(|it| (it.ticket_id, it)).collect())
}

/// Takes their words out of all rows.
async fn forget(forgotten: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    let forget = "UPDATE ticket_history SET subject = NULL, resolution_note = NULL, fields = '{}'
        WHERE data_subject = ANY($1)";
    sqlx::query(forget).bind(forgotten).execute(tx).await?;
    Ok(())
}

async fn insert(happenings: &Happenings, columns: &Columns, tx: &mut PgConnection) -> Result<(), ProjectError> {
    sqlx::query!(
        r#"INSERT INTO ticket_history (
            position, event_type, at, actor, ticket_id, version, number, ticket_type, subject, contact_id,
            category_id, subcategory_id, priority, status, hold_reason, hold_until, assignee_id, resolution_reason,
            resolution_note, reopen_count, channel, external_id, opened_at, updated_at, resolved_at, closed_at,
            inbox_id, branch_id, team_id, data_subject, status_label_id, tag_ids, fields, follower_ids, snoozed_at,
            snoozed_until, verdict, merged_into, split_from, archived_at, tracked_until, eta
        )
        SELECT
            position, event_type, at, actor, ticket_id, version, number, ticket_type, subject, contact_id,
            category_id, subcategory_id, priority, status, hold_reason, hold_until, assignee_id, resolution_reason,
            resolution_note, reopen_count, channel, external_id, opened_at, updated_at, resolved_at, closed_at,
            inbox_id, branch_id, team_id, data_subject, status_label_id, tag_ids::uuid[], fields::jsonb,
            follower_ids::uuid[], snoozed_at, snoozed_until, verdict, merged_into, split_from, archived_at,
            tracked_until, eta
        FROM UNNEST(
            $1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::uuid[], $6::bigint[], $7::bigint[],
            $8::text[], $9::text[], $10::uuid[], $11::text[], $12::text[], $13::smallint[], $14::text[],
            $15::text[], $16::timestamptz[], $17::uuid[], $18::text[], $19::text[], $20::integer[], $21::text[],
            $22::text[], $23::timestamptz[], $24::timestamptz[], $25::timestamptz[], $26::timestamptz[],
            $27::uuid[], $28::uuid[], $29::uuid[], $30::uuid[], $31::uuid[], $32::text[], $33::text[], $34::text[],
            $35::timestamptz[], $36::timestamptz[], $37::text[], $38::uuid[], $39::uuid[], $40::timestamptz[],
            $41::timestamptz[], $42::timestamptz[]
        ) AS new (
            position, event_type, at, actor, ticket_id, version, number, ticket_type, subject, contact_id,
            category_id, subcategory_id, priority, status, hold_reason, hold_until, assignee_id, resolution_reason,
            resolution_note, reopen_count, channel, external_id, opened_at, updated_at, resolved_at, closed_at,
            inbox_id, branch_id, team_id, data_subject, status_label_id, tag_ids, fields, follower_ids, snoozed_at,
            snoozed_until, verdict, merged_into, split_from, archived_at, tracked_until, eta
        )"#,
        &happenings.position[..],
        &happenings.event_type[..],
        &happenings.at[..],
        &happenings.actor[..],
        &columns.ticket_id[..],
        &columns.version[..],
        &columns.number[..],
        &columns.ticket_type[..],
        &columns.subject[..] as &[Option<String>],
        &columns.contact_id[..] as &[Option<Uuid>],
        &columns.category_id[..] as &[Option<String>],
        &columns.subcategory_id[..] as &[Option<String>],
        &columns.priority[..],
        &columns.status[..],
        &columns.hold_reason[..] as &[Option<String>],
        &columns.hold_until[..] as &[Option<DateTime<Utc>>],
        &columns.assignee_id[..] as &[Option<Uuid>],
        &columns.resolution_reason[..] as &[Option<String>],
        &columns.resolution_note[..] as &[Option<String>],
        &columns.reopen_count[..],
        &columns.channel[..],
        &columns.external_id[..] as &[Option<String>],
        &columns.opened_at[..],
        &columns.updated_at[..],
        &columns.resolved_at[..] as &[Option<DateTime<Utc>>],
        &columns.closed_at[..] as &[Option<DateTime<Utc>>],
        &columns.inbox_id[..] as &[Option<Uuid>],
        &columns.branch_id[..] as &[Option<Uuid>],
        &columns.team_id[..] as &[Option<Uuid>],
        &columns.data_subject[..] as &[Option<Uuid>],
        &columns.status_label_id[..] as &[Option<Uuid>],
        &columns.tag_ids[..],
        &columns.fields[..],
        &columns.follower_ids[..],
        &columns.snoozed_at[..] as &[Option<DateTime<Utc>>],
        &columns.snoozed_until[..] as &[Option<DateTime<Utc>>],
        &columns.verdict[..] as &[Option<String>],
        &columns.merged_into[..] as &[Option<Uuid>],
        &columns.split_from[..] as &[Option<Uuid>],
        &columns.archived_at[..] as &[Option<DateTime<Utc>>],
        &columns.tracked_until[..] as &[Option<DateTime<Utc>>],
        &columns.eta[..] as &[Option<DateTime<Utc>>],
    )
    .execute(tx)
    .await?;
    Ok(())
}
