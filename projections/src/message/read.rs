use std::collections::HashMap;

use chrono::{DateTime, Utc};
use event_store::Position;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::{
    MODEL, MessageRow, ThreadRow,
    parts::{Wanted, columns, over_segments},
};
use crate::{Turn, checkpoint::to_column};

/// Which part of a thread is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadPage {
    /// Only messages behind this place in the log.
    pub after: i64,
    /// Only messages before this place in the log.
    pub before: i64,
    /// So many of each thread at most.
    pub limit: i64,
    /// The newest of them rather than the oldest.
    pub from_end: bool,
}

/// A row and the thread in which it is shown.
#[derive(FromRow)]
struct Of<T> {
    thread: Uuid,
    #[sqlx(flatten)]
    row: T,
}

/// The same part of several threads, each one's messages in the order of arrival, by the ticket's own conversation; in one
/// statement, however many threads there are.
///
/// # Errors
/// When Postgres does not answer.
pub async fn of_threads(
    pool: &PgPool,
    wanted: &[Wanted],
    page: ThreadPage,
) -> Result<HashMap<Uuid, Vec<MessageRow>>, sqlx::Error> {
    const FORWARD: &str = over_segments!(
        "SELECT segment.thread, found.* FROM segment CROSS JOIN LATERAL (
            SELECT * FROM message WHERE conversation_id = segment.conversation_id AND (segment.team OR sort <> 'note')
                AND seq >= segment.from_seq AND (segment.before IS NULL OR position < segment.before)
                AND position > $5 AND position < $6
            ORDER BY position LIMIT $7
        ) AS found"
    );
    const BACKWARD: &str = over_segments!(
        "SELECT segment.thread, found.* FROM segment CROSS JOIN LATERAL (
            SELECT * FROM message WHERE conversation_id = segment.conversation_id AND (segment.team OR sort <> 'note')
                AND seq >= segment.from_seq AND (segment.before IS NULL OR position < segment.before)
                AND position > $5 AND position < $6
            ORDER BY position DESC LIMIT $7
        ) AS found"
    );
    let (tickets, conversations, team, contacts) = columns(wanted);
    let rows: Vec<Of<MessageRow>> = sqlx::query_as(if page.from_end { BACKWARD } else { FORWARD })
        .bind(tickets)
        .bind(conversations)
        .bind(team)
        .bind(contacts)
        .bind(page.after)
        .bind(page.before)
        .bind(page.limit)
        .fetch_all(pool)
        .await?;
    let mut found: HashMap<Uuid, Vec<MessageRow>> = HashMap::with_capacity(wanted.len());
    for Of { thread, row } in rows {
        found.entry(thread).or_default().push(row);
    }
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    for messages in found.values_mut() {
        messages.sort_by_key(|it| it.position);
        // A part that was split off and merged again is shown once.
        messages.dedup_by_key(|it| it.message_id);
        let over = messages.len().saturating_sub(limit);
        if page.from_end {
            messages.drain(..over);
        } else {
            messages.truncate(limit);
        }
    }
    Ok(found)
}

/// How many messages each of several threads has; one without messages is not there.
///
/// # Errors
/// When Postgres does not answer.
pub async fn counts(pool: &PgPool, wanted: &[Wanted]) -> Result<HashMap<Uuid, i64>, sqlx::Error> {
    const COUNTS: &str = over_segments!(
        "SELECT segment.thread, COUNT(DISTINCT message.position) FROM segment
        JOIN message ON message.conversation_id = segment.conversation_id AND (segment.team OR message.sort <> 'note')
            AND message.seq >= segment.from_seq
            AND (segment.before IS NULL OR message.position < segment.before)
        GROUP BY segment.thread"
    );
    let (tickets, conversations, team, contacts) = columns(wanted);
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(COUNTS)
        .bind(tickets)
        .bind(conversations)
        .bind(team)
        .bind(contacts)
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().collect())
}

/// How several threads stand, with all that is shown in them; one without messages is not there.
///
/// # Errors
/// When Postgres does not answer.
pub async fn standings(pool: &PgPool, wanted: &[Wanted]) -> Result<HashMap<Uuid, ThreadRow>, sqlx::Error> {
    const STANDINGS: &str = over_segments!(
        "SELECT segment.thread, ticket_thread.* FROM segment
        JOIN ticket_thread ON ticket_thread.conversation_id = segment.conversation_id WHERE segment.whole"
    );
    let (tickets, conversations, team, contacts) = columns(wanted);
    let rows: Vec<Of<ThreadRow>> = sqlx::query_as(STANDINGS)
        .bind(tickets)
        .bind(conversations)
        .bind(team)
        .bind(contacts)
        .fetch_all(pool)
        .await?;
    let mut found: HashMap<Uuid, ThreadRow> = HashMap::with_capacity(wanted.len());
    for Of { thread, row } in rows {
        match found.remove(&thread) {
            Some(known) => drop(found.insert(thread, known.with(row, thread))),
            None => drop(found.insert(thread, row)),
        }
    }
    Ok(found)
}

