//! Import of a ServiceNow incident log: a CSV file with one row for each update of an incident.
//!
//! A row goes `records` (CSV) → `header` and `row` (its values) → `incidents` (rows of one incident together) →
//! `desk` (the categories, teams and people it points at) and `story` (what
//! happened, as commands) → `import` (into the log). The file is streamed; what is kept of it is the
//! incidents in flight and 24 bytes for each incident seen. A row that cannot be placed goes into the file of rejects
//! and the rest goes on. Everything is derived from the file, so a second run adds nothing and a longer version of the
//! same file adds what is new.
//!
//! Deliberately absent: the clock (instants come from the file, read as UTC), and any guess at a damaged value.

mod desk;
mod error;
mod header;
mod import;
mod incidents;
mod numbers;
mod records;
mod rejects;
mod row;
mod story;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use error::ImportError;
pub use import::import;

/// The channel of imported tickets, and the name of the source in derived ids. Never change it.
const CHANNEL: &str = "servicenow";

/// What to import and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// The CSV file: comma separated, with a header line.
    pub file: PathBuf,
    /// Where rows go that cannot be placed. Made when there is such a row; what an earlier run left is removed.
    pub rejects: PathBuf,
    /// How many incidents are on their way into the log at once; 0 counts as 1.
    pub concurrency: usize,
}

impl ImportOptions {
    /// How many incidents are in flight if nothing else is asked for: enough for the log to commit many at once.
    pub const CONCURRENCY: usize = 64;
}

/// How far an import is. Told after each incident, and once at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes of the file that are dealt with.
    pub bytes_read: u64,
    /// Bytes the file had at the start; 0 when it is not a regular file.
    pub bytes_total: u64,
    /// Incidents dealt with.
    pub incidents: u64,
    /// Events appended in this run.
    pub events: u64,
}

/// What an import brought about. Each incident is counted once among `imported`, `already_there`, `extended` and
/// `rejected_incidents`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Rows of the file, without the header.
    pub rows: u64,
    /// Incidents of the file.
    pub incidents: u64,
    /// Tickets that are new in this run.
    pub imported: u64,
    /// Incidents that were there already, whole.
    pub already_there: u64,
    /// Incidents that were there already and went on in this file.
    pub extended: u64,
    /// Events appended in this run.
    pub events_appended: u64,
    /// Lines in the file of rejects.
    pub rejected_rows: u64,
    /// Incidents without a single good row, or whose ticket or ownership was changed here since it was imported.
    pub rejected_incidents: u64,
    /// What was understood in spite of the file, for people.
    pub notes: Vec<String>,
}
