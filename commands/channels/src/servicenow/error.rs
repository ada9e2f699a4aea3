use std::{io, path::PathBuf};

use commands::CommandError;

/// Why an import did not begin, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened or read to its end.
    #[error("cannot read {}: check that it is a file and may be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The header line is not text.
    #[error("the header line of {} is not UTF-8: export it as UTF-8 CSV", path.display())]
    HeaderNotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// Lines end as on very old systems, so the whole file is one line.
    #[error("the lines of {} end with CR alone: save it with LF or CRLF line ends", path.display())]
    LineEnds {
        /// The file.
        path: PathBuf,
    },
    /// The header line lacks columns.
    #[error("the header line of {} lacks {missing}: export these columns too (found: {found})", path.display())]
    HeaderIncomplete {
        /// The file.
        path: PathBuf,
        /// Names of the columns that are needed and not there.
        missing: String,
        /// Names of the columns that are there, `nothing` for an empty file.
        found: String,
    },
    /// The rejects would overwrite the file they come from.
    #[error("{} is the file to import: name another file for the rejects", path.display())]
    RejectsOverFile {
        /// The file.
        path: PathBuf,
    },
    /// The file of rejects cannot be written.
    #[error("cannot write the rejects to {}: make room there or name another file", path.display())]
    Rejects {
        /// The file of rejects.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The log.
    #[error(
        "the import of {} stopped after {incidents} incidents: what is imported stays, run it again to go on",
        path.display()
    )]
    Log {
        /// The file to import.
        path: PathBuf,
        /// Incidents dealt with before.
        incidents: u64,
        /// What the log says.
        source: CommandError,
    },
}
