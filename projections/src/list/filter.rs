//! Which rows: one condition, asked of the table in SQL and of a single row in memory, with the same answer.

use chrono::{DateTime, Utc};
use domain::organisation::FieldValue;
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::{Column, Flag, Table};
use crate::fields::{Bound, holds, piece};

/// What a column's value must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Test<T> {
    /// This.
    Eq(T),
    /// One of these; none matches when there are none.
    In(Vec<T>),
    /// This or greater.
    Gte(T),
    /// This or less.
    Lte(T),
    /// Absent, or present.
    IsNull(bool),
}

/// A condition on a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub enum Condition<T: Table> {
    /// All hold; true when there are none.
    And(Vec<Self>),
    /// One holds; false when there are none.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// On a text column.
    Text(T::Text, Test<String>),
    /// A text column holds this text.
    Contains(T::Text, String),
    /// On an id column.
    Id(T::Id, Test<Uuid>),
    /// On a number column.
    Number(T::Number, Test<i64>),
    /// On an instant column.
    Instant(T::Instant, Test<DateTime<Utc>>),
    /// A column of several ids has one of these.
    HasOne(T::Ids, Vec<Uuid>),
    /// A column of several ids has none at all, or some.
    HasNone(T::Ids, bool),
    /// A custom field says this; of several options, at least these.
    Says(T::Fields, Uuid, FieldValue),
    /// A custom field has a number or a day on this side of a bound.
    Reaches(T::Fields, Uuid, Bound),
    /// A custom field is empty, or not.
    IsEmpty(T::Fields, Uuid, bool),
    /// Something holds of it.
    Is(T::Flag),
}

impl<T: Table> Condition<T> {
    /// Whether the row is one of those.
    pub fn holds(&self, row: &T::Row) -> bool {
        match self {
            Self::And(all) => all.iter().all(|it| it.holds(row)),
            Self::Or(any) => any.iter().any(|it| it.holds(row)),
            Self::Not(inner) => !inner.holds(row),
            Self::Text(column, test) => test.passes(column.of(row).as_ref()),
            Self::Contains(column, text) => column.of(row).is_some_and(|it| it.contains(text.as_str())),
            Self::Id(column, test) => test.passes(column.of(row).as_ref()),
            Self::Number(column, test) => test.passes(column.of(row).as_ref()),
            Self::Instant(column, test) => test.passes(column.of(row).as_ref()),
            Self::HasOne(column, ids) => column.of(row).is_some_and(|it| ids.iter().any(|id| it.contains(id))),
            Self::HasNone(column, wanted) => column.of(row).is_none_or(|it| it.is_empty()) == *wanted,
            Self::Says(column, id, value) => column
                .of(row)
                .is_some_and(|it| it.get(*id).is_some_and(|said| holds(said, value))),
            Self::Reaches(column, id, bound) => column
                .of(row)
                .is_some_and(|it| it.get(*id).is_some_and(|said| bound.holds(said))),
            Self::IsEmpty(column, id, wanted) => column.of(row).is_none_or(|it| it.get(*id).is_none()) == *wanted,
            Self::Is(flag) => flag.holds(row),
        }
    }

    /// Appends the condition as SQL that is true when it holds, and not when it does not.
    pub(crate) fn push(&self, sql: &mut QueryBuilder<Postgres>) {
        self.write(false, sql);
    }

