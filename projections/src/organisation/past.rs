//! Configuration as it was: from the table of revisions, which has every event of every item.

use chrono::{DateTime, Utc};
use domain::organisation::normal_key;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    fold::ItemRow,
    read::{Place, Section, Wanted},
};

/// Up to the first event that was decided later.
macro_rules! items_until {
    ($which:literal) => {
        concat!(
            "SELECT DISTINCT ON (id) id, kind, version, NULL::text AS key, '' AS name, '' AS folded_name,
                definition::text AS definition, what = 'retired' AS retired, created_at, newest AS updated_at
            FROM (
                SELECT *, MAX(at) OVER past AS newest, FIRST_VALUE(at) OVER past AS created_at
                FROM organisation_revision WHERE ",
            $which,
            " WINDOW past AS (PARTITION BY id ORDER BY version)
            ) AS it
            WHERE newest <= $2 ORDER BY id, version DESC"
        )
    };
}

/// The items with these ids as they were at an instant, in no order; those that did not exist are not there.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids_at(pool: &PgPool, ids: &[Uuid], at: DateTime<Utc>) -> Result<Vec<ItemRow>, sqlx::Error> {
    const ITEMS: &str = items_until!("id = ANY($1)");
    let rows: Vec<ItemRow> = sqlx::query_as(ITEMS).bind(ids).bind(at).fetch_all(pool).await?;
    Ok(rows.into_iter().filter_map(ItemRow::named).collect())
}

/// The items of a list as they were at an instant, by name. Few enough of a kind to be put in order here.
///
/// # Errors
/// When Postgres does not answer.
pub async fn list_at(pool: &PgPool, wanted: &Wanted, at: DateTime<Utc>) -> Result<Vec<ItemRow>, sqlx::Error> {
    const ITEMS: &str = items_until!("kind = $1");
    let kind = wanted.kind.as_str();
    let rows: Vec<ItemRow> = sqlx::query_as(ITEMS).bind(kind).bind(at).fetch_all(pool).await?;
    let part = wanted.name_contains.as_deref().map(normal_key).unwrap_or_default();
    let mut rows: Vec<ItemRow> = rows
        .into_iter()
        .filter_map(ItemRow::named)
        .filter(|it| it.folded_name.contains(&part) && wanted.retired.is_none_or(|retired| it.retired == retired))
        .collect();
    rows.sort_by(|one, other| (&one.folded_name, one.id).cmp(&(&other.folded_name, other.id)));
    Ok(rows)
}

/// A part of a list that is in order already.
pub fn section_of(mut rows: Vec<ItemRow>, section: &Section<Place>) -> Vec<ItemRow> {
    let limit = usize::try_from(section.limit).unwrap_or_default();
    rows.retain(|it| {
        let place = (it.folded_name.clone(), it.id);
        section.after.as_ref().is_none_or(|after| place > *after)
            && section.before.as_ref().is_none_or(|before| place < *before)
    });
    let over = rows.len().saturating_sub(limit);
    if section.from_end {
        rows.drain(..over);
    } else {
        rows.truncate(limit);
    }
    rows
}
