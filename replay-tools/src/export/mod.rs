//! Events of a log in a file: as lines that can be put into another log, or as a table for analysis.
//!
//! Nothing is left out of an event: [`crate::import`] makes the same log of the lines again. The package for a court or
//! an auditor is another thing: [`crate::evidence`].

pub(crate) mod line;
mod lines;
mod resume;
mod table;

use std::{
    fmt, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

pub use lines::{to_file, to_stream};
use serde::Serialize;
pub use table::to_table;

use crate::{
    Event, Scope, Source, SourceError,
    walk::{Watch, pace},
};

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Events in the file, those that were there before included.
    pub events: u64,
    /// Of these, how many this run wrote.
    pub written: u64,
    /// Position of the last, 0 when there is none.
    pub position: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Whether everything asked for is in it; not when somebody asked to stop.
    pub complete: bool,
    /// Behind which position it went on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed_after: Option<u64>,
    /// Number of the last line, of which only a part was there: it was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_line: Option<u64>,
}

/// Why nothing was exported, or not everything. One line each.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The stream that takes the lines.
    #[error("standard output takes no more: {0}")]
    Stream(io::Error),
    /// Nothing is overwritten.
    #[error("{} is there already: give --resume to go on with it, or another name", .0.display())]
    Exists(PathBuf),
    /// The file to go on with is no export.
    #[error("{} is no export of events: its first line does not say so ({reason})", path.display())]
    NoExport {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file to go on with is another export.
    #[error("{} is another export: {reason}; give another name", path.display())]
    Other {
        /// Which.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// A line of the file to go on with.
    #[error("line {line} of {} {reason}: remove the file and export again", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The table.
    #[error("{}: {source}", path.display())]
    Table {
        /// Which file.
        path: PathBuf,
        /// What the library says.
        source: parquet::errors::ParquetError,
    },
    /// An event that does not become a line.
    #[error("the event at position {position} cannot be written: {source}")]
    Event {
        /// Where.
        position: u64,
        /// What serde says.
        source: serde_json::Error,
    },
}

impl ExportError {
    pub(super) fn of_file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }
}

/// Hands over every event that is asked for behind a position; whether the end was reached.
fn each_event(
    source: &Source,
    scope: &Scope,
    after: u64,
    watch: Watch<'_>,
    take: &mut dyn FnMut(&Event<'_>) -> Result<(), ExportError>,
) -> Result<bool, ExportError> {
    let (mut seen, mut failed, mut stopped) = (0, None, false);
    source.visit(after.max(scope.start(source)), &mut |event| {
        seen += 1;
        if pace(watch, seen, event.leaf.position).is_break() {
            stopped = true;
            return ControlFlow::Break(());
        }
        if scope.takes(event)? {
            failed = take(event).err();
        }
        if failed.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    failed.map_or(Ok(!stopped), Err)
}

/// Options of the command line that ask for the same.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = Vec::new();
        said.extend(self.types.iter().map(|it| format!("--types {it}")));
        said.extend(self.streams.iter().map(|it| format!("--stream {it}")));
        said.extend(self.from.map(|it| format!("--from {it}")));
        said.extend(self.to.map(|it| format!("--to {it}")));
        if said.is_empty() {
            return f.write_str("everything");
        }
        f.write_str(&said.join(" "))
    }
}
