//! How many tickets share a status, a priority, a category: all in one look at the table.

use sqlx::{PgPool, Postgres, QueryBuilder};

use super::filter::{Condition, Tickets};
use crate::list::Table;

/// What `GROUPING` says of a row that counts a status: of its three columns only the first is grouped by.
const BY_STATUS: i32 = 0b011;
/// The same of one that counts a priority.
const BY_PRIORITY: i32 = 0b101;

/// How many tickets share a value, the most frequent first. Values that no ticket has are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// By stored status.
    pub statuses: Vec<(String, i64)>,
    /// By rank of the priority.
    pub priorities: Vec<(i16, i64)>,
    /// By key of the category; `None` are those without.
    pub categories: Vec<(Option<String>, i64)>,
}

pub(super) type Counted = (i32, Option<String>, Option<i16>, Option<String>, i64);

/// Counts the tickets that meet a condition.
///
/// # Errors
/// When Postgres does not answer.
pub async fn tally(pool: &PgPool, condition: &Condition) -> Result<Tally, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new("");
    push_tally(condition, &mut sql);
    Ok(sorted(sql.build_query_as().fetch_all(pool).await?))
}

/// Appends the statement that counts.
pub(super) fn push_tally(condition: &Condition, sql: &mut QueryBuilder<Postgres>) {
    sql.push("SELECT GROUPING(status, priority, category_id), status, priority, category_id, COUNT(*) FROM ");
    sql.push(Tickets::NAME).push(" WHERE ");
    condition.push(sql);
    sql.push(" GROUP BY GROUPING SETS ((status), (priority), (category_id)) ORDER BY COUNT(*) DESC, category_id");
}

/// What its rows say.
pub(super) fn sorted(rows: Vec<Counted>) -> Tally {
    let mut tally = Tally::default();
    for (set, status, priority, category, count) in rows {
        match set {
            BY_STATUS => tally.statuses.extend(status.map(|it| (it, count))),
            BY_PRIORITY => tally.priorities.extend(priority.map(|it| (it, count))),
            _by_category => tally.categories.push((category, count)),
        }
    }
    tally
}
