use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use domain::event::DomainEvent;
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{counter::Counters, links::Links, waiting::Waiting};
use crate::{
    ProjectError, TicketRow,
    ticket_row::{Columns, Memory, Rows, fold, forgotten, missing, redact},
};

pub(super) async fn apply(
    events: &[Arc<Recorded<DomainEvent>>],
    (memory, counters): (&Memory, &Mutex<Counters>),
    tx: &mut PgConnection,
) -> Result<(), ProjectError> {
    // What a batch that fails does not put back is read again.
    let mut counting = std::mem::take(&mut *counters.lock().unwrap_or_else(PoisonError::into_inner));
    counting.look(tx).await?;
    let mut rows = memory.take();
    let waiting = Waiting::of(events, tx).await?;
    let mut wanted = missing(events, &rows);
    wanted.extend(waiting.tickets().filter(|it| !rows.contains_key(it)));
    rows.extend(load(&wanted, tx).await?);
    let before = former(&counting, events, &waiting, &rows);
    let mut touched = HashSet::new();
    let mut links = Links::default();
    for event in events {
        if fold(super::NAME, &mut rows, event)?.is_some() {
            touched.insert(event.stream_id);
        }
        links.note(event);
    }
    touched.extend(waiting.show(&mut rows));
    let forgotten = forgotten(events);
    redact(&mut rows, &forgotten);
    let mut columns = Columns::default();
    for row in touched.iter().filter_map(|it| rows.get(it)) {
        columns.push(row);
    }
    upsert(&columns, tx).await?;
    counting.compare(&before, &rows, &touched).write(tx).await?;
    if !forgotten.is_empty() {
        counting.forget_fields(tx).await?;
    }
    links.write(tx).await?;
    waiting.write(tx).await?;
    forget(&forgotten, tx).await?;
    memory.put(rows);
    *counters.lock().unwrap_or_else(PoisonError::into_inner) = counting;
    Ok(())
}

/// The rows that a batch may change, as they are before it; none when nothing is counted.
fn former(counting: &Counters, events: &[Arc<Recorded<DomainEvent>>], waiting: &Waiting, rows: &Rows) -> Rows {
    if counting.is_empty() {
        return Rows::new();
    }
    let ids = events.iter().map(|it| it.stream_id).chain(waiting.tickets());
    ids.filter_map(|it| Some((it, rows.get(&it)?.clone()))).collect()
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<Rows, ProjectError> {
    if ids.is_empty() {
        return Ok(Rows::new());
    }
    let rows: Vec<TicketRow> = sqlx::query_as("SELECT * FROM ticket_list WHERE ticket_id = ANY($1)")
        .bind(ids)
        .fetch_all(tx)
        .await?;
    Ok(rows.into_iter().map(|it| (it.ticket_id, it)).collect())
}

/// Takes their words out of all rows.
async fn forget(forgotten: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    let forget = "UPDATE ticket_list SET subject = NULL, resolution_note = NULL, fields = '{}'
        WHERE data_subject = ANY($1)";
    sqlx::query(forget).bind(forgotten).execute(tx).await?;
    Ok(())
}

#[expect(clippy::too_many_lines, reason = "one line a column")]
async fn upsert(columns: &Columns, tx: &mut PgConnection) -> Result<(), ProjectError> {
    sqlx::query!(
        r#"INSERT INTO ticket_list (
            ticket_id, version, number, ticket_type, subject, contact_id, category_id, subcategory_id, priority,
            status, hold_reason, hold_until, assignee_id, resolution_reason, resolution_note, reopen_count,
            channel, external_id, opened_at, updated_at, resolved_at, closed_at, inbox_id, branch_id, team_id,
            data_subject, status_label_id, tag_ids, fields, follower_ids, snoozed_at, snoozed_until, verdict,
            merged_into, split_from, archived_at, tracked_until, eta, needs_answer_since
        )
        SELECT
            ticket_id, version, number, ticket_type, subject, contact_id, category_id, subcategory_id, priority,
            status, hold_reason, hold_until, assignee_id, resolution_reason, resolution_note, reopen_count,
            channel, external_id, opened_at, updated_at, resolved_at, closed_at, inbox_id, branch_id, team_id,
            data_subject, status_label_id, tag_ids::uuid[], fields::jsonb, follower_ids::uuid[], snoozed_at,
            snoozed_until, verdict, merged_into, split_from, archived_at, tracked_until, eta, needs_answer_since
        FROM UNNEST(
            $1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[],
            $9::smallint[], $10::text[], $11::text[], $12::timestamptz[], $13::uuid[], $14::text[], $15::text[],
            $16::integer[], $17::text[], $18::text[], $19::timestamptz[], $20::timestamptz[], $21::timestamptz[],
            $22::timestamptz[], $23::uuid[], $24::uuid[], $25::uuid[], $26::uuid[], $27::uuid[], $28::text[],
            $29::text[], $30::text[], $31::timestamptz[], $32::timestamptz[], $33::text[], $34::uuid[],
            $35::uuid[], $36::timestamptz[], $37::timestamptz[], $38::timestamptz[], $39::timestamptz[]
        ) AS new (
            ticket_id, version, number, ticket_type, subject, contact_id, category_id, subcategory_id, priority,
            status, hold_reason, hold_until, assignee_id, resolution_reason, resolution_note, reopen_count,
            channel, external_id, opened_at, updated_at, resolved_at, closed_at, inbox_id, branch_id, team_id,
            data_subject, status_label_id, tag_ids, fields, follower_ids, snoozed_at, snoozed_until, verdict,
            merged_into, split_from, archived_at, tracked_until, eta, needs_answer_since
        )
        ON CONFLICT (ticket_id) DO UPDATE SET
            version = EXCLUDED.version, number = EXCLUDED.number, ticket_type = EXCLUDED.ticket_type,
            subject = EXCLUDED.subject, contact_id = EXCLUDED.contact_id, category_id = EXCLUDED.category_id,
            subcategory_id = EXCLUDED.subcategory_id, priority = EXCLUDED.priority, status = EXCLUDED.status,
            hold_reason = EXCLUDED.hold_reason, hold_until = EXCLUDED.hold_until,
            assignee_id = EXCLUDED.assignee_id, resolution_reason = EXCLUDED.resolution_reason,
            resolution_note = EXCLUDED.resolution_note, reopen_count = EXCLUDED.reopen_count,
            channel = EXCLUDED.channel, external_id = EXCLUDED.external_id, opened_at = EXCLUDED.opened_at,
            updated_at = EXCLUDED.updated_at, resolved_at = EXCLUDED.resolved_at, closed_at = EXCLUDED.closed_at,
            inbox_id = EXCLUDED.inbox_id, branch_id = EXCLUDED.branch_id, team_id = EXCLUDED.team_id,
            data_subject = EXCLUDED.data_subject, status_label_id = EXCLUDED.status_label_id,
            tag_ids = EXCLUDED.tag_ids, fields = EXCLUDED.fields, follower_ids = EXCLUDED.follower_ids,
            snoozed_at = EXCLUDED.snoozed_at, snoozed_until = EXCLUDED.snoozed_until, verdict = EXCLUDED.verdict,
            merged_into = EXCLUDED.merged_into, split_from = EXCLUDED.split_from,
            archived_at = EXCLUDED.archived_at, tracked_until = EXCLUDED.tracked_until, eta = EXCLUDED.eta,
            needs_answer_since = EXCLUDED.needs_answer_since"#,
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
        &columns.needs_answer_since[..] as &[Option<DateTime<Utc>>],
    )
    .execute(tx)
    .await?;
    Ok(())
}