/// The files of several threads, each one's in the order of its messages, so many of each at most.
///
/// # Errors
/// When Postgres does not answer.
pub async fn files(pool: &PgPool, wanted: &[Wanted], limit: i64) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    const FILES: &str = over_segments!(
        "SELECT thread, id FROM (
            SELECT thread, id, ROW_NUMBER() OVER (PARTITION BY thread ORDER BY position, place) AS nth FROM (
                SELECT segment.thread, file.id, MIN(message.position) AS position, MIN(file.place) AS place
                FROM segment
                JOIN message ON message.conversation_id = segment.conversation_id
                    AND (segment.team OR message.sort <> 'note') AND message.seq >= segment.from_seq
                    AND (segment.before IS NULL OR message.position < segment.before)
                    AND message.redacted_at IS NULL
                CROSS JOIN LATERAL UNNEST(message.attachments) WITH ORDINALITY AS file (id, place)
                GROUP BY segment.thread, file.id
            ) AS found
        ) AS placed WHERE nth <= $5 ORDER BY thread, nth"
    );
    let (tickets, conversations, team, contacts) = columns(wanted);
    sqlx::query_as(FILES)
        .bind(tickets)
        .bind(conversations)
        .bind(team)
        .bind(contacts)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// How several conversations stand, each by itself; one without messages is not there.
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
    /// Whose conversation it is.
    pub contact_id: Option<Uuid>,
    /// Tickets that show this conversation beside their own.
    pub shown_in: Vec<Uuid>,
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
    contact_id: Option<Uuid>,
    shown_in: Vec<Uuid>,
    #[sqlx(flatten)]
    message: MessageRow,
}

/// What is told of messages after a turn and up to a position, in the order in which it is told; of some conversations, or
/// of all.
///
/// # Errors
/// When Postgres does not answer.
pub async fn since(
    pool: &PgPool,
    conversations: Option<&[Uuid]>,
    after: Turn,
    until: Position,
    limit: i64,
) -> Result<Vec<MessageTold>, sqlx::Error> {
    // What came late is found there alone, not at its place in the log.
    const SINCE: &str = "WITH build AS (
            SELECT id FROM ops.generation WHERE model = $5 AND version = $6 AND serving
        ), told AS (
            (SELECT it.*, it.position AS shown_at, 0::bigint AS late FROM message_change AS it
             WHERE it.position > $1 AND it.position <= $3 AND ($7::uuid[] IS NULL OR it.conversation_id = ANY($7))
                 AND NOT EXISTS (SELECT FROM ops.late_event AS late
                                 WHERE late.generation = (SELECT id FROM build) AND late.position = it.position)
             ORDER BY it.position LIMIT $4)
            UNION ALL
            (SELECT it.*, late.shown_at, late.position FROM ops.late_event AS late
             JOIN message_change AS it ON it.position = late.position
             WHERE late.generation = (SELECT id FROM build) AND (late.shown_at, late.position) > ($1, $2)
                 AND late.shown_at <= $3 AND ($7::uuid[] IS NULL OR it.conversation_id = ANY($7))
             ORDER BY late.shown_at, late.position LIMIT $4)
            ORDER BY shown_at, late LIMIT $4
        )
        SELECT told.shown_at, told.late, told.event_type, told.at, told.actor, ticket_thread.contact_id, message.*,
            ARRAY (WITH RECURSIVE up (ticket_id, steps) AS (
                    SELECT part.ticket_id, 1 FROM ticket_part AS part
                    WHERE part.conversation_id = told.conversation_id AND part.kind = 'absorbed'
                    UNION
                    SELECT part.ticket_id, up.steps + 1 FROM up
                    JOIN ticket_part AS part ON part.of_ticket = up.ticket_id AND part.kind = 'absorbed'
                    WHERE up.steps < 64
                ) SELECT ticket_id FROM up) AS shown_in
        FROM told JOIN message ON message.conversation_id = told.conversation_id AND message.seq = told.seq
        JOIN ticket_thread ON ticket_thread.conversation_id = told.conversation_id
        ORDER BY told.shown_at, told.late";
    let (shown_at, late) = after.to_columns();
    let rows: Vec<Row> = sqlx::query_as(SINCE)
        .bind(shown_at)
        .bind(late)
        .bind(to_column(until))
        .bind(limit)
        .bind(MODEL.name)
        .bind(MODEL.version)
        .bind(conversations)
        .fetch_all(pool)
        .await?;
    let told = rows.into_iter().map(|row| MessageTold {
        turn: Turn::from_columns(row.shown_at, row.late),
        event_type: row.event_type,
        at: row.at,
        actor: row.actor,
        contact_id: row.contact_id,
        shown_in: row.shown_in,
        message: row.message,
    });
    Ok(told.collect())
}
