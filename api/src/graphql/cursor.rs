//! Opaque cursors: base64url of a place in an order. A cursor of one order is refused by another.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use projections::{
    TicketRow,
    ticket_list::page::{Key, Order, OrderColumn},
};
use uuid::Uuid;

use crate::problem::Problem;

/// Cursor of a history's version.
pub(super) fn of_version(version: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("v:{version}"))
}

/// The version in a history's cursor.
pub(super) fn version(field: &str, cursor: &str) -> Result<i64, Problem> {
    text(cursor)
        .and_then(|it| it.strip_prefix("v:")?.parse().ok())
        .ok_or_else(|| foreign(field, cursor))
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

/// Cursor of a ticket in an order.
pub(super) fn of_ticket(order: &[Order], row: &TicketRow) -> String {
    let keys = order.iter().map(|it| match it.column.key(row) {
        Key::Number(number) => number.to_string(),
        Key::Instant(at) => at.timestamp_micros().to_string(),
        Key::Id(id) => id.simple().to_string(),
    });
    let text = [signature(order)].into_iter().chain(keys).collect::<Vec<_>>().join(":");
    URL_SAFE_NO_PAD.encode(text)
}

/// The place in a ticket's cursor, when it is of this order.
pub(super) fn place(field: &str, order: &[Order], cursor: &str) -> Result<Vec<Key>, Problem> {
    parse(order, cursor).ok_or_else(|| foreign(field, cursor))
}

fn parse(order: &[Order], cursor: &str) -> Option<Vec<Key>> {
    let text = text(cursor)?;
    let mut parts = text.split(':');
    if parts.next()? != signature(order) {
        return None;
    }
    let keys: Option<Vec<Key>> = parts
        .zip(order)
        .map(|(part, order)| match order.column {
            OrderColumn::Number | OrderColumn::Priority => part.parse().ok().map(Key::Number),
            OrderColumn::Id => part.parse().ok().map(Key::Id),
            OrderColumn::OpenedAt | OrderColumn::UpdatedAt => {
                DateTime::<Utc>::from_timestamp_micros(part.parse().ok()?).map(Key::Instant)
            }
        })
        .collect();
    keys.filter(|it| it.len() == order.len())
}

/// A letter a column, upper case when descending.
fn signature(order: &[Order]) -> String {
    order
        .iter()
        .map(|it| {
            let letter = match it.column {
                OrderColumn::Number => 'n',
                OrderColumn::Id => 'i',
                OrderColumn::OpenedAt => 'o',
                OrderColumn::UpdatedAt => 'u',
                OrderColumn::Priority => 'p',
            };
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
