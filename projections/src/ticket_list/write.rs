use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Utc};
use domain::event::DomainEvent;
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    ProjectError, TicketRow,
    ticket_row::{Columns, Memory, Rows, fold, forgotten, missing, redact},
};

pub(super) async fn apply(
    events: &[Arc<Recorded<DomainEvent>>],
    memory: &Memory,
    tx: &mut PgConnection,
) -> Result<(), ProjectError> {
    let mut rows = memory.take();
    rows.extend(load(&missing(events, &rows), tx).await?);
    let mut touched = HashSet::new();
    for event in events {
        if fold(super::NAME, &mut rows, event)?.is_some() {
            touched.insert(event.stream_id);
        }
    }
    let forgotten = forgotten(events);
    redact(&mut rows, &forgotten);
    let mut columns = Columns::default();
    for row in touched.iter().filter_map(|it| rows.get(it)) {
        columns.push(row);
    }
    upsert(&columns, tx).await?;
    forget(&forgotten, tx).await?;
    memory.put(rows);
    Ok(())
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<Rows, ProjectError> {
    if ids.is_empty() {
        return Ok(Rows::new());
    }
    let rows = sqlx::query_as!(TicketRow, "SELECT * FROM ticket_list WHERE ticket_id = ANY($1)", ids)
        .fetch_all(tx)
        .await?;
    Ok(rows.into_iter().map(|it| (it.ticket_id, it)).collect())
}

/// Takes their words out of all rows.
async fn forget(forgotten: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE ticket_list SET subject = NULL WHERE data_subject = ANY($1)",
        forgotten
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn upsert(columns: &Columns, tx: &mut PgConnection) -> Result<(), ProjectError> {
    sqlx::query!(
        r#"INSERT INTO ticket_list (
            ticket_id, version, number, ticket_type, subject, contact_id, category_id,
            subcategory_id, priority, status, hold_reason, hold_until, assignee_id,
            resolution_reason, resolution_note, reopen_count, channel, external_id, opened_at,
            updated_at, resolved_at, closed_at, inbox_id, branch_id, team_id, data_subject
        )
        SELECT * FROM UNNEST(
            $1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::text[],
            $8::text[], $9::smallint[], $10::text[], $11::text[], $12::timestamptz[], $13::uuid[],
            $14::text[], $15::text[], $16::integer[], $17::text[], $18::text[], $19::timestamptz[],
            $20::timestamptz[], $21::timestamptz[], $22::timestamptz[], $23::uuid[], $24::uuid[],
            $25::uuid[], $26::uuid[]
        )
        ON CONFLICT (ticket_id) DO UPDATE SET
            version = EXCLUDED.version, number = EXCLUDED.number, ticket_type =
            EXCLUDED.ticket_type, subject = EXCLUDED.subject, contact_id = EXCLUDED.contact_id,
            category_id = EXCLUDED.category_id, subcategory_id = EXCLUDED.subcategory_id, priority =
            EXCLUDED.priority, status = EXCLUDED.status, hold_reason = EXCLUDED.hold_reason,
            hold_until = EXCLUDED.hold_until, assignee_id = EXCLUDED.assignee_id, resolution_reason
            = EXCLUDED.resolution_reason, resolution_note = EXCLUDED.resolution_note, reopen_count =
            EXCLUDED.reopen_count, channel = EXCLUDED.channel, external_id = EXCLUDED.external_id,
            opened_at = EXCLUDED.opened_at, updated_at = EXCLUDED.updated_at, resolved_at =
            EXCLUDED.resolved_at, closed_at = EXCLUDED.closed_at, inbox_id =
            EXCLUDED.inbox_id, branch_id = EXCLUDED.branch_id, team_id = EXCLUDED.team_id, data_subject =
            EXCLUDED.data_subject"#,
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
    )
    .execute(tx)
    .await?;
    Ok(())
}
