//! Everything that read models keep of one person, for whoever has a right to a copy of it.
//!
//! No model of its own: it reads the tables of others, a row at a time, and writes nothing.

mod sections;

use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
pub use sections::{ATTACHMENTS, SECTIONS, Section};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

/// One person under all of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Ids of a user, or of a contact and those merged with it; or of a ticket whose customer is not known.
    pub ids: Vec<Uuid>,
    /// Their tickets.
    pub tickets: Vec<Uuid>,
    /// How the log calls them when they act, `kind:id`.
    pub actors: Vec<String>,
    /// Whether their data was erased.
    pub erased: bool,
}

/// The person with this id; `None` when nobody was ever known under it.
///
/// # Errors
/// When Postgres does not answer.
pub async fn find(pool: &PgPool, id: Uuid) -> Result<Option<Person>, sqlx::Error> {
    const IDS: &str =
        "WITH shown AS (SELECT COALESCE(merged_into, contact_id) AS id FROM contact_card WHERE contact_id = $1)
        SELECT contact_id FROM contact_card
        WHERE contact_id IN (SELECT id FROM shown) OR merged_into IN (SELECT id FROM shown) OR contact_id = $1
        UNION SELECT user_id FROM user_account WHERE user_id = $1
        UNION SELECT ticket_id FROM ticket_list WHERE ticket_id = $1 AND (contact_id IS NULL OR data_subject = $1)
        UNION SELECT person_id FROM person_privacy WHERE person_id = $1
        ORDER BY 1";
    const TICKETS: &str = "SELECT ticket_id FROM ticket_list
        WHERE contact_id = ANY($1) OR data_subject = ANY($1) OR ticket_id = ANY($1) ORDER BY number";
    const ERASED: &str = "SELECT EXISTS (SELECT FROM contact_card WHERE contact_id = ANY($1) AND erased)
        OR EXISTS (SELECT FROM person_privacy WHERE person_id = ANY($1) AND erased_at IS NOT NULL)";
    let ids: Vec<Uuid> = sqlx::query_scalar(IDS).bind(id).fetch_all(pool).await?;
    if ids.is_empty() {
        return Ok(None);
    }
    let tickets = sqlx::query_scalar(TICKETS).bind(&ids).fetch_all(pool).await?;
    let erased = sqlx::query_scalar(ERASED).bind(&ids).fetch_one(pool).await?;
    let actors = ["contact", "agent"]
        .iter()
        .flat_map(|kind| ids.iter().map(move |id| format!("{kind}:{id}")));
    Ok(Some(Person {
        actors: actors.collect(),
        ids,
        tickets,
        erased,
    }))
}

/// The rows of a section, as they come.
pub fn rows<'a>(pool: &'a PgPool, section: &Section, person: &'a Person) -> BoxStream<'a, Result<Value, sqlx::Error>> {
    let rows = sqlx::query_scalar(section.sql)
        .bind(&person.ids)
        .bind(&person.tickets)
        .bind(&person.actors);
    rows.fetch(pool).map_ok(|it: Value| it).boxed()
}

/// How many internal notes there are under the person's tickets.
///
/// # Errors
/// When Postgres does not answer.
pub async fn internal_notes(pool: &PgPool, person: &Person) -> Result<i64, sqlx::Error> {
    const COUNT: &str = "SELECT count(*) FROM message WHERE sort = 'note' AND data_subject = ANY($1 || $2)";
    let count = sqlx::query_scalar(COUNT).bind(&person.ids).bind(&person.tickets);
    count.fetch_one(pool).await
}
