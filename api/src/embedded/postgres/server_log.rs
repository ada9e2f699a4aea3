//! The server's log: where it goes, and what to quote from it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A log longer than this is set aside at the next start, so that two of this size are kept at most.
const LONGEST: u64 = 10 << 20;

/// As much of the end as a message could be made of.
const TAIL: u64 = 16 << 10;

#[derive(Debug, Clone)]
pub(super) struct ServerLog {
    path: PathBuf,
    /// Where this start begins.
    from: u64,
}

impl ServerLog {
    /// Opens the log for appending; the file is for the server.
    pub(super) fn open(path: PathBuf) -> io::Result<(Self, File)> {
        if fs::metadata(&path).is_ok_and(|meta| meta.len() > LONGEST) {
            fs::rename(&path, path.with_added_extension("1"))?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
        let from = file.metadata()?.len();
        Ok((Self { path, from }, file))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The line of this start that tells most about its end.
    pub(super) fn line(&self) -> String {
        meaningful(&self.text().unwrap_or_default())
    }

    /// The last lines of this start, oldest first.
    pub(super) fn tail(&self) -> Vec<String> {
        let text = self.text().unwrap_or_default();
        let mut lines: Vec<_> = text.lines().rev().take(10).map(str::to_owned).collect();
        lines.reverse();
        lines
    }

    fn text(&self) -> io::Result<String> {
        let mut file = File::open(&self.path)?;
        let start = file.metadata()?.len().saturating_sub(TAIL).max(self.from);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The last complaint, else the last line: after a failure the very last line often says only that it is over.
pub(super) fn meaningful(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let complaint = lines
        .iter()
        .rev()
        .find(|line| ["PANIC:", "FATAL:", "rror:"].iter().any(|mark| line.contains(mark)));
    complaint
        .or(lines.last())
        .map_or_else(|| "it said nothing".to_owned(), |line| (*line).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaint_is_quoted_rather_than_the_farewell() {
        let text = "LOG:  starting\nUTC [7] FATAL:  could not create any Unix-domain sockets\nLOG:  shut down\n\n";
        assert_eq!(
            meaningful(text),
            "UTC [7] FATAL:  could not create any Unix-domain sockets"
        );
        assert_eq!(meaningful("one\ntwo\n"), "two");
        assert_eq!(
            meaningful("initdb: error: invalid locale name\ninitdb: hint: x"),
            "initdb: error: invalid locale name"
        );
        assert_eq!(meaningful(""), "it said nothing");
    }
}
