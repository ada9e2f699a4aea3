//! `seals.ndjson`: every seal once more, outside of the log. Copied elsewhere, it shows when a log has lost its end.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use domain::log_seal::Sealed;
use serde::{Deserialize, Serialize};

use crate::open_regular;

/// A seal and where it stands in the log; one line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealRecord {
    /// Of the seal's event, in the stream of seals.
    pub revision: u64,
    /// Of the seal's event, in the log.
    pub position: u64,
    /// The seal.
    #[serde(flatten)]
    pub seal: Sealed,
}

/// What a copy of the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealCopy {
    /// The seals, oldest first.
    pub records: Vec<SealRecord>,
    /// Number of the last line, when only a part of it is there: the file was cut, or copied while it was written.
    pub cut: Option<usize>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SealFileError {
    /// The file.
    #[error("{} cannot be read or written ({source}): make it a file of this user, and free space", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line.
    #[error("{line} of {} is no seal ({source}): restore the file from a copy", path.display())]
    Line {
        /// Where.
        path: PathBuf,
        /// Which: `line 1`, or `the last line`.
        line: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// The file.
#[derive(Debug)]
pub struct SealFile {
    path: PathBuf,
}

impl SealFile {
    /// The file at this path; it need not be there yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All seals, oldest first; none when there is no file. What a crash left of a last line is passed over.
    ///
    /// # Errors
    /// [`SealFileError`].
    pub fn read(&self) -> Result<Vec<SealRecord>, SealFileError> {
        Ok(self.read_copy()?.unwrap_or_default().records)
    }

    /// The same, and whether the last line is whole; `None` when there is no file.
    ///
    /// # Errors
    /// [`SealFileError`]; a line that is no seal, unless it is the last and the beginning of one.
    pub fn read_copy(&self) -> Result<Option<SealCopy>, SealFileError> {
        let Some(file) = self.open()? else { return Ok(None) };
        let mut records = Vec::new();
        let cut = self.each(file, &mut |record| records.push(record))?;
        Ok(Some(SealCopy { records, cut }))
    }

    /// Hands each seal on; number of the last line when it is cut.
    fn each(&self, file: File, take: &mut dyn FnMut(SealRecord)) -> Result<Option<usize>, SealFileError> {
        let mut reader = BufReader::new(file);
        let mut text = Vec::new();
        for line in 1_usize.. {
            text.clear();
            let read = reader.read_until(b'\n', &mut text).map_err(|it| self.failed(it))?;
            if read == 0 {
                break;
            }
            match self.parse(&text, || format!("line {line}")) {
                Ok(record) => take(record),
                Err(SealFileError::Line { source, .. }) if source.is_eof() && text.last() != Some(&b'\n') => {
                    return Ok(Some(line));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(None)
    }

    /// Fingerprints of all keys that signed, as the seals name them.
    ///
    /// # Errors
    /// [`SealFileError`].
    pub fn keys(&self) -> Result<BTreeSet<String>, SealFileError> {
        let mut keys = BTreeSet::new();
        let Some(file) = self.open()? else { return Ok(keys) };
        self.each(file, &mut |record| {
            if !keys.contains(&record.seal.key) {
                keys.insert(record.seal.key);
            }
        })?;
        Ok(keys)
    }

    /// The newest seal.
    ///
    /// # Errors
    /// [`SealFileError`].
    pub fn last(&self) -> Result<Option<SealRecord>, SealFileError> {
        /// Longer than any line.
        const TAIL: u64 = 16 * 1024;
        let Some(mut file) = self.open()? else { return Ok(None) };
        let mut tail = Vec::new();
        let mut read = || -> io::Result<()> {
            let length = file.seek(SeekFrom::End(0))?;
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
            file.read_to_end(&mut tail).map(drop)
        };
        read().map_err(|it| self.failed(it))?;
        let whole = tail.iter().rposition(|it| *it == b'\n').unwrap_or(0);
        let line = tail[..whole].rsplit(|it| *it == b'\n').next().unwrap_or_default();
        // An empty line behind seals is none of ours, and must not hide them.
        if whole == 0 {
            return Ok(None);
        }
        self.parse(line, || "the last line".to_owned()).map(Some)
    }

    /// Adds seals, and returns when the disk has them. What a crash left of a last line is removed.
    ///
    /// # Errors
    /// [`SealFileError`].
    pub fn append(&self, records: &[SealRecord]) -> Result<(), SealFileError> {
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, record).map_err(|it| self.failed(it.into()))?;
            lines.push(b'\n');
        }
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&self.path)?;
            let end = end_of_last_line(&mut file)?;
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            file.write_all(&lines)?;
            file.sync_all()?;
            self.path
                .parent()
                .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        write().map_err(|it| self.failed(it))
    }

    fn open(&self) -> Result<Option<File>, SealFileError> {
        match open_regular(&self.path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn parse(&self, text: &[u8], line: impl FnOnce() -> String) -> Result<SealRecord, SealFileError> {
        serde_json::from_slice(text).map_err(|source| SealFileError::Line {
            path: self.path.clone(),
            line: line(),
            source,
        })
    }

    fn failed(&self, source: io::Error) -> SealFileError {
        SealFileError::File {
            path: self.path.clone(),
            source,
        }
    }
}

/// Where the last whole line ends.
fn end_of_last_line(file: &mut File) -> io::Result<u64> {
    const STEP: u64 = 4096;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let mut part = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        Read::by_ref(file).take(end - start).read_to_end(&mut part)?;
        if let Some(at) = part.iter().rposition(|it| *it == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use domain::log_seal::Sealed;

    use super::{SealFile, SealRecord};

    fn record(revision: u64) -> SealRecord {
        SealRecord {
            revision,
            position: revision * 10 + 5,
            seal: Sealed {
                first: revision * 10 + 1,
                last: revision * 10 + 10,
                count: 10,
                root: "ab".repeat(32),
                previous: None,
                key: "cd".repeat(32),
                signature: "AA==".to_owned(),
            },
        }
    }

    #[test]
    fn seals_read_back_and_the_last_is_found_without_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = SealFile::new(folder.path().join("seals.ndjson"));
        assert_eq!(file.last().unwrap(), None);
        assert_eq!(file.read().unwrap(), []);
        let all: Vec<SealRecord> = (0..100).map(record).collect();
        file.append(&all[..1]).unwrap();
        assert_eq!(file.last().unwrap().as_ref(), all.first());
        file.append(&all[1..]).unwrap();
        assert_eq!(file.last().unwrap().as_ref(), all.last());
        assert_eq!(file.read().unwrap(), all);
    }

    #[test]
    fn torn_last_line_is_passed_over_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = SealFile::new(folder.path().join("seals.ndjson"));
        file.append(&[record(0), record(1)]).unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        std::fs::write(file.path(), &bytes[..bytes.len() - 7]).unwrap();
        assert_eq!(file.last().unwrap(), Some(record(0)));
        let copy = file.read_copy().unwrap().unwrap();
        assert_eq!((copy.records, copy.cut), (vec![record(0)], Some(2)));
        file.append(&[record(1)]).unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), bytes);
        std::fs::write(file.path(), "{").unwrap();
        assert_eq!(file.last().unwrap(), None);
    }

    #[test]
    fn line_that_is_no_seal_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = SealFile::new(folder.path().join("seals.ndjson"));
        std::fs::write(file.path(), "{}\n").unwrap();
        assert!(file.read().unwrap_err().to_string().starts_with("line 1 of "));
        assert!(file.last().is_err());
        // Nor is a last line without an end taken for the beginning of a seal when it cannot be one.
        let whole = serde_json::to_string(&record(0)).unwrap();
        for text in [
            format!("{whole}\nrubbish"),
            format!("{whole}\n\n"),
            format!("{whole}\n\u{ff}"),
        ] {
            std::fs::write(file.path(), text).unwrap();
            let said = file.read_copy().unwrap_err().to_string();
            assert!(
                said.starts_with("line 2 of ") && said.contains("seals.ndjson"),
                "{said}"
            );
        }
        std::fs::write(file.path(), &whole).unwrap();
        assert_eq!(
            file.read_copy().unwrap().unwrap().records,
            [record(0)],
            "only its line end is missing"
        );
    }
}
