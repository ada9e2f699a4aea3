//! What a comparison found, for people and for machines.

use std::fmt;

use event_store::Position;
use serde::Serialize;
use serde_json::Value;

/// Two builds, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Where in the log both stood.
    pub position: u64,
    /// Every table of either.
    pub tables: Vec<Table>,
}

/// Two copies of a table, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// Its name, without the schema.
    pub name: String,
    /// Rows of the live one.
    pub live: u64,
    /// Rows of the rebuilt one.
    pub rebuilt: u64,
    /// Rows of both that differ.
    pub changed: u64,
    /// Rows that only the live one has.
    pub only_live: u64,
    /// Rows that only the rebuilt one has.
    pub only_rebuilt: u64,
    /// Why its rows cannot be compared.
    pub shape: Option<String>,
    /// The first rows that differ.
    pub rows: Vec<Row>,
}

/// A row that is not the same in both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its primary key.
    pub key: String,
    /// Whether the live one has it.
    pub in_live: bool,
    /// Whether the rebuilt one has it.
    pub in_rebuilt: bool,
    /// What differs.
    pub cells: Vec<Cell>,
}

/// A value that is not the same in both; `None` where there is no such row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Name of the column.
    pub column: String,
    /// What the live one has.
    pub live: Option<Value>,
    /// What the rebuilt one has.
    pub rebuilt: Option<Value>,
}

impl Report {
    pub(super) fn at(position: Position) -> Self {
        Self {
            position: position.0,
            tables: Vec::new(),
        }
    }

    /// Whether there is no difference.
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(Table::is_equal)
    }

    /// Rows that are told in full.
    pub(super) fn told(&self) -> usize {
        self.tables.iter().map(|it| it.rows.len()).sum()
    }
}

impl Table {
    pub(super) fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            live: 0,
            rebuilt: 0,
            changed: 0,
            only_live: 0,
            only_rebuilt: 0,
            shape: None,
            rows: Vec::new(),
        }
    }

    pub(super) fn alone(name: &str, why: &str) -> Self {
        Self {
            shape: Some(why.to_owned()),
            ..Self::of(name)
        }
    }

    pub(super) fn of_another_shape(name: &str, live: &[String], rebuilt: &[String]) -> Self {
        let lacks = |of: &[String], in_: &[String]| {
            let missing: Vec<&str> = of.iter().filter(|it| !in_.contains(it)).map(String::as_str).collect();
            missing.join(", ")
        };
        let why = format!(
            "its columns are not the same: only live [{}], only rebuilt [{}]",
            lacks(live, rebuilt),
            lacks(rebuilt, live)
        );
        Self::alone(name, &why)
    }

    /// Counts a row and its twin; tells whether they differ.
    pub(super) fn count(&mut self, live: Option<&str>, rebuilt: Option<&str>) -> bool {
        self.live += u64::from(live.is_some());
        self.rebuilt += u64::from(rebuilt.is_some());
        match (live, rebuilt) {
            (Some(live), Some(rebuilt)) if live == rebuilt => return false,
            (Some(_), Some(_)) => self.changed += 1,
            (Some(_), None) => self.only_live += 1,
            (None, Some(_)) => self.only_rebuilt += 1,
            (None, None) => return false,
        }
        true
    }

    /// Whether both copies are the same.
    pub fn is_equal(&self) -> bool {
        self.shape.is_none() && self.changed + self.only_live + self.only_rebuilt == 0
    }
}

impl Row {
    /// Of a table without a key: the row is all there is to tell.
    pub(super) fn whole(live: Option<String>, rebuilt: Option<String>) -> Self {
        Self {
            in_live: live.is_some(),
            in_rebuilt: rebuilt.is_some(),
            key: live.or(rebuilt).unwrap_or_default(),
            cells: Vec::new(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for table in &self.tables {
            table.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name, live, rebuilt, ..
        } = self;
        match &self.shape {
            Some(why) => writeln!(f, "{name}: DIFFERENT: {why}")?,
            None if self.is_equal() => writeln!(f, "{name}: {live} rows, equal")?,
            None => writeln!(
                f,
                "{name}: DIFFERENT: {} rows changed, {} only live, {} only rebuilt, of {live} live and {rebuilt} rebuilt",
                self.changed, self.only_live, self.only_rebuilt
            )?,
        }
        self.rows.iter().try_for_each(|it| it.fmt(f))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, .. } = self;
        match (self.in_live, self.in_rebuilt) {
            (true, false) => return writeln!(f, "  {key}: only live"),
            (false, _) => return writeln!(f, "  {key}: only rebuilt"),
            (true, true) => writeln!(f, "  {key}:")?,
        }
        for cell in &self.cells {
            let show = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
            writeln!(
                f,
                "    {}: live {}, rebuilt {}",
                cell.column,
                show(&cell.live),
                show(&cell.rebuilt)
            )?;
        }
        Ok(())
    }
}
