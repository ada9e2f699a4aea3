//! Which conversations make up the thread of a ticket: its own, those of tickets that were merged into it, and the part
//! it was split from.

use sqlx::PgPool;
use uuid::Uuid;

/// A ticket's thread that is read, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The ticket.
    pub ticket_id: Uuid,
    /// Its own conversation, which also names the thread.
    pub conversation_id: Uuid,
    /// Whether the reader may see what the team writes for itself, and what other customers wrote in tickets that were
    /// merged into this one.
    pub team: bool,
    /// Whose ticket it is: others see of merged tickets those of this customer alone.
    pub contact: Option<Uuid>,
}

/// A statement over what the threads `$1` to `$4` (ticket, conversation, team, contact) are made of: `segment (thread,
/// conversation_id, team, from_seq, before, whole)`. A ring of merges, which nobody can make, would end after as many steps
/// as a chain may have.
macro_rules! over_segments {
    ($statement:literal) => {
        concat!(
            "WITH RECURSIVE shown (thread, ticket_id, conversation_id, team, contact, steps) AS (
                SELECT conversation_id, ticket_id, conversation_id, team, contact, 0
                FROM UNNEST($1::uuid[], $2::uuid[], $3::boolean[], $4::uuid[])
                    AS wanted (ticket_id, conversation_id, team, contact)
                UNION
                SELECT shown.thread, part.of_ticket, part.conversation_id, shown.team, shown.contact, shown.steps + 1
                FROM shown JOIN ticket_part AS part ON part.ticket_id = shown.ticket_id AND part.kind = 'absorbed'
                WHERE shown.steps < 64
            ), part AS (
                SELECT thread, conversation_id, team, contact, 1 AS from_seq, NULL::bigint AS before, true AS whole
                FROM shown
                UNION ALL
                SELECT shown.thread, part.conversation_id, shown.team, shown.contact, part.from_seq, part.before, false
                FROM shown JOIN ticket_part AS part ON part.ticket_id = shown.ticket_id AND part.kind = 'split'
            ), segment AS (
                SELECT * FROM part WHERE team OR conversation_id = thread OR EXISTS (
                    SELECT FROM ticket_thread AS other
                    WHERE other.conversation_id = part.conversation_id AND other.contact_id = part.contact)
            ) ",
            $statement
        )
    };
}
pub(super) use over_segments;

/// The columns of what is wanted, in the order of [`over_segments`].
pub(super) type Columns = (Vec<Uuid>, Vec<Uuid>, Vec<bool>, Vec<Option<Uuid>>);

pub(super) fn columns(wanted: &[Wanted]) -> Columns {
    let mut columns = Columns::default();
    for it in wanted {
        columns.0.push(it.ticket_id);
        columns.1.push(it.conversation_id);
        columns.2.push(it.team);
        columns.3.push(it.contact);
    }
    columns
}

/// All conversations that a ticket shows whole.
///
/// # Errors
/// When Postgres does not answer.
pub async fn conversations(pool: &PgPool, wanted: Wanted) -> Result<Vec<Uuid>, sqlx::Error> {
    const WHOLE: &str = over_segments!("SELECT DISTINCT conversation_id FROM segment WHERE whole");
    let (tickets, conversations, team, contacts) = columns(&[wanted]);
    sqlx::query_scalar(WHOLE)
        .bind(tickets)
        .bind(conversations)
        .bind(team)
        .bind(contacts)
        .fetch_all(pool)
        .await
}
