//! In which order, and from where on: pages by key, never by offset, so that page 1000 costs what page 1 does.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::filter::Condition;
use crate::TicketRow;

/// A column that tickets can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderColumn {
    /// By number.
    Number,
    /// By id; every order ends with it, for no rule of the tables keeps two tickets from having one number.
    Id,
    /// By the instant of opening.
    OpenedAt,
    /// By the instant of the newest change.
    UpdatedAt,
    /// By urgency.
    Priority,
}

/// A column and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The column.
    pub column: OrderColumn,
    /// Greatest first.
    pub descending: bool,
}

/// A ticket's value in an order's column: one part of its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Of a number column.
    Number(i64),
    /// Of an instant column.
    Instant(DateTime<Utc>),
    /// Of the id.
    Id(Uuid),
}

/// Which part of a list is wanted.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Which tickets.
    pub condition: Condition,
    /// In which order; must end with [`OrderColumn::Id`], see [`complete`].
    pub order: Vec<Order>,
    /// Only those behind this place.
    pub after: Option<Vec<Key>>,
    /// Only those before this place.
    pub before: Option<Vec<Key>>,
    /// How many at most.
    pub limit: i64,
    /// Count them from the end of the list; the rows still come in its order.
    pub from_end: bool,
}

/// The order with number and id as its last columns, so that no two tickets have the same place.
pub fn complete(mut order: Vec<Order>) -> Vec<Order> {
    if let Some(at) = order.iter().position(|it| it.column == OrderColumn::Number) {
        order.truncate(at + 1);
    } else {
        order.push(Order {
            column: OrderColumn::Number,
            descending: true,
        });
    }
    order.push(Order {
        column: OrderColumn::Id,
        descending: false,
    });
    order
}

impl OrderColumn {
    fn sql(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Id => "ticket_id",
            Self::OpenedAt => "opened_at",
            Self::UpdatedAt => "updated_at",
            Self::Priority => "priority",
        }
    }

    /// The ticket's value in it.
    pub fn key(self, row: &TicketRow) -> Key {
        match self {
            Self::Number => Key::Number(row.number),
            Self::Id => Key::Id(row.ticket_id),
            Self::OpenedAt => Key::Instant(row.opened_at),
            Self::UpdatedAt => Key::Instant(row.updated_at),
            Self::Priority => Key::Number(i64::from(row.priority)),
        }
    }
}

/// The tickets of one page, in the list's order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn page(pool: &PgPool, request: &PageRequest) -> Result<Vec<TicketRow>, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT * FROM ticket_list WHERE ");
    request.condition.push(&mut sql);
    for (place, behind) in [(&request.after, true), (&request.before, false)] {
        if let Some(place) = place {
            sql.push(" AND ");
            push_from(&request.order, place, behind, &mut sql);
            sql.push(" AND ");
            push_beyond(&request.order, place, behind, &mut sql);
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
    let mut rows: Vec<TicketRow> = sql.build_query_as().fetch_all(pool).await?;
    if request.from_end {
        rows.reverse();
    }
    Ok(rows)
}

/// How many tickets meet the condition.
///
/// # Errors
/// When Postgres does not answer.
pub async fn count(pool: &PgPool, condition: &Condition) -> Result<i64, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT COUNT(*) FROM ticket_list WHERE ");
    condition.push(&mut sql);
    sql.build_query_scalar().fetch_one(pool).await
}

/// `a >= x`, which follows from what is beyond, and is all that an index can be asked.
fn push_from(order: &[Order], place: &[Key], behind: bool, sql: &mut QueryBuilder<Postgres>) {
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
fn push_beyond(order: &[Order], place: &[Key], behind: bool, sql: &mut QueryBuilder<Postgres>) {
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
        Key::Id(id) => sql.push_bind(*id),
    };
}
