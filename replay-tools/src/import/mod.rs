//! An export of events put into another, empty log.
//!
//! The whole file is looked at before anything is written: form, order, revisions, hash chains, checksums, its end. Then
//! what the log has already must be how the file begins, so that an import that was broken off goes on, and no other log
//! is ever written to.
//!
//! Kept are ids, types, bytes, streams, revisions and order, and with them chains and the instants of decisions. A folder
//! also keeps when each event was first taken; positions stay where the file has them without gaps from 1 on and the
//! log numbers its events so. Seals vouch for positions: where these change, seals no longer fit.

mod check;
mod file;
mod folder;
mod present;
mod server;
mod target;

use std::{
    io,
    path::{Path, PathBuf},
};

use event_store_node::NodeError;
use serde::Serialize;

pub use target::Target;

use crate::{SourceError, export::line::Line, seal_stream, walk::Watch};
use file::Lines;

/// What to do with seals when positions change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seals {
    /// They come along as they are.
    Keep,
    /// They are left out: the new log is sealed anew, from its beginning.
    Drop,
}

/// What was put where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Events of the file that belong into the log.
    pub events: u64,
    /// Of these, how many this run wrote; the others were there.
    pub written: u64,
    /// Streams in the file.
    pub streams: u64,
    /// Of these, hash chains; all of them fit.
    pub chains: u64,
    /// Seals in the file.
    pub seals: u64,
    /// Whether they were left out.
    pub seals_dropped: bool,
    /// Events of the store itself, which a server does not take from others.
    pub store_events: u64,
    /// The first event that has another position than in the file: there, and here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<(u64, u64)>,
    /// Whether the log says when each event was first taken; otherwise it says when it was imported.
    pub recorded_kept: bool,
    /// Whether everything is there; not when somebody asked to stop.
    pub complete: bool,
}

/// Why an import was refused or broken off. One line each.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The log.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The folder.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The first line.
    #[error("{} is no export of events: its first line does not say so ({reason})", path.display())]
    NoExport {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A part of a log.
    #[error(
        "{} holds {asked} of its log: its streams are not whole, so no log can be made of it; export without --types, \
         --stream, --ticket and --from", path.display()
    )]
    Partial {
        /// Which.
        path: PathBuf,
        /// What it was asked for.
        asked: String,
    },
    /// A line.
    #[error("line {line} of {}, field {field}: {reason}; nothing was written", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What of it.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The end is missing.
    #[error("{} was cut off after line {line}: export again with --resume; nothing was written", path.display())]
    Cut {
        /// Which.
        path: PathBuf,
        /// The last whole line.
        line: u64,
    },
    /// The log holds something else.
    #[error("{place} is not empty, and not the beginning of {}: {reason}; nothing was written", path.display())]
    NotEmpty {
        /// The log.
        place: String,
        /// The file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// Seals would no longer fit.
    #[error(
        "the {seals} seals in {} vouch for positions, and the event at position {there} has position {here} in {place}: \
         give --seals drop to leave them out (the new log is sealed anew; keep the file and seals.ndjson as proof of \
         the time before), or --seals keep to take them along, of which `verify` will say that they do not fit",
        path.display()
    )]
    Seals {
        /// The file.
        path: PathBuf,
        /// How many.
        seals: u64,
        /// In the file.
        there: u64,
        /// In the log.
        here: u64,
        /// The log.
        place: String,
    },
    /// The file is not what it was when it was checked.
    #[error("{} was changed while it was read: the log has its beginning, up to line {line}", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
        /// Where that showed.
        line: u64,
    },
    /// Somebody else writes there.
    #[error(
        "somebody else writes to {place} (event {revision} of stream {stream}): stop that, and import into an empty log"
    )]
    Crossed {
        /// The log.
        place: String,
        /// Of the event that was to be written.
        stream: String,
        /// Of the event that was to be written.
        revision: u64,
    },
}

/// Puts the events of a file into a log. `seals` says what to do with seals when positions change; without it such an
/// import is refused.
///
/// # Errors
/// [`ImportError`].
pub fn import(path: &Path, target: &Target, seals: Option<Seals>, watch: Watch<'_>) -> Result<Imported, ImportError> {
    let plan = Plan {
        target,
        seals,
        seal_stream: seal_stream(),
    };
    let Some(checked) = check::check(path, &plan, watch)? else {
        return Ok(Imported::default());
    };
    plan.foresee(path, &checked)?;
    let mut lines = Lines::open(path)?;
    let present = present::compare(&mut lines, &plan, path)?;
    let mut imported = Imported {
        events: checked.to_write,
        streams: checked.streams,
        chains: checked.chains,
        seals: checked.seals,
        seals_dropped: seals == Some(Seals::Drop),
        store_events: checked.store_events,
        recorded_kept: target.keeps_instants(),
        moved: present.moved,
        ..Imported::default()
    };
    if let Some((there, here)) = present.moved {
        plan.moved(path, checked.seals, there, here)?;
    }
    if present.events == checked.to_write {
        imported.complete = true;
    } else {
        target.write(&mut lines, &plan, &present, &mut imported, watch)?;
    }
    Ok(imported)
}

impl Imported {
    /// Some events more are there, the last of them at these positions of the file and of the log.
    fn wrote(&mut self, there: u64, here: u64, events: u64) {
        self.written += events;
        if there != here {
            self.moved.get_or_insert((there, here));
        }
    }
}

/// What of a file goes where.
struct Plan<'a> {
    target: &'a Target,
    seals: Option<Seals>,
    seal_stream: String,
}

impl Plan<'_> {
    /// Whether the event belongs into the log.
    fn takes(&self, line: &Line<'_>) -> bool {
        let is_dropped = self.seals == Some(Seals::Drop) && line.stream == self.seal_stream;
        !is_dropped && (self.target.takes_store_events() || line.event().leaf.is_sealed())
    }

    /// Refuses what is known to need a choice, before anything is written.
    fn foresee(&self, path: &Path, checked: &check::Checked) -> Result<(), ImportError> {
        let moved = checked.gap.filter(|_| self.target.is_dense());
        match moved {
            Some((there, here)) => self.moved(path, checked.seals, there, here),
            None => Ok(()),
        }
    }

    /// Whether seals that came along may stay when an event has moved.
    fn moved(&self, path: &Path, seals: u64, there: u64, here: u64) -> Result<(), ImportError> {
        if self.seals.is_some() || seals == 0 {
            return Ok(());
        }
        Err(ImportError::Seals {
            path: path.to_owned(),
            seals,
            there,
            here,
            place: self.target.to_string(),
        })
    }
}
