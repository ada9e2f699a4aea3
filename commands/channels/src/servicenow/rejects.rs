//! Rows that cannot be placed, and the file that tells of them.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::ImportError;

/// Characters of a value that are shown.
const SHOWN: usize = 200;

/// Why something of the file was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reject {
    /// Line the row begins in, 1 is the header.
    pub(super) line: u64,
    /// The incident, as far as known.
    pub(super) number: String,
    /// Name of the column, empty when it is about the whole row or incident.
    pub(super) column: &'static str,
    /// What stands there.
    pub(super) value: String,
    /// What is wrong with it.
    pub(super) reason: String,
}

/// What of a value is shown to people.
pub(super) fn shown(bytes: &[u8]) -> String {
    // A character has at most four bytes; the rest of a huge value need not be decoded.
    let start = &bytes[..bytes.len().min(4 * SHOWN)];
    String::from_utf8_lossy(start).trim().chars().take(SHOWN).collect()
}

/// The file of rejects, made with the first one.
pub(super) struct Rejects {
    path: PathBuf,
    writer: Option<csv::Writer<File>>,
}

impl Rejects {
    /// Removes what an earlier run left, so that the file tells of one run only.
    pub(super) fn new(path: &Path, file: &Path) -> Result<Self, ImportError> {
        if let (Ok(rejects), Ok(file)) = (path.canonicalize(), file.canonicalize())
            && rejects == file
        {
            return Err(ImportError::RejectsOverFile { path: file });
        }
        let rejects = Self {
            path: path.to_owned(),
            writer: None,
        };
        // Only a plain file: /dev/null stays where it is.
        if fs::symlink_metadata(path).is_ok_and(|it| it.is_file()) {
            fs::remove_file(path).map_err(|error| rejects.failed(error))?;
        }
        Ok(rejects)
    }

    pub(super) fn write(&mut self, reject: &Reject) -> Result<(), ImportError> {
        self.try_write(reject).map_err(|error| self.failed(error.into()))
    }

    fn try_write(&mut self, reject: &Reject) -> csv::Result<()> {
        let writer = if let Some(writer) = &mut self.writer {
            writer
        } else {
            let mut writer = csv::Writer::from_path(&self.path)?;
            writer.write_record(["line", "number", "column", "value", "reason"])?;
            self.writer.insert(writer)
        };
        let line = reject.line.to_string();
        writer.write_record([&line, &reject.number, reject.column, &reject.value, &reject.reason])
    }

    /// Writes out what is still in memory.
    pub(super) fn finish(&mut self) -> Result<(), ImportError> {
        let flushed = self.writer.as_mut().map_or(Ok(()), csv::Writer::flush);
        flushed.map_err(|error| self.failed(error))
    }

    fn failed(&self, source: io::Error) -> ImportError {
        ImportError::Rejects {
            path: self.path.clone(),
            source,
        }
    }
}
