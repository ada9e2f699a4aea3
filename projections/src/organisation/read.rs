use chrono::{DateTime, Utc};
use domain::organisation::{Kind, normal_key};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::fold::ItemRow;
pub use super::fold::from_events;

/// A place in a list: folded name and id.
pub type Place = (String, Uuid);

/// Which items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of this kind.
    pub kind: Kind,
    /// Whose names hold this, whatever the capitals; all when `None`.
    pub name_contains: Option<String>,
    /// Only retired ones, or only those in use; both when `None`.
    pub retired: Option<bool>,
}

/// Which part of a list.
#[derive(Debug, Clone)]
pub struct Section<P> {
    /// Only what stands behind this place.
    pub after: Option<P>,
    /// Only what stands before this place.
    pub before: Option<P>,
    /// How many at most.
    pub limit: i64,
    /// Count them from the end; the rows still come in the list's order.
    pub from_end: bool,
}

/// One thing that happened to an item.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct RevisionRow {
    /// Place among the events of the item, from 1.
    pub version: i64,
    /// `created`, `revised`, `retired` or `restored`.
    pub what: String,
    /// All it said after that, as JSON.
    pub definition: String,
    /// All it said before, as JSON; `None` when it did not exist.
    pub before: Option<String>,
    /// When it had become so, UTC; `None` when it did not exist.
    pub before_at: Option<DateTime<Utc>>,
    /// When it was decided, UTC.
    pub at: DateTime<Utc>,
    /// Who did it, `kind:id`.
    pub actor: String,
    /// Place of the event in the log.
    pub position: i64,
    /// When the item was created, UTC.
    pub created_at: DateTime<Utc>,
}

/// The items with these ids, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<ItemRow>, sqlx::Error> {
    sqlx::query_as!(
        ItemRow,
        r#"SELECT id, kind, version, key, name, folded_name, definition::text AS "definition!", retired, created_at,
            updated_at
        FROM organisation_item WHERE id = ANY($1)"#,
        ids
    )
    .fetch_all(pool)
    .await
}

/// Items by name.
///
/// # Errors
/// When Postgres does not answer.
pub async fn page(pool: &PgPool, wanted: &Wanted, section: Section<Place>) -> Result<Vec<ItemRow>, sqlx::Error> {
    const FORWARD: &str = "SELECT id, kind, version, key, name, folded_name, definition::text AS definition, retired,
            created_at, updated_at
        FROM organisation_item
        WHERE kind = $1 AND ($2::text IS NULL OR position($2 IN folded_name) > 0)
            AND ($3::boolean IS NULL OR retired = $3)
            AND ($4::text IS NULL OR (folded_name, id) > ($4, $5))
            AND ($6::text IS NULL OR (folded_name, id) < ($6, $7))
        ORDER BY folded_name, id LIMIT $8";
    const BACKWARD: &str = "SELECT id, kind, version, key, name, folded_name, definition::text AS definition, retired,
            created_at, updated_at
        FROM organisation_item
        WHERE kind = $1 AND ($2::text IS NULL OR position($2 IN folded_name) > 0)
            AND ($3::boolean IS NULL OR retired = $3)
            AND ($4::text IS NULL OR (folded_name, id) > ($4, $5))
            AND ($6::text IS NULL OR (folded_name, id) < ($6, $7))
        ORDER BY folded_name DESC, id DESC LIMIT $8";
    let (after, before) = (section.after.unzip(), section.before.unzip());
    let mut rows: Vec<ItemRow> = sqlx::query_as(if section.from_end { BACKWARD } else { FORWARD })
        .bind(wanted.kind.as_str())
        .bind(wanted.name_contains.as_deref().map(normal_key))
        .bind(wanted.retired)
        .bind(after.0)
        .bind(after.1)
        .bind(before.0)
        .bind(before.1)
        .bind(section.limit)
        .fetch_all(pool)
        .await?;
    if section.from_end {
        rows.reverse();
    }
    Ok(rows)
}

/// How many items there are.
///
/// # Errors
/// When Postgres does not answer.
pub async fn count(pool: &PgPool, wanted: &Wanted) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar!(
        "SELECT COUNT(*) FROM organisation_item
        WHERE kind = $1 AND ($2::text IS NULL OR position($2 IN folded_name) > 0)
            AND ($3::boolean IS NULL OR retired = $3)",
        wanted.kind.as_str(),
        wanted.name_contains.as_deref().map(normal_key),
        wanted.retired,
    );
    Ok(count.fetch_one(pool).await?.unwrap_or_default())
}

/// What happened to an item between two versions (both excluded), the oldest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn history(pool: &PgPool, id: Uuid, section: Section<i64>) -> Result<Vec<RevisionRow>, sqlx::Error> {
    const FORWARD: &str = "SELECT it.version, it.what, it.definition::text AS definition,
            former.definition::text AS before, former.at AS before_at, it.at, it.actor, it.position, item.created_at
        FROM organisation_revision AS it
        JOIN organisation_item AS item ON item.id = it.id
        LEFT JOIN organisation_revision AS former ON former.id = it.id AND former.version = it.version - 1
        WHERE it.id = $1 AND it.version > $2 AND it.version < $3 ORDER BY it.version LIMIT $4";
    const BACKWARD: &str = "SELECT it.version, it.what, it.definition::text AS definition,
            former.definition::text AS before, former.at AS before_at, it.at, it.actor, it.position, item.created_at
        FROM organisation_revision AS it
        JOIN organisation_item AS item ON item.id = it.id
        LEFT JOIN organisation_revision AS former ON former.id = it.id AND former.version = it.version - 1
        WHERE it.id = $1 AND it.version > $2 AND it.version < $3 ORDER BY it.version DESC LIMIT $4";
    let mut rows: Vec<RevisionRow> = sqlx::query_as(if section.from_end { BACKWARD } else { FORWARD })
        .bind(id)
        .bind(section.after.unwrap_or(0))
        .bind(section.before.unwrap_or(i64::MAX))
        .bind(section.limit)
        .fetch_all(pool)
        .await?;
    if section.from_end {
        rows.reverse();
    }
    Ok(rows)
}

/// How many things have happened to an item.
///
/// # Errors
/// When Postgres does not answer.
pub async fn count_history(pool: &PgPool, id: Uuid) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar!("SELECT COUNT(*) FROM organisation_revision WHERE id = $1", id);
    Ok(count.fetch_one(pool).await?.unwrap_or_default())
}

/// Whether another item in use has this name.
///
/// # Errors
/// When Postgres does not answer.
pub async fn is_named(pool: &PgPool, kind: Kind, name: &str, but: Uuid) -> Result<bool, sqlx::Error> {
    let named = sqlx::query_scalar!(
        "SELECT EXISTS (
            SELECT FROM organisation_item WHERE kind = $1 AND folded_name = $2 AND id <> $3 AND NOT retired
        )",
        kind.as_str(),
        normal_key(name),
        but,
    );
    Ok(named.fetch_one(pool).await?.unwrap_or_default())
}

/// The items in use whose definitions hold all of `part` (a JSON object), the oldest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn holding(pool: &PgPool, kind: Kind, part: &str) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT id FROM organisation_item
        WHERE kind = $1 AND definition @> $2::text::jsonb AND NOT retired ORDER BY created_at, id",
        kind.as_str(),
        part,
    )
    .fetch_all(pool)
    .await
}
