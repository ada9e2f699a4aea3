use std::{cmp::Reverse, collections::HashMap};

use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{
    frequency::Frequencies,
    lexemes::{Asked, Query},
};
use crate::ticket_list::filter::Condition;

/// Texts that are put in order at most, the newest of those that fit: of words that stand everywhere older ones are not looked
/// at.
const NEWEST: i32 = 1_000;
/// Tickets that a search finds at most.
const MOST: i64 = 500;
/// People of whom tickets are looked for at most.
const PEOPLE: i64 = 200;
/// With fewer tickets found than that, words are looked for that are only alike.
const ENOUGH: usize = 20;
/// Messages of a ticket that are shown with it at most.
const MENTIONS: i64 = 3;
/// How much a mention counts by its likeness: near spelling, sound, family, the very stem.
const WEIGHTS: &str = "'{0.05, 0.2, 0.5, 1.0}'";

/// How a ticket was found; the greatest fits best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// One of the words, or one like it, stands in its text.
    Any,
    /// Words like those stand in its text.
    Alike,
    /// It is of a person who is called so.
    Person,
    /// The words stand in its text.
    Words,
}

/// A ticket that a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub ticket_id: Uuid,
    /// Where it stands among all that were found: the greatest first.
    pub place: Place,
}

/// A place in the order of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// How well it fits.
    pub score: i64,
    /// Of two that fit equally well, the greater id stands first.
    pub ticket_id: Uuid,
}

/// Which words count for who searches: only such as they may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readable {
    /// What the team writes for itself.
    pub notes: bool,
    /// Names and handles of customers.
    pub contacts: bool,
    /// Addresses of colleagues; their names are no secret.
    pub addresses: bool,
}

/// The tickets in which these words stand, those that fit best first; words in any form, misspelt, or typed with the keyboard
/// in the other language. None for a text without words.
///
/// # Errors
/// When Postgres does not answer.
pub async fn search(
    pool: &PgPool,
    text: &str,
    condition: &Condition,
    readable: Readable,
) -> Result<Vec<Found>, sqlx::Error> {
    let Some(asked) = Asked::of(text) else {
        return Ok(Vec::new());
    };
    let texts = Texts {
        weighed: asked.weighed(),
        known: Frequencies::of(pool, &asked.lexemes()).await?,
        condition,
        notes: readable.notes,
    };
    let mut found = HashMap::new();
    let exact = asked.exact();
    put(&mut found, Way::Words, texts.with(pool, &exact).await?);
    let people = of_people(pool, &exact.text(), condition, readable).await?;
    put(&mut found, Way::Person, people);
    for (way, query) in [(Way::Alike, asked.fuzzy()), (Way::Any, asked.any())] {
        if found.len() < ENOUGH {
            put(&mut found, way, texts.with(pool, &query).await?);
            let people = of_people(pool, &query.text(), condition, readable).await?;
            put(&mut found, way, people);
        }
    }
    let mut found: Vec<Found> = found
        .into_iter()
        .map(|(ticket_id, score)| Found {
            ticket_id,
            place: Place { score, ticket_id },
        })
        .collect();
    found.sort_unstable_by_key(|it| Reverse(it.place));
    Ok(found)
}

/// What was found first, by the better way, counts.
fn put(found: &mut HashMap<Uuid, i64>, way: Way, rows: Vec<(Uuid, i64)>) {
    for (ticket_id, rank) in rows {
        let score = way as i64 * 1_000_000_000 + rank.clamp(0, 999_999_999);
        found.entry(ticket_id).or_insert(score);
    }
}

/// The texts of tickets, and what counts in them.
struct Texts<'a> {
    /// What counts in the order of what was found.
    weighed: String,
    known: Frequencies,
    condition: &'a Condition,
    notes: bool,
}

