//! Entries as rows of a table: one a change, and one for an entry that changed nothing.

use std::borrow::Cow;

use crate::graphql::{PlainEntry, PlainValue};

/// The columns. `before_is` and `after_is` say what stands in `before` and `after`: nothing, text, erased or redacted.
pub(super) const COLUMNS: [&str; 23] = [
    "position",
    "change",
    "event_id",
    "at",
    "actor",
    "on_behalf_of",
    "type",
    "summary",
    "object_type",
    "object_id",
    "stream",
    "version",
    "ticket_id",
    "address",
    "matter",
    "command",
    "field",
    "before_is",
    "before",
    "before_person",
    "after_is",
    "after",
    "after_person",
];

/// Those of the columns that hold numbers.
pub(super) const NUMBERS: [usize; 3] = [0, 1, 11];

/// A row.
pub(super) type Row = [String; COLUMNS.len()];

/// The rows of an entry; `change` counts them from 1, and is 0 when it changed nothing.
pub(super) fn rows(entry: &PlainEntry) -> Vec<Row> {
    let none = || Value::of(None);
    if entry.changes.is_empty() {
        return vec![row(entry, 0, "", none(), none())];
    }
    let numbered = (1..).zip(&entry.changes);
    numbered
        .map(|(number, it)| {
            row(
                entry,
                number,
                &it.field,
                Value::of(it.before.as_ref()),
                Value::of(it.after.as_ref()),
            )
        })
        .collect()
}

struct Value {
    is: &'static str,
    text: String,
    person: String,
}

impl Value {
    fn of(value: Option<&PlainValue>) -> Self {
        let Some(value) = value else {
            return Self {
                is: "nothing",
                text: String::new(),
                person: String::new(),
            };
        };
        let is = match (value.erased, value.redacted) {
            (true, _) => "erased",
            (false, true) => "redacted",
            (false, false) => "text",
        };
        Self {
            is,
            text: value.text.clone().unwrap_or_default(),
            person: value.person.clone().unwrap_or_default(),
        }
    }
}

fn row(entry: &PlainEntry, number: usize, field: &str, before: Value, after: Value) -> Row {
    let or_empty = |it: &Option<String>| it.clone().unwrap_or_default();
    [
        entry.position.to_string(),
        number.to_string(),
        entry.event_id.to_string(),
        entry.at.clone(),
        entry.actor.clone(),
        or_empty(&entry.on_behalf_of),
        entry.event_type.clone(),
        entry.summary.to_owned(),
        entry.object_type.clone(),
        entry.object_id.clone(),
        entry.stream.clone(),
        entry.version.to_string(),
        or_empty(&entry.ticket_id),
        or_empty(&entry.address),
        entry.matter.clone(),
        entry.command.clone(),
        field.to_owned(),
        before.is.to_owned(),
        before.text,
        before.person,
        after.is.to_owned(),
        after.text,
        after.person,
    ]
}

/// A cell that no spreadsheet takes for a formula. What begins with an apostrophe gets one too, so that taking one away
/// gives the cell back as it was.
pub(super) fn guarded(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn no_cell_is_a_formula_and_each_comes_back() {
        for cell in [
            "=1+1", "+7", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'quoted", "", "plain", " =1",
        ] {
            let safe = guarded(cell);
            assert!(!safe.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
            assert_eq!(safe.strip_prefix('\'').unwrap_or(&safe), cell);
        }
    }
}
