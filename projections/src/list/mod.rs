//! Lists of any table: which rows, in which order, and from where on.

pub mod filter;
pub mod page;

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use self::page::{Key, KeyKind};
use crate::Fields;

/// A table that is listed.
pub trait Table: Debug + Clone + Copy + PartialEq + Eq + Send + Sync + Unpin + 'static {
    /// A row of it.
    type Row: for<'r> sqlx::FromRow<'r, PgRow> + Send + Unpin;
    /// Its columns of text.
    type Text: Column<Self::Row, String>;
    /// Its columns of ids.
    type Id: Column<Self::Row, Uuid>;
    /// Its columns of whole numbers.
    type Number: Column<Self::Row, i64>;
    /// Its columns of instants.
    type Instant: Column<Self::Row, DateTime<Utc>>;
    /// Its columns of several ids.
    type Ids: Column<Self::Row, Vec<Uuid>>;
    /// Its columns of custom fields.
    type Fields: Column<Self::Row, Fields>;
    /// What it tells of its rows by an expression of its own.
    type Flag: Flag<Self::Row>;
    /// Its columns that rows are sorted by.
    type Order: OrderColumn<Self::Row>;

    /// Name of the table.
    const NAME: &'static str;
}

/// A column that can be asked for.
pub trait Column<R, V>:
    Debug + Clone + Copy + PartialEq + Eq + Send + Sync + Serialize + DeserializeOwned + 'static
{
    /// Its name.
    fn sql(self) -> &'static str;

    /// Its value in a row.
    fn of(self, row: &R) -> Option<V>;
}

/// Something that holds of a row or does not: its SQL is written out, so that a partial index can be made for it.
pub trait Flag<R>:
    Debug + Clone + Copy + PartialEq + Eq + Send + Sync + Serialize + DeserializeOwned + 'static
{
    /// An expression that is never NULL.
    fn sql(self) -> &'static str;

    /// Whether it holds of a row.
    fn holds(self, row: &R) -> bool;
}

/// No column: for a sort that a table has none of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoColumn {}

impl<R> Flag<R> for NoColumn {
    fn sql(self) -> &'static str {
        match self {}
    }

    fn holds(self, _row: &R) -> bool {
        match self {}
    }
}

impl<R, V> Column<R, V> for NoColumn {
    fn sql(self) -> &'static str {
        match self {}
    }

    fn of(self, _row: &R) -> Option<V> {
        match self {}
    }
}

/// A column that rows can be sorted by; none of them is ever NULL.
pub trait OrderColumn<R>: Debug + Clone + Copy + PartialEq + Eq + Send + Sync + 'static {
    /// What every order ends with where nobody asked, each with whether it runs from the greatest to the least; the
    /// last of them is unique.
    const TAIL: &'static [(Self, bool)];

    /// Its name.
    fn sql(self) -> &'static str;

    /// A small Latin letter that stands for it in cursors; no two columns of all lists have the same.
    fn letter(self) -> char;

    /// What its values are.
    fn kind(self) -> KeyKind;

    /// Its value in a row.
    fn key(self, row: &R) -> Key;
}

/// Makes an enum of columns, each with its name and the way to its value in a row.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident of $row:ty => $type:ty { $($variant:ident = $column:ident: $get:expr),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name { $(#[doc = concat!("`", stringify!($column), "`")] $variant),* }

        impl $crate::list::Column<$row, $type> for $name {
            fn sql(self) -> &'static str {
                match self { $(Self::$variant => stringify!($column)),* }
            }

            fn of(self, row: &$row) -> Option<$type> {
                let get: fn(&$row) -> Option<$type> = match self { $(Self::$variant => $get),* };
                get(row)
            }
        }
    };
}
pub(crate) use columns;
