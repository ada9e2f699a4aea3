//! The lines of an export, read one after the other.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use event_store::open_regular;

use super::ImportError;
use crate::export::line::{FORM, Header};

/// A file on its way; the header is behind it.
pub(super) struct Lines {
    reader: BufReader<File>,
    path: PathBuf,
    number: u64,
    bytes: u64,
    text: Vec<u8>,
}

impl Lines {
    /// Opens a file and looks at its first line.
    ///
    /// # Errors
    /// It is no export, or one of a part of a log.
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let file = open_regular(path).map_err(|source| ImportError::File {
            path: path.to_owned(),
            source,
        })?;
        let mut lines = Self {
            reader: BufReader::with_capacity(1 << 20, file),
            path: path.to_owned(),
            number: 0,
            bytes: 0,
            text: Vec::new(),
        };
        lines.next()?;
        let header: Header = serde_json::from_slice(&lines.text).map_err(|it| lines.none(it.to_string()))?;
        if header.form != FORM {
            let reason = format!("its form is {}, this program reads {FORM}", header.form);
            return Err(lines.none(reason));
        }
        if header.asked.is_partial() {
            return Err(ImportError::Partial {
                path: path.to_owned(),
                asked: header.asked.to_string(),
            });
        }
        Ok(lines)
    }

    /// Takes the next line; whether there is one, be it a part of one.
    ///
    /// # Errors
    /// The system.
    pub(super) fn next(&mut self) -> Result<bool, ImportError> {
        self.text.clear();
        let read = self.reader.read_until(b'\n', &mut self.text);
        let read = read.map_err(|source| ImportError::File {
            path: self.path.clone(),
            source,
        })?;
        self.number += u64::from(read > 0);
        self.bytes += read as u64;
        Ok(read > 0)
    }

    /// The line.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Its number, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Bytes up to its end.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What is wrong with the line.
    pub(super) fn wrong(&self, field: &'static str, reason: impl Into<String>) -> ImportError {
        ImportError::Line {
            path: self.path.clone(),
            line: self.number,
            field,
            reason: reason.into(),
        }
    }

    /// It ends too early, behind the line before this one.
    pub(super) fn cut(&self, whole: u64) -> ImportError {
        ImportError::Cut {
            path: self.path.clone(),
            line: whole,
        }
    }

    /// It is no longer what was checked.
    pub(super) fn changed(&self) -> ImportError {
        ImportError::Changed {
            path: self.path.clone(),
            line: self.number,
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn none(&self, reason: String) -> ImportError {
        ImportError::NoExport {
            path: self.path.clone(),
            reason,
        }
    }
}
