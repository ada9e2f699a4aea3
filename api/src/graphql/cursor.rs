//! Opaque cursors: base64url of a place in an order. A cursor of one order is refused by another.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use projections::list::{
    OrderColumn, Table,
    page::{Key, KeyKind, Order},
};
use uuid::Uuid;

use crate::problem::Problem;

/// A list that is numbered: a history, by the versions of its thing, or a record, by positions of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbered {
    /// What happened to a ticket.
    Ticket(Uuid),
    /// The revisions of a piece of configuration.
    Item(Uuid),
    /// What was said under a ticket.
    Thread(Uuid),
    /// The tickets of an operation.
    Bulk(Uuid),
    /// Refused tries.
    Denials,
    /// Failed tries to sign in.
    SignInFailures,
}

impl Numbered {
    fn name(self) -> String {
        match self {
            Self::Ticket(id) => format!("t{}", id.simple()),
            Self::Item(id) => format!("i{}", id.simple()),
            Self::Thread(id) => format!("m{}", id.simple()),
            Self::Bulk(id) => format!("b{}", id.simple()),
            Self::Denials => "d".to_owned(),
            Self::SignInFailures => "f".to_owned(),
        }
    }

    /// Cursor of the entry with this number.
    pub(super) fn cursor(self, number: i64) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{number}", self.name()))
    }

    /// The number in a cursor of this list.
    pub(super) fn number(self, field: &str, cursor: &str) -> Result<i64, Problem> {
        let number = |it: String| it.strip_prefix(&self.name())?.strip_prefix(':')?.parse().ok();
        text(cursor).and_then(number).ok_or_else(|| foreign(field, cursor))
    }
}

/// Cursor of a thing in a list by name.
pub(super) fn of_named(name: &str, id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(format!("n:{id}:{name}"))
}

/// The place in the cursor of a list by name.
pub(super) fn named(field: &str, cursor: &str) -> Result<(String, Uuid), Problem> {
    let parse = |text: String| {
        let (id, name) = text.strip_prefix("n:")?.split_once(':')?;
        Some((name.to_owned(), id.parse().ok()?)).filter(|(name, _)| !name.contains('\0'))
    };
    text(cursor).and_then(parse).ok_or_else(|| foreign(field, cursor))
}

/// Cursor of a row in an order.
pub(super) fn of_row<T: Table>(order: &[Order<T>], row: &T::Row) -> String {
    let keys = order.iter().map(|it| match it.column.key(row) {
        Key::Number(number) => number.to_string(),
        Key::Instant(at) => at.timestamp_micros().to_string(),
        Key::Text(text) => URL_SAFE_NO_PAD.encode(text),
        Key::Id(id) => id.to_string(),
    });
    let text = [signature(order)].into_iter().chain(keys).collect::<Vec<_>>().join(":");
    URL_SAFE_NO_PAD.encode(text)
}

/// The place in a row's cursor, when it is of this order.
pub(super) fn place<T: Table>(field: &str, order: &[Order<T>], cursor: &str) -> Result<Vec<Key>, Problem> {
    parse(order, cursor).ok_or_else(|| foreign(field, cursor))
}

fn parse<T: Table>(order: &[Order<T>], cursor: &str) -> Option<Vec<Key>> {
    let text = text(cursor)?;
    let mut parts = text.split(':');
    if parts.next()? != signature(order) {
        return None;
    }
    let keys: Option<Vec<Key>> = parts
        .zip(order)
        .map(|(part, order)| match order.column.kind() {
            KeyKind::Number => part.parse().ok().map(Key::Number),
            KeyKind::Instant => DateTime::<Utc>::from_timestamp_micros(part.parse().ok()?).map(Key::Instant),
            KeyKind::Text => self::text(part).filter(|it| !it.contains('\0')).map(Key::Text),
            KeyKind::Id => part.parse().ok().map(Key::Id),
        })
        .collect();
    keys.filter(|it| it.len() == order.len())
}

/// A letter a column, upper case when descending.
fn signature<T: Table>(order: &[Order<T>]) -> String {
    order
        .iter()
        .map(|it| {
            let letter = it.column.letter();
            if it.descending {
                letter.to_ascii_uppercase()
            } else {
                letter
            }
        })
        .collect()
}

fn text(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor.trim_end_matches('=')).ok()?).ok()
}

fn foreign(field: &str, cursor: &str) -> Problem {
    Problem::bad_input(
        field,
        cursor,
        "курсор этого же списка в этом же порядке",
        "a cursor of the same list in the same order",
    )
}
