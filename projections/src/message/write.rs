use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::event::DomainEvent;
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    fold::{Batch, PartKey, missing},
    rows::{MessageRow, ThreadRow},
};
use crate::{ProjectError, ticket_row::forgotten};

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let mut batch = Batch::new(load(&missing(events), tx).await?);
    for event in events {
        batch.take(event)?;
    }
    write_threads(&batch, tx).await?;
    write_parts(&batch, tx).await?;
    insert(&batch, tx).await?;
    edit(&batch, tx).await?;
    redact(&batch, tx).await?;
    write_readers(&batch, tx).await?;
    note(&batch, tx).await?;
    forget(&forgotten(events), tx).await
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<Vec<ThreadRow>, ProjectError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        ThreadRow,
        "SELECT * FROM ticket_thread WHERE conversation_id = ANY($1)",
        ids
    );
    Ok(rows.fetch_all(tx).await?)
}

fn column<'a, R: 'a, T>(rows: impl Iterator<Item = &'a R>, of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.map(of).collect()
}

async fn write_threads(batch: &Batch, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if batch.threads.is_empty() {
        return Ok(());
    }
    let rows = || batch.threads.values();
    sqlx::query!(
        r#"INSERT INTO ticket_thread (
            conversation_id, ticket_id, contact_id, inbox_id, channel, last_seq, last_message_at, last_public_at,
            last_received_at, last_answer_at, first_answer_at, needs_answer_since, delivered_up_to, contact_read_up_to
        )
        SELECT * FROM UNNEST(
            $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::integer[], $7::timestamptz[],
            $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[],
            $13::integer[], $14::integer[]
        )
        ON CONFLICT (conversation_id) DO UPDATE SET
            last_seq = EXCLUDED.last_seq, last_message_at = EXCLUDED.last_message_at,
            last_public_at = EXCLUDED.last_public_at, last_received_at = EXCLUDED.last_received_at,
            last_answer_at = EXCLUDED.last_answer_at, first_answer_at = EXCLUDED.first_answer_at,
            needs_answer_since = EXCLUDED.needs_answer_since, delivered_up_to = EXCLUDED.delivered_up_to,
            contact_read_up_to = EXCLUDED.contact_read_up_to"#,
        &column(rows(), |it| it.conversation_id)[..],
        &column(rows(), |it| it.ticket_id)[..],
        &column(rows(), |it| it.contact_id)[..] as &[Option<Uuid>],
        &column(rows(), |it| it.inbox_id)[..] as &[Option<Uuid>],
        &column(rows(), |it| it.channel.clone())[..],
        &column(rows(), |it| it.last_seq)[..],
        &column(rows(), |it| it.last_message_at)[..] as &[Option<DateTime<Utc>>],
        &column(rows(), |it| it.last_public_at)[..] as &[Option<DateTime<Utc>>],
        &column(rows(), |it| it.last_received_at)[..] as &[Option<DateTime<Utc>>],
        &column(rows(), |it| it.last_answer_at)[..] as &[Option<DateTime<Utc>>],
        &column(rows(), |it| it.first_answer_at)[..] as &[Option<DateTime<Utc>>],
        &column(rows(), |it| it.needs_answer_since)[..] as &[Option<DateTime<Utc>>],
        &column(rows(), |it| it.delivered_up_to)[..],
        &column(rows(), |it| it.contact_read_up_to)[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_parts(batch: &Batch, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if batch.parts.is_empty() {
        return Ok(());
    }
    let gone: Vec<&PartKey> = batch.parts.iter().filter(|it| it.1.is_none()).map(|it| it.0).collect();
    sqlx::query!(
        r#"DELETE FROM ticket_part USING UNNEST($1::uuid[], $2::text[], $3::uuid[]) AS gone (ticket_id, kind, of_ticket)
        WHERE ticket_part.ticket_id = gone.ticket_id AND ticket_part.kind = gone.kind
            AND ticket_part.of_ticket = gone.of_ticket"#,
        &column(gone.iter(), |it| it.ticket_id)[..],
        &column(gone.iter(), |it| it.kind.to_owned())[..],
        &column(gone.iter(), |it| it.of_ticket)[..],
    )
    .execute(&mut *tx)
    .await?;
    let kept = || {
        batch
            .parts
            .iter()
            .filter_map(|(key, part)| part.as_ref().map(|it| (key, it)))
    };
    let rows: Vec<_> = kept().collect();
    sqlx::query!(
        r#"INSERT INTO ticket_part (ticket_id, kind, of_ticket, conversation_id, from_seq, before)
        SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::integer[], $6::bigint[])
        ON CONFLICT (ticket_id, kind, of_ticket) DO NOTHING"#,
        &column(rows.iter(), |it| it.0.ticket_id)[..],
        &column(rows.iter(), |it| it.0.kind.to_owned())[..],
        &column(rows.iter(), |it| it.0.of_ticket)[..],
        &column(rows.iter(), |it| it.1.conversation_id)[..],
        &column(rows.iter(), |it| it.1.from_seq)[..],
        &column(rows.iter(), |it| it.1.before)[..] as &[Option<i64>],
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// An array of arrays must be even, so the ids of each row travel as one text.
fn joined(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}

async fn insert(batch: &Batch, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if batch.messages.is_empty() {
        return Ok(());
    }
    let rows = || batch.messages.values();
    sqlx::query!(
        r#"INSERT INTO message (
            conversation_id, seq, message_id, ticket_id, author, sort, body, client_message_id, external_id,
            in_reply_to, mentions, attachments, via, via_id, arrived_at, sent_at, edited_at, redacted_at,
            redaction_reason, data_subject, position
        )
        SELECT conversation_id, seq, message_id, ticket_id, author, sort, body, client_message_id, external_id,
            in_reply_to, string_to_array(mentions, ',')::uuid[], string_to_array(attachments, ',')::uuid[], via, via_id,
            arrived_at, sent_at, edited_at, redacted_at, redaction_reason, data_subject, position
        FROM UNNEST(
            $1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::integer[], $11::text[], $12::text[], $13::text[], $14::uuid[], $15::timestamptz[],
            $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::text[], $20::uuid[],
            $21::bigint[]
        ) AS new (
            conversation_id, seq, message_id, ticket_id, author, sort, body, client_message_id, external_id,
            in_reply_to, mentions, attachments, via, via_id, arrived_at, sent_at, edited_at, redacted_at,
            redaction_reason, data_subject, position
        )"#,
        &column(rows(), |it| it.conversation_id)[..],
        &column(rows(), |it| it.seq)[..],
        &column(rows(), |it| it.message_id)[..],
        &column(rows(), |it| it.ticket_id)[..],
        &column(rows(), |it| it.author.clone())[..],
        &column(rows(), |it| it.sort.clone())[..],
        &column(rows(), |it| it.body.clone())[..] as &[Option<String>],
        &column(rows(), |it| it.client_message_id.clone())[..] as &[Option<String>],
        &column(rows(), |it| it.external_id.clone())[..] as &[Option<String>],
        &column(rows(), |it| it.in_reply_to)[..] as &[Option<i32>],
        &column(rows(), |it| joined(&it.mentions))[..],
        &column(rows(), |it| joined(&it.attachments))[..],
        &column(rows(), |it| it.via.clone())[..],
        &column(rows(), |it| it.via_id)[..] as &[Option<Uuid>],
        &column(rows(), |it| it.arrived_at)[..],
        &column(rows(), |it| it.sent_at)[..] as &[Option<DateTime<Utc>>],
        &column(rows(), |it| it.edited_at)[..] as &[Option<DateTime<Utc>>],
        &column(rows(), |it| it.redacted_at)[..] as &[Option<DateTime<Utc>>],
        &column(rows(), |it| it.redaction_reason.clone())[..] as &[Option<String>],
        &column(rows(), |it: &MessageRow| it.data_subject)[..] as &[Option<Uuid>],
        &column(rows(), |it| it.position)[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn edit(batch: &Batch, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if batch.edits.is_empty() {
        return Ok(());
    }
    let edits = || batch.edits.values();
    sqlx::query!(
        r#"UPDATE message SET body = new.body, data_subject = new.data_subject, edited_at = new.at
        FROM UNNEST($1::uuid[], $2::integer[], $3::text[], $4::uuid[], $5::timestamptz[])
            AS new (conversation_id, seq, body, data_subject, at)
        WHERE message.conversation_id = new.conversation_id AND message.seq = new.seq"#,
        &column(batch.edits.keys(), |it| it.0)[..],
        &column(batch.edits.keys(), |it| it.1)[..],
        &column(edits(), |it| it.body.clone())[..] as &[Option<String>],
        &column(edits(), |it| it.data_subject)[..] as &[Option<Uuid>],
        &column(edits(), |it| it.at)[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn redact(batch: &Batch, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if batch.redactions.is_empty() {
        return Ok(());
    }
    let redactions = || batch.redactions.values();
    sqlx::query!(
        r#"UPDATE message SET body = NULL, redaction_reason = new.reason, redacted_at = new.at
        FROM UNNEST($1::uuid[], $2::integer[], $3::text[], $4::timestamptz[])
            AS new (conversation_id, seq, reason, at)
        WHERE message.conversation_id = new.conversation_id AND message.seq = new.seq"#,
        &column(batch.redactions.keys(), |it| it.0)[..],
        &column(batch.redactions.keys(), |it| it.1)[..],
        &column(redactions(), |it| it.0.to_owned())[..],
        &column(redactions(), |it| it.1)[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_readers(batch: &Batch, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if batch.readers.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"INSERT INTO message_reader (conversation_id, reader, seq, at)
        SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[])
        ON CONFLICT (conversation_id, reader) DO UPDATE SET seq = EXCLUDED.seq, at = EXCLUDED.at"#,
        &column(batch.readers.keys(), |it| it.0)[..],
        &column(batch.readers.keys(), |it| it.1.clone())[..],
        &column(batch.readers.values(), |it| it.0)[..],
        &column(batch.readers.values(), |it| it.1)[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn note(batch: &Batch, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if batch.changes.is_empty() {
        return Ok(());
    }
    let rows = || batch.changes.iter();
    sqlx::query!(
        r#"INSERT INTO message_change (position, conversation_id, seq, event_type, at, actor)
        SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::integer[], $4::text[], $5::timestamptz[], $6::text[])"#,
        &column(rows(), |it| it.position)[..],
        &column(rows(), |it| it.place.0)[..],
        &column(rows(), |it| it.place.1)[..],
        &column(rows(), |it| it.event_type.clone())[..],
        &column(rows(), |it| it.at)[..],
        &column(rows(), |it| it.actor.clone())[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes the words about them out of all rows.
async fn forget(forgotten: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    sqlx::query!("UPDATE message SET body = NULL WHERE data_subject = ANY($1)", forgotten)
        .execute(tx)
        .await?;
    Ok(())
}
