use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Entry {
    /// Place of the event in the log.
    pub position: i64,
    /// When it was decided, UTC; for an import, when it happened there.
    pub at: DateTime<Utc>,
    /// Stored type of the event.
    pub event_type: String,
    /// Who did it, `kind:id`.
    pub actor: String,
    /// For whom, `kind:id`.
    pub on_behalf_of: Option<String>,
    /// Category of the stream.
    pub object_kind: String,
    /// The id in the name of the stream.
    pub object_id: Uuid,
    /// Place of the event in its stream, from 1.
    pub version: i64,
    /// The ticket to which the thing belongs.
    pub ticket_id: Option<Uuid>,
    /// What it changed.
    pub changes: Json<Vec<Change>>,
    /// Internet address that it was asked from.
    pub address: Option<String>,
    /// The whole matter.
    pub correlation_id: Uuid,
    /// The command that led to it.
    pub command_id: Uuid,
}

/// What became of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its name.
    pub field: String,
    /// What it said before; null when nothing.
    #[serde(default)]
    pub before: Value,
    /// What it says after that; null when nothing.
    #[serde(default)]
    pub after: Value,
}

/// Which entries are wanted: those for which all of this holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Who did it, `kind:id`.
    pub actor: Option<String>,
    /// The things and persons that it concerns.
    pub about: Vec<Uuid>,
    /// Of one of these stored types or categories; all, when both are empty.
    pub types: Vec<String>,
    /// Categories of types.
    pub categories: Vec<String>,
    /// At this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Before this instant.
    pub to: Option<DateTime<Utc>>,
    /// The matter it belongs to.
    pub correlation_id: Option<Uuid>,
    /// Fingerprint of a text that was searched for.
    pub searched: Option<String>,
}

/// A place in the order of entries, by instant and position.
pub type Place = (DateTime<Utc>, i64);

/// Which part of the entries is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Only entries that are older than the one in this place.
    pub older_than: Option<Place>,
    /// Only entries that are newer than the one in this place.
    pub newer_than: Option<Place>,
    /// So many at most.
    pub limit: i64,
    /// The oldest of them rather than the newest.
    pub from_end: bool,
}

const ENTRIES: &str =
    "SELECT it.position, it.at, it.event_type, it.actor, it.on_behalf_of, it.object_kind, it.object_id,
    it.version, it.ticket_id, it.changes, it.address, it.correlation_id, it.command_id FROM audit_entry AS it";

/// Entries in the order of the log, `limit` at most: those behind `after`, up to and with `until`.
///
/// # Errors
/// When Postgres does not answer.
pub async fn in_order(
    pool: &PgPool,
    wanted: &Wanted,
    (after, until): (i64, i64),
    limit: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new(ENTRIES);
    narrow(&mut sql, wanted);
    sql.push(" AND it.position > ").push_bind(after);
    sql.push(" AND it.position <= ").push_bind(until);
    sql.push(" ORDER BY it.position LIMIT ").push_bind(limit);
    sql.build_query_as().fetch_all(pool).await
}

/// Entries, the newest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn page(pool: &PgPool, wanted: &Wanted, part: Part) -> Result<Vec<Entry>, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new(ENTRIES);
    narrow(&mut sql, wanted);
    let by = if wanted.about.is_empty() { "it" } else { "about" };
    for (place, sign) in [(part.older_than, "<"), (part.newer_than, ">")] {
        if let Some((at, position)) = place {
            sql.push(format!(" AND ({by}.at, {by}.position) {sign} ("));
            sql.push_bind(at).push(", ").push_bind(position).push(")");
        }
    }
    let order = if part.from_end { "" } else { " DESC" };
    sql.push(format!(" ORDER BY {by}.at{order}, {by}.position{order} LIMIT "));
    sql.push_bind(part.limit);
    let mut entries: Vec<Entry> = sql.build_query_as().fetch_all(pool).await?;
    if part.from_end {
        entries.reverse();
    }
    Ok(entries)
}

/// How many there are, counted up to `most`.
///
/// # Errors
/// When Postgres does not answer.
pub async fn count(pool: &PgPool, wanted: &Wanted, most: i64) -> Result<i64, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT COUNT(*) FROM (SELECT FROM audit_entry AS it");
    narrow(&mut sql, wanted);
    sql.push(" LIMIT ").push_bind(most).push(") AS found");
    sql.build_query_scalar().fetch_one(pool).await
}

fn narrow(sql: &mut QueryBuilder<Postgres>, wanted: &Wanted) {
    let mut about = wanted.about.iter();
    match about.next() {
        Some(first) => {
            sql.push(" JOIN audit_about AS about ON about.position = it.position WHERE about.about_id = ");
            sql.push_bind(*first);
        }
        None => {
            sql.push(" WHERE TRUE");
        }
    }
    for other in about {
        sql.push(" AND EXISTS (SELECT FROM audit_about AS other WHERE other.at = it.at");
        sql.push(" AND other.position = it.position AND other.about_id = ")
            .push_bind(*other);
        sql.push(")");
    }
    if let Some(actor) = &wanted.actor {
        sql.push(" AND it.actor = ").push_bind(actor.clone());
    }
    // Only what is wanted, so that an index can answer it.
    let sorts = [("event_type", &wanted.types), ("object_kind", &wanted.categories)];
    let mut word = " AND (";
    for (column, names) in sorts.into_iter().filter(|(_, names)| !names.is_empty()) {
        sql.push(word).push("it.").push(column).push(" = ANY(");
        sql.push_bind(names.clone()).push(")");
        word = " OR ";
    }
    if word == " OR " {
        sql.push(")");
    }
    if let Some(fingerprint) = &wanted.searched {
        let search = json!([{"field": "searches", "after": [{"fingerprint": fingerprint}]}]);
        sql.push(" AND it.event_type = 'reading.shown' AND it.changes @> ")
            .push_bind(search);
    }
    if let Some(id) = wanted.correlation_id {
        sql.push(" AND it.correlation_id = ").push_bind(id);
    }
    let by = if wanted.about.is_empty() { "it" } else { "about" };
    for (instant, sign) in [(wanted.from, ">="), (wanted.to, "<")] {
        if let Some(instant) = instant {
            sql.push(format!(" AND {by}.at {sign} ")).push_bind(instant);
        }
    }
}
