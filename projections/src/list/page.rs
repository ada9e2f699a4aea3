//! In which order, and from where on: pages by key, never by offset, so that page 1000 costs what page 1 does.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{OrderColumn, Table, filter::Condition};

/// A column and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<T: Table> {
    /// The column.
    pub column: T::Order,
    /// Greatest first.
    pub descending: bool,
}

/// A row's value in an order's column: one part of its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Of a number column.
    Number(i64),
    /// Of an instant column.
    Instant(DateTime<Utc>),
    /// Of a text column, which sorts by code points.
    Text(String),
    /// Of an id column.
    Id(Uuid),
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Numbers.
    Number,
    /// Instants.
    Instant,
    /// Texts.
    Text,
    /// Ids.
    Id,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone)]
pub struct PageRequest<T: Table> {
    /// Which rows.
    pub condition: Condition<T>,
    /// In which order; must end with a unique column, see [`complete`].
    pub order: Vec<Order<T>>,
    /// Only those behind this place.
    pub after: Option<Vec<Key>>,
    /// Only those before this place.
    pub before: Option<Vec<Key>>,
    /// How many at most.
    pub limit: i64,
    /// Count them from the end of the list; the rows still come in its order.
    pub from_end: bool,
}

/// The order with its tail ([`OrderColumn::TAIL`]), so that no two rows have the same place.
pub fn complete<T: Table>(mut order: Vec<Order<T>>) -> Vec<Order<T>> {
    for &(column, descending) in T::Order::TAIL {
        match order.iter().position(|it| it.column == column) {
            Some(at) => order.truncate(at + 1),
            None => order.push(Order { column, descending }),
        }
    }
    order
}

/// The rows of one page, in the list's order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn page<T: Table>(pool: &PgPool, request: &PageRequest<T>) -> Result<Vec<T::Row>, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new("");
    push_page(request, &mut sql);
    let rows: Vec<T::Row> = sql.build_query_as().fetch_all(pool).await?;
    Ok(in_order(rows, request))
}

/// The rows of a statement of [`push_page`] in the list's order.
pub(crate) fn in_order<T: Table>(mut rows: Vec<T::Row>, request: &PageRequest<T>) -> Vec<T::Row> {
    if request.from_end {
        rows.reverse();
    }
    rows
}

/// Appends the statement that reads a page, from the end of the list when the page counts from there.
pub(crate) fn push_page<T: Table>(request: &PageRequest<T>, sql: &mut QueryBuilder<Postgres>) {
    sql.push("SELECT * FROM ").push(T::NAME).push(" WHERE ");
    request.condition.push(sql);
    for (place, behind) in [(&request.after, true), (&request.before, false)] {
        if let Some(place) = place {
            sql.push(" AND ");
            push_from(&request.order, place, behind, sql);
            sql.push(" AND ");
            push_beyond(&request.order, place, behind, sql);
        }
    }
    sql.push(" ORDER BY ");
    for (index, order) in request.order.iter().enumerate() {
        let descending = order.descending != request.from_end;
        sql.push(if index > 0 { ", " } else { "" });
        sql.push(order.column.sql())
            .push(if descending { " DESC" } else { " ASC" });
    }
    sql.push(" LIMIT ").push_bind(request.limit);
}

/// How many rows meet the condition.
///
/// # Errors
/// When Postgres does not answer.
pub async fn count<T: Table>(pool: &PgPool, condition: &Condition<T>) -> Result<i64, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT COUNT(*) FROM ");
    sql.push(T::NAME).push(" WHERE ");
    condition.push(&mut sql);
    sql.build_query_scalar().fetch_one(pool).await
}

/// `a >= x`, which follows from what is beyond, and is all that an index can be asked.
fn push_from<T: Table>(order: &[Order<T>], place: &[Key], behind: bool, sql: &mut QueryBuilder<Postgres>) {
    match order.first().zip(place.first()) {
        Some((first, key)) => {
            let operator = if first.descending == behind { " <= " } else { " >= " };
            push_key(sql.push(first.column.sql()).push(operator), key);
        }
        None => {
            sql.push("TRUE");
        }
    }
}

/// `(a > x OR (a = x AND (b > y OR (b = y AND ...))))`, each column by its own direction.
fn push_beyond<T: Table>(order: &[Order<T>], place: &[Key], behind: bool, sql: &mut QueryBuilder<Postgres>) {
    let Some(((first, rest), (key, others))) = order.split_first().zip(place.split_first()) else {
        // The place itself is not beyond it.
        sql.push("FALSE");
        return;
    };
    let column = first.column.sql();
    let operator = if first.descending == behind { " < " } else { " > " };
    push_key(sql.push("(").push(column).push(operator), key);
    push_key(sql.push(" OR (").push(column).push(" = "), key);
    sql.push(" AND ");
    push_beyond(rest, others, behind, sql);
    sql.push("))");
}

fn push_key(sql: &mut QueryBuilder<Postgres>, key: &Key) {
    match key {
        Key::Number(number) => sql.push_bind(*number),
        Key::Instant(instant) => sql.push_bind(*instant),
        Key::Text(text) => sql.push_bind(text.clone()),
        Key::Id(id) => sql.push_bind(*id),
    };
}
