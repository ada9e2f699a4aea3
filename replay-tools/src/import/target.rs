//! The log that an export is put into: a node's folder, or a server.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use serde_json::value::RawValue;

use super::{ImportError, Imported, Plan, file::Lines, folder, present::Present, server};
use crate::{Folder, Source, SourceError, export::line::Line, walk::Watch};

/// Where events are put.
#[derive(Debug)]
pub struct Target {
    place: String,
    source: Source,
    /// Where the node's files lie, when it is a folder.
    log: Option<PathBuf>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl Target {
    /// The folder of a node: this one, when a log lies in it or when it is called `log`, else the folder `log` in it,
    /// where Letopis has it.
    pub fn folder(path: &Path) -> Self {
        let is_log = path.join("events.db").exists() || path.file_name().is_some_and(|it| it == "log");
        let log = if is_log { path.to_owned() } else { path.join("log") };
        Self {
            place: format!("the log in {}", log.display()),
            source: Source::Folder(Folder::new(&log)),
            log: Some(log),
        }
    }

    /// The log behind a server.
    ///
    /// # Errors
    /// The URL does not read, or the system has no threads.
    pub fn server(url: &str) -> Result<Self, SourceError> {
        Ok(Self {
            place: format!("the log behind {}", without_credentials(url)),
            source: Source::server(url)?,
            log: None,
        })
    }

    /// What is there; `None` when nothing is.
    pub(super) fn source(&self) -> Option<&Source> {
        let is_there = match &self.log {
            // A file without a byte is what a first try leaves that was broken off at once.
            Some(log) => fs::metadata(log.join("events.db")).is_ok_and(|it| it.len() > 0),
            None => true,
        };
        is_there.then_some(&self.source)
    }

    /// Whether the log gives events the numbers from 1 on as positions; of a server nobody knows.
    pub(super) fn is_dense(&self) -> bool {
        self.log.is_some()
    }

    /// Whether it keeps when each event was first taken.
    pub(super) fn keeps_instants(&self) -> bool {
        self.log.is_some()
    }

    /// Whether the store's own events can be put there.
    pub(super) fn takes_store_events(&self) -> bool {
        self.log.is_some()
    }

    /// Whether the bytes of an event arrive there as they are; otherwise the field that does not, and why.
    pub(super) fn can_take(&self, line: &Line<'_>) -> Result<(), (&'static str, String)> {
        if self.log.is_some() {
            return Ok(());
        }
        let is_exact = |it: &RawValue| it.get().len() == line.payload.len();
        let exact = serde_json::from_slice::<&RawValue>(&line.payload).is_ok_and(is_exact);
        if line.is_json && exact {
            return Ok(());
        }
        let reason =
            "it is no JSON, or has spaces around it, and would reach a server as other bytes: import into a folder";
        Err(("payload", reason.to_owned()))
    }

    pub(super) fn write(
        &self,
        lines: &mut Lines,
        plan: &Plan<'_>,
        present: &Present,
        imported: &mut Imported,
        watch: Watch<'_>,
    ) -> Result<(), ImportError> {
        match (&self.log, &self.source) {
            (Some(log), _) => folder::write(log, lines, plan, present, imported, watch),
            (None, Source::Server(log, runtime)) => server::write((log, runtime), lines, plan, imported, watch),
            // A folder has its path beside it.
            (None, Source::Folder(folder)) => folder::write(folder.log(), lines, plan, present, imported, watch),
        }
    }
}

fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("esdb", url));
    let hosts = rest.rsplit_once('@').map_or(rest, |(_, hosts)| hosts);
    format!("{scheme}://{hosts}")
}