impl Texts<'_> {
    /// Tickets in whose texts the query holds, and how well.
    async fn with(&self, pool: &PgPool, query: &Query) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
        let mut sql = QueryBuilder::<Postgres>::new("SELECT ticket_id, (MAX(ts_rank(");
        sql.push(WEIGHTS).push(", words, ").push_bind(&self.weighed);
        sql.push("::tsquery)) * 1000000)::bigint AS rank FROM (SELECT ticket_id, words, at FROM search_part WHERE ");
        if !self.notes {
            sql.push("kind <> 'note' AND ");
        }
        sql.push("ticket_id IS NOT NULL AND words @@ ").push_bind(query.text());
        sql.push("::tsquery AND ");
        among(self.condition, &mut sql);
        let by_time = self.known.is_by_time(query.share(&self.known), f64::from(NEWEST));
        // The sum, which changes nothing, keeps the planner from the index by time.
        sql.push(if by_time {
            " ORDER BY at DESC LIMIT "
        } else {
            " ORDER BY at + INTERVAL '0' DESC LIMIT "
        });
        sql.push_bind(NEWEST)
            .push(") AS newest GROUP BY ticket_id ORDER BY rank DESC, MAX(at) DESC LIMIT ");
        sql.push_bind(MOST);
        let mut tx = pool.begin().await?;
        if !by_time {
            // Nor is it to read the whole table for many spellings that it takes for frequent.
            sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut *tx).await?;
        }
        let found = sql.build_query_as().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        Ok(found)
    }
}

/// Only tickets that meet the condition.
fn among(condition: &Condition, sql: &mut QueryBuilder<Postgres>) {
    if *condition == Condition::And(Vec::new()) {
        sql.push("TRUE");
        return;
    }
    sql.push("ticket_id IN (SELECT ticket_id FROM ticket_list WHERE ");
    condition.push(sql);
    sql.push(")");
}

/// Tickets of people of whom the query holds, the newest first.
async fn of_people(
    pool: &PgPool,
    query: &str,
    condition: &Condition,
    readable: Readable,
) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    let people: Vec<Uuid> = sqlx::query_scalar(
        "SELECT DISTINCT owner_id FROM search_part WHERE ticket_id IS NULL AND words @@ $1::tsquery
            AND (kind = 'user' AND ($4 OR part = 'name') OR kind = 'contact' AND $3)
        LIMIT $2",
    )
    .bind(query)
    .bind(PEOPLE)
    .bind(readable.contacts)
    .bind(readable.addresses)
    .fetch_all(pool)
    .await?;
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        QueryBuilder::<Postgres>::new("SELECT ticket_id, number % 1000000000 AS rank FROM ticket_list WHERE ");
    sql.push("(contact_id = ANY(").push_bind(people.clone());
    sql.push(") OR assignee_id = ANY(").push_bind(people);
    sql.push(")) AND ");
    condition.push(&mut sql);
    sql.push(" ORDER BY number DESC LIMIT ").push_bind(MOST);
    sql.build_query_as().fetch_all(pool).await
}

/// A message in which words of a search stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Mention {
    /// The ticket.
    pub ticket_id: Uuid,
    /// The conversation.
    pub conversation_id: Uuid,
    /// Place of the message there, from 1.
    pub seq: i32,
}

/// Of some tickets the messages in which words of a search stand, or words like them: of each the few that fit best.
///
/// # Errors
/// When Postgres does not answer.
pub async fn mentions(pool: &PgPool, text: &str, tickets: &[Uuid], notes: bool) -> Result<Vec<Mention>, sqlx::Error> {
    const BEST: &str = "SELECT ticket_id, owner_id AS conversation_id, part::integer AS seq FROM (
            SELECT ticket_id, owner_id, part, ROW_NUMBER() OVER (
                PARTITION BY ticket_id ORDER BY ts_rank($4::real[], words, $2::tsquery) DESC, at DESC, part) AS place
            FROM search_part
            WHERE ticket_id = ANY($1) AND words @@ $2::tsquery AND (kind = 'message' OR ($3 AND kind = 'note'))
        ) AS found WHERE place <= $5 ORDER BY ticket_id, place";
    let Some(asked) = Asked::of(text) else {
        return Ok(Vec::new());
    };
    sqlx::query_as(BEST)
        .bind(tickets)
        .bind(asked.weighed())
        .bind(notes)
        .bind(vec![0.05_f32, 0.2, 0.5, 1.0])
        .bind(MENTIONS)
        .fetch_all(pool)
        .await
}
