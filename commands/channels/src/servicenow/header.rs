//! The columns that are needed, and where the header line says they are.

use std::{path::Path, str};

use csv::ByteRecord;

use super::ImportError;

/// A needed column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Number,
    State,
    ModCount,
    Caller,
    OpenedAt,
    UpdatedAt,
    Category,
    Subcategory,
    Priority,
    AssignedTo,
    CloseCode,
    /// Not every export has it.
    Group,
}

impl Column {
    const ALL: [Self; 12] = [
        Self::Number,
        Self::State,
        Self::ModCount,
        Self::Caller,
        Self::OpenedAt,
        Self::UpdatedAt,
        Self::Category,
        Self::Subcategory,
        Self::Priority,
        Self::AssignedTo,
        Self::CloseCode,
        Self::Group,
    ];

    /// Its name in ServiceNow.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::State => "incident_state",
            Self::ModCount => "sys_mod_count",
            Self::Caller => "caller_id",
            Self::OpenedAt => "opened_at",
            Self::UpdatedAt => "sys_updated_at",
            Self::Category => "category",
            Self::Subcategory => "subcategory",
            Self::Priority => "priority",
            Self::AssignedTo => "assigned_to",
            Self::CloseCode => "closed_code",
            Self::Group => "assignment_group",
        }
    }
}

/// Where the needed columns are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// How many columns the file has.
    pub(super) width: usize,
    /// In the order of [`Column::ALL`].
    places: [Option<usize>; Column::ALL.len()],
}

impl Columns {
    /// Finds the columns by name, in any order and case, and says what it had to understand otherwise.
    ///
    /// The public copy of the incident log has two names damaged; these two are found by their place instead.
    pub(super) fn find(header: &ByteRecord, path: &Path) -> Result<(Self, Vec<String>), ImportError> {
        if header.as_slice().trim_ascii_end().contains(&b'\r') {
            return Err(ImportError::LineEnds { path: path.to_owned() });
        }
        let names = names(header).ok_or_else(|| ImportError::HeaderNotUtf8 { path: path.to_owned() })?;
        let mut notes = Vec::new();
        let mut missing = Vec::new();
        let places = Column::ALL.map(|column| {
            let place = names.iter().position(|it| *it == column.name());
            let place = place.or_else(|| damaged(column, &names, &mut notes));
            if place.is_none() && column != Column::Group {
                missing.push(column.name());
            }
            place
        });
        if missing.is_empty() {
            return Ok((
                Self {
                    width: names.len(),
                    places,
                },
                notes,
            ));
        }
        let found = names.join(", ").chars().take(1000).collect::<String>();
        let found = if found.is_empty() { "nothing".to_owned() } else { found };
        Err(ImportError::HeaderIncomplete {
            path: path.to_owned(),
            missing: missing.join(", "),
            found,
        })
    }

    /// The bytes in a column; empty when the record is too short.
    pub(super) fn value<'a>(&self, record: &'a ByteRecord, column: Column) -> &'a [u8] {
        let place = self.places.get(column as usize).copied().flatten();
        place.and_then(|it| record.get(it)).unwrap_or_default()
    }
}

fn names(header: &ByteRecord) -> Option<Vec<String>> {
    header
        .iter()
        .map(|it| str::from_utf8(it).ok().map(|it| it.trim().to_ascii_lowercase()))
        .collect()
}

/// The place of a column whose name is damaged in the known way: the state, right after the number and still called
/// some state; the subcategory, right after the category and called so once more.
fn damaged(column: Column, names: &[String], notes: &mut Vec<String>) -> Option<usize> {
    let (before, fits): (Column, fn(&str) -> bool) = match column {
        Column::State => (Column::Number, |name| name.contains("state")),
        Column::Subcategory => (Column::Category, |name| name == Column::Category.name()),
        Column::Number
        | Column::ModCount
        | Column::Caller
        | Column::OpenedAt
        | Column::UpdatedAt
        | Column::Category
        | Column::Priority
        | Column::AssignedTo
        | Column::CloseCode
        | Column::Group => return None,
    };
    let place = names.iter().position(|it| *it == before.name())? + 1;
    let name = names.get(place).filter(|it| fits(it))?;
    notes.push(format!(
        "column {}, headed {name:?}, is read as {}, by its place",
        place + 1,
        column.name()
    ));
    Some(place)
}