    /// Under a `NOT` it must never be NULL; elsewhere it may, so that an index can answer it.
    fn write(&self, negated: bool, sql: &mut QueryBuilder<Postgres>) {
        match self {
            Self::And(all) => push_list((all, negated), " AND ", "TRUE", sql),
            Self::Or(any) => push_list((any, negated), " OR ", "FALSE", sql),
            Self::Not(inner) => {
                sql.push("NOT ");
                inner.write(true, sql);
            }
            Self::Text(column, test) => test.push((column.sql(), negated), sql),
            Self::Contains(column, text) => {
                sql.push("COALESCE(strpos(")
                    .push(column.sql())
                    .push(", ")
                    .push_bind(text.clone())
                    .push(") > 0, FALSE)");
            }
            Self::Id(column, test) => test.push((column.sql(), negated), sql),
            Self::Number(column, test) => test.push((column.sql(), negated), sql),
            Self::Instant(column, test) => test.push((column.sql(), negated), sql),
            // These columns are never NULL.
            Self::HasOne(column, ids) => {
                sql.push("(")
                    .push(column.sql())
                    .push(" && ")
                    .push_bind(ids.clone())
                    .push(")");
            }
            Self::HasNone(column, wanted) => {
                sql.push("(")
                    .push(column.sql())
                    .push(if *wanted { " = '{}')" } else { " <> '{}')" });
            }
            Self::Says(column, id, value) => {
                sql.push("(")
                    .push(column.sql())
                    .push(" @> ")
                    .push_bind(piece(*id, value))
                    .push("::jsonb)");
            }
            Self::Reaches(column, id, bound) => {
                sql.push("jsonb_path_exists(")
                    .push(column.sql())
                    .push(", ")
                    .push_bind(bound.path(*id))
                    .push("::jsonpath, ")
                    .push_bind(bound.vars())
                    .push("::jsonb)");
            }
            Self::Is(flag) => {
                sql.push("(").push(flag.sql()).push(")");
            }
            Self::IsEmpty(column, id, wanted) => {
                sql.push(if *wanted { "(NOT " } else { "(" })
                    .push(column.sql())
                    .push(" ? ")
                    .push_bind(id.to_string())
                    .push(")");
            }
        }
    }
}

fn push_list<T: Table>(
    (conditions, negated): (&[Condition<T>], bool),
    word: &'static str,
    empty: &'static str,
    sql: &mut QueryBuilder<Postgres>,
) {
    sql.push("(");
    for (index, condition) in conditions.iter().enumerate() {
        if index > 0 {
            sql.push(word);
        }
        condition.write(negated, sql);
    }
    sql.push(if conditions.is_empty() { empty } else { "" });
    sql.push(")");
}

impl<T: Ord> Test<T> {
    fn passes(&self, value: Option<&T>) -> bool {
        match (self, value) {
            (Self::IsNull(wanted), value) => *wanted == value.is_none(),
            (Self::Eq(wanted), Some(value)) => value == wanted,
            (Self::In(wanted), Some(value)) => wanted.contains(value),
            (Self::Gte(bound), Some(value)) => value >= bound,
            (Self::Lte(bound), Some(value)) => value <= bound,
            (Self::Eq(_) | Self::In(_) | Self::Gte(_) | Self::Lte(_), None) => false,
        }
    }
}

impl<T> Test<T>
where
    T: Clone + Send + Sync + for<'q> sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres> + 'static,
    Vec<T>: for<'q> sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres>,
{
    fn push(&self, (column, negated): (&'static str, bool), sql: &mut QueryBuilder<Postgres>) {
        // COALESCE keeps NULL out, so that NOT means the same as in memory; no index answers it.
        let (open, close) = if negated { ("COALESCE(", ", FALSE)") } else { ("(", ")") };
        let compare = |operator: &'static str, value: &T, sql: &mut QueryBuilder<Postgres>| {
            sql.push(open)
                .push(column)
                .push(operator)
                .push_bind(value.clone())
                .push(close);
        };
        match self {
            Self::Eq(value) => compare(" = ", value, sql),
            Self::Gte(value) => compare(" >= ", value, sql),
            Self::Lte(value) => compare(" <= ", value, sql),
            Self::In(values) => {
                sql.push(open)
                    .push(column)
                    .push(" = ANY(")
                    .push_bind(values.clone())
                    .push(")")
                    .push(close);
            }
            Self::IsNull(wanted) => {
                sql.push("(")
                    .push(column)
                    .push(if *wanted { " IS NULL)" } else { " IS NOT NULL)" });
            }
        }
    }
}
