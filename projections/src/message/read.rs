use std::collections::HashMap;

use chrono::{DateTime, Utc};
use event_store::Position;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::{MODEL, MessageRow, ThreadRow};
use crate::{Turn, checkpoint::to_column};

/// Which part of a conversation is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadPage {
    /// Only places behind this one.
    pub after: i32,
    /// Only places before this one.
    pub before: i32,
    /// So many of each conversation at most.
    pub limit: i64,
    /// The newest of them rather than the oldest.
    pub from_end: bool,
}

/// A conversation that is read, and whether its notes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Whether the reader may see what the team writes for itself.
    pub notes: bool,
}

fn columns(wanted: &[Wanted]) -> (Vec<Uuid>, Vec<bool>) {
    wanted.iter().map(|it| (it.conversation_id, it.notes)).unzip()
}

/// The same part of several conversations, each one's messages in the order of arrival; in one statement, however many
/// conversations there are.
///
/// # Errors
/// When Postgres does not answer.
pub async fn of_conversations(
    pool: &PgPool,
    wanted: &[Wanted],
    page: ThreadPage,
) -> Result<HashMap<Uuid, Vec<MessageRow>>, sqlx::Error> {
    const FORWARD: &str = "SELECT found.* FROM UNNEST($1::uuid[], $2::boolean[]) AS wanted (id, notes)
        CROSS JOIN LATERAL (
            SELECT * FROM message WHERE conversation_id = wanted.id AND (wanted.notes OR sort <> 'note')
                AND seq > $3 AND seq < $4
            ORDER BY seq LIMIT $5
        ) AS found";
    const BACKWARD: &str = "SELECT found.* FROM UNNEST($1::uuid[], $2::boolean[]) AS wanted (id, notes)
        CROSS JOIN LATERAL (
            SELECT * FROM message WHERE conversation_id = wanted.id AND (wanted.notes OR sort <> 'note')
                AND seq > $3 AND seq < $4
            ORDER BY seq DESC LIMIT $5
        ) AS found";
    let (ids, notes) = columns(wanted);
    let rows: Vec<MessageRow> = sqlx::query_as(if page.from_end { BACKWARD } else { FORWARD })
        .bind(ids)
        .bind(notes)
        .bind(page.after)
        .bind(page.before)
        .bind(page.limit)
        .fetch_all(pool)
        .await?;
    let mut found: HashMap<Uuid, Vec<MessageRow>> = HashMap::with_capacity(wanted.len());
    for row in rows {
        found.entry(row.conversation_id).or_default().push(row);
    }
    for messages in found.values_mut() {
        messages.sort_by_key(|it| it.seq);
    }
    Ok(found)
}

/// How many messages each of several conversations has; one without messages is not there.
///
/// # Errors
/// When Postgres does not answer.
pub async fn counts(pool: &PgPool, wanted: &[Wanted]) -> Result<HashMap<Uuid, i64>, sqlx::Error> {
    const COUNTS: &str = "SELECT message.conversation_id, COUNT(*)
        FROM UNNEST($1::uuid[], $2::boolean[]) AS wanted (id, notes)
        JOIN message ON message.conversation_id = wanted.id AND (wanted.notes OR message.sort <> 'note')
        GROUP BY message.conversation_id";
    let (ids, notes) = columns(wanted);
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(COUNTS).bind(ids).bind(notes).fetch_all(pool).await?;
    Ok(rows.into_iter().collect())
}

/// The files of several conversations, each one's in the order of its messages, so many of each at most.
///
/// # Errors
/// When Postgres does not answer.
pub async fn files(pool: &PgPool, wanted: &[Wanted], limit: i64) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    const FILES: &str = "SELECT wanted.id, found.file FROM UNNEST($1::uuid[], $2::boolean[]) AS wanted (id, notes)
        CROSS JOIN LATERAL (
            SELECT message.seq, file.id AS file, file.place FROM message
            CROSS JOIN LATERAL UNNEST(message.attachments) WITH ORDINALITY AS file (id, place)
            WHERE conversation_id = wanted.id AND (wanted.notes OR sort <> 'note') AND redacted_at IS NULL
            ORDER BY message.seq, file.place LIMIT $3
        ) AS found
        ORDER BY wanted.id, found.seq, found.place";
    let (ids, notes) = columns(wanted);
    sqlx::query_as(FILES)
        .bind(ids)
        .bind(notes)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// How several conversations stand; one without messages is not there.
