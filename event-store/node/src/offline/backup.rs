//! A copy that opens elsewhere.

use std::fs::File;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::source::{Source, beside};
use super::verify::{Report, check};
use crate::NodeError;
use crate::storage::acknowledged::Marker;
use crate::storage::{data_file, schema};

/// Pages between two calls of `progress`: 4 MiB.
const PAGES: i32 = 1024;

/// Copies the log as it is at one moment, with or without a node running on it, and checks the copy. `progress` gets
/// pages copied of all pages, then positions checked of all positions.
///
/// `target` is an empty directory, or is made. A copy that was cut short does not open: it gets its name when it is
/// whole and checked, and the file with the acknowledged position comes last.
///
/// # Errors
/// There is no log or it is damaged, the target is not empty or cannot be written.
pub fn backup(directory: &Path, target: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, NodeError> {
    let source = Source::open(directory)?;
    make_empty(target)?;
    let path = data_file(target);
    let draft = beside(&path, ".new");
    let report = draw_up(source, &draft, progress).inspect_err(|_fault| remove(&draft))?;
    name(&draft, &path).map_err(|error| schema::cannot_write(path.display().to_string(), &error))?;
    Marker::make(target, report.head.cast_signed())?;
    Ok(Report {
        acknowledged: Some(report.head),
        ..report
    })
}

/// A whole and checked copy under a name that nobody takes for a log's.
fn draw_up(source: Source, draft: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, NodeError> {
    copy(source.rows.connection(), draft, progress)?;
    // The end of this reader lets a running node empty its write-ahead log.
    drop(source);
    let mut copied = Source::open_file(draft.into())?;
    let report = check(&mut copied, progress)?;
    drop(copied);
    schema::let_go(draft)?;
    let synced = File::open(draft).and_then(|file| file.sync_all());
    synced.map_err(|error| schema::cannot_write(draft.display().to_string(), &error))?;
    Ok(report)
}

/// A full disk gets its room back. What cannot be removed is taken for a log by nobody.
fn remove(draft: &Path) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        drop(std::fs::remove_file(beside(draft, suffix)));
    }
}

fn make_empty(target: &Path) -> Result<(), NodeError> {
    let mut directory = std::fs::DirBuilder::new();
    directory
        .recursive(true)
        .mode(0o700)
        .create(target)
        .and_then(|()| std::fs::read_dir(target)?.next().transpose())
        .map_err(|error| schema::cannot_open(target, &error))
        .and_then(|entry| {
            entry.map_or(Ok(()), |_entry| {
                Err(NodeError::TargetNotEmpty {
                    path: target.display().to_string(),
                })
            })
        })
}

/// Within one read transaction: the copy is of one moment, however much is appended meanwhile.
fn copy(source: &Connection, path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), NodeError> {
    let mut copied = || -> rusqlite::Result<()> {
        let mut target = schema::create(path)?;
        let moment = source.unchecked_transaction()?;
        moment.query_one("SELECT count(*) FROM sqlite_master", [], |_row| Ok(()))?;
        let backup = Backup::new(&moment, &mut target)?;
        loop {
            let step = backup.step(PAGES)?;
            let state = backup.progress();
            let done = state.pagecount - state.remaining;
            progress(done.unsigned_abs().into(), state.pagecount.unsigned_abs().into());
            if matches!(step, StepResult::Done) {
                break;
            }
        }
        drop(backup);
        moment.commit()?;
        schema::raise_format(&target)
    };
    copied().map_err(|error| schema::write_fault(path, &error))
}

fn name(draft: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(draft, path)?;
    // SQLite leaves these empty files beside what it has read.
    for suffix in ["-wal", "-shm"] {
        drop(std::fs::remove_file(beside(draft, suffix)));
    }
    path.parent()
        .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}