///
/// # Errors
/// When Postgres does not answer.
pub async fn threads(pool: &PgPool, conversation_ids: &[Uuid]) -> Result<HashMap<Uuid, ThreadRow>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ThreadRow,
        "SELECT * FROM ticket_thread WHERE conversation_id = ANY($1)",
        conversation_ids
    );
    let rows = rows.fetch_all(pool).await?;
    Ok(rows.into_iter().map(|it| (it.conversation_id, it)).collect())
}

/// The messages with these ids, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<MessageRow>, sqlx::Error> {
    sqlx::query_as!(MessageRow, "SELECT * FROM message WHERE message_id = ANY($1)", ids)
        .fetch_all(pool)
        .await
}

/// The messages at these places of conversations, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn at_places(pool: &PgPool, places: &[(Uuid, i32)]) -> Result<Vec<MessageRow>, sqlx::Error> {
    let (ids, seqs): (Vec<Uuid>, Vec<i32>) = places.iter().copied().unzip();
    sqlx::query_as!(
        MessageRow,
        "SELECT message.* FROM UNNEST($1::uuid[], $2::integer[]) AS wanted (id, seq)
        JOIN message ON message.conversation_id = wanted.id AND message.seq = wanted.seq",
        &ids,
        &seqs
    )
    .fetch_all(pool)
    .await
}

/// Something that happened to a message.
#[derive(Debug, Clone)]
pub struct MessageTold {
    /// When it is told.
    pub turn: Turn,
    /// Stored type of the event.
    pub event_type: String,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// Who did it, `kind:id`.
    pub actor: String,
    /// The message as it is now; of a watermark, the last it counts for.
    pub message: MessageRow,
}

#[derive(FromRow)]
struct Row {
    shown_at: i64,
    late: i64,
    event_type: String,
    at: DateTime<Utc>,
    actor: String,
    #[sqlx(flatten)]
    message: MessageRow,
}

/// What is told of messages after a turn and up to a position, in the order in which it is told; of one conversation, or
/// of all.
///
/// # Errors
/// When Postgres does not answer.
pub async fn since(
    pool: &PgPool,
    conversation_id: Option<Uuid>,
    after: Turn,
    until: Position,
    limit: i64,
) -> Result<Vec<MessageTold>, sqlx::Error> {
    // What came late is found there alone, not at its place in the log.
    const SINCE: &str = "WITH build AS (
            SELECT id FROM ops.generation WHERE model = $5 AND version = $6 AND serving
        ), told AS (
            (SELECT it.*, it.position AS shown_at, 0::bigint AS late FROM message_change AS it
             WHERE it.position > $1 AND it.position <= $3 AND ($7::uuid IS NULL OR it.conversation_id = $7)
                 AND NOT EXISTS (SELECT FROM ops.late_event AS late
                                 WHERE late.generation = (SELECT id FROM build) AND late.position = it.position)
             ORDER BY it.position LIMIT $4)
            UNION ALL
            (SELECT it.*, late.shown_at, late.position FROM ops.late_event AS late
             JOIN message_change AS it ON it.position = late.position
             WHERE late.generation = (SELECT id FROM build) AND (late.shown_at, late.position) > ($1, $2)
                 AND late.shown_at <= $3 AND ($7::uuid IS NULL OR it.conversation_id = $7)
             ORDER BY late.shown_at, late.position LIMIT $4)
            ORDER BY shown_at, late LIMIT $4
        )
        SELECT told.shown_at, told.late, told.event_type, told.at, told.actor, message.*
        FROM told JOIN message ON message.conversation_id = told.conversation_id AND message.seq = told.seq
        ORDER BY told.shown_at, told.late";
    let (shown_at, late) = after.to_columns();
    let rows: Vec<Row> = sqlx::query_as(SINCE)
        .bind(shown_at)
        .bind(late)
        .bind(to_column(until))
        .bind(limit)
        .bind(MODEL.name)
        .bind(MODEL.version)
        .bind(conversation_id)
        .fetch_all(pool)
        .await?;
    let told = rows.into_iter().map(|row| MessageTold {
        turn: Turn::from_columns(row.shown_at, row.late),
        event_type: row.event_type,
        at: row.at,
        actor: row.actor,
        message: row.message,
    });
    Ok(told.collect())
}
