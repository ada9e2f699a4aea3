//! Where a log is read from: a data folder, with or without a server running on it, or a server.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use event_store::{EventLog, KeyError, Leaf, LogError, Position, PublicKey, SealFile, SealFileError};
use event_store_node::{NodeError, offline};
use tokio::runtime::Runtime;

use crate::batch::Batch;

/// Events asked of a server at a time.
const PAGE: usize = 4096;
/// A batch is handed on at the first of these.
const BATCH_EVENTS: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;

/// Why a log cannot be read. One line each.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Of a folder.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// Of a server.
    #[error("{}", of_url(.0))]
    Log(LogError),
    /// A public key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The copy of the seals.
    #[error(transparent)]
    Seals(#[from] SealFileError),
    /// Something else of the system.
    #[error("{}: {source}", path.display())]
    File {
        /// What was read or written.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl From<LogError> for SourceError {
    fn from(fault: LogError) -> Self {
        Self::Log(fault)
    }
}

/// The address of a server comes from `--url` here, not from the settings.
fn of_url(fault: &LogError) -> String {
    match fault {
        LogError::Address { url, reason } => {
            format!("--url {url:?} does not read ({reason}): give esdb://host:2113?tls=false or kurrentdb://host:2113")
        }
        LogError::Unavailable { reason } => {
            format!("the event store does not answer ({reason}): start it, or correct --url")
        }
        LogError::Conflict { .. } | LogError::Damaged { .. } | LogError::Refused { .. } => fault.to_string(),
    }
}

impl SourceError {
    /// The position up to which the log is whole, and what is wrong behind it, when the fault is in the log itself.
    pub(crate) fn damage(&self, whole: u64) -> Option<(u64, String)> {
        match self {
            Self::Node(NodeError::Damaged { what, .. }) => Some((whole + 1, what.clone())),
            Self::Node(fault @ NodeError::Behind { head, .. }) => Some((head.unsigned_abs() + 1, fault.to_string())),
            Self::Node(
                fault @ (NodeError::MarkerMissing { .. } | NodeError::MarkerDamaged { .. } | NodeError::Empty { .. }),
            ) => Some((0, fault.to_string())),
            Self::Log(LogError::Damaged { reason }) => Some((whole + 1, reason.clone())),
            Self::Node(_) | Self::Log(_) | Self::Key(_) | Self::Seals(_) | Self::File { .. } => None,
        }
    }

    /// Whether reading on behind the damage may succeed.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self, Self::Node(NodeError::Damaged { .. }))
    }
}

/// A data folder.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    log: PathBuf,
}

impl Folder {
    /// The data folder of Letopis, or the `log` folder in it, or that of a node alone.
    pub fn new(path: &Path) -> Self {
        let within = path.join("log");
        if within.join("events.db").exists() {
            return Self {
                root: path.to_owned(),
                log: within,
            };
        }
        let is_log = path.file_name().is_some_and(|it| it == "log");
        let root = path.parent().filter(|_| is_log).unwrap_or(path);
        Self {
            root: root.to_owned(),
            log: path.to_owned(),
        }
    }

    /// Where the node's files lie.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The copy of the seals.
    pub fn seals(&self) -> SealFile {
        SealFile::new(self.root.join("seals.ndjson"))
    }

    /// All public keys that lie in the folder.
    ///
    /// # Errors
    /// A key that does not read.
    pub fn public_keys(&self) -> Result<Vec<PublicKey>, SourceError> {
        let folder = self.root.join("keys");
        let Ok(entries) = std::fs::read_dir(&folder) else {
            return Ok(Vec::new());
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| SourceError::File {
                path: folder.clone(),
                source,
            })?;
            files.push(entry.path());
        }
        files.sort();
        let is_public = |it: &&PathBuf| it.to_string_lossy().ends_with(".pub.pem");
        Ok(files
            .iter()
            .filter(is_public)
            .map(|it| PublicKey::load(it))
            .collect::<Result<_, _>>()?)
    }
}

/// A log to read.
#[derive(Debug)]
pub enum Source {
    /// In a folder.
    Folder(Folder),
    /// Behind a server, and the threads that speak to it.
    Server(EventLog, Runtime),
}

impl Source {
    /// The log behind a server.
    ///
    /// # Errors
    /// The URL does not read, or the system has no threads.
    pub fn server(url: &str) -> Result<Self, SourceError> {
        let runtime = threads()?;
        let entered = runtime.enter();
        let log = EventLog::new(url)?;
        drop(entered);
        Ok(Self::Server(log, runtime))
    }

    /// Whether positions have no gaps, and events of the store itself are read as well.
    pub fn is_dense(&self) -> bool {
        matches!(self, Self::Folder(_))
    }

    /// Position of the last event.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn head(&self) -> Result<u64, SourceError> {
        match self {
            Self::Folder(folder) => Ok(offline::scan(folder.log(), u64::MAX, &mut |_| ControlFlow::Break(()))?),
            Self::Server(log, runtime) => Ok(runtime.block_on(log.head())?.0),
        }
    }

    /// Whether the log reaches its acknowledged end; of a server nobody knows.
    ///
    /// # Errors
    /// [`SourceError`], when it does not.
    pub fn end(&self) -> Result<(), SourceError> {
        match self {
            Self::Folder(folder) => Ok(offline::end(folder.log())?),
            Self::Server(..) => Ok(()),
        }
    }

    /// All events behind `after`, in batches, until `each` breaks.
    ///
    /// # Errors
    /// [`SourceError`]; everything before was handed on.
    pub fn batches(&self, after: u64, each: &mut dyn FnMut(Batch) -> ControlFlow<()>) -> Result<(), SourceError> {
        match self {
            Self::Folder(folder) => from_folder(folder, after, each),
            Self::Server(log, runtime) => from_server(log, runtime, after, each),
        }
    }

    /// All events of one stream, oldest first; an empty batch when there is none.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn stream(&self, name: &str) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        match self {
            Self::Folder(folder) => offline::stream(folder.log(), name, &mut |event| {
                batch.push(&leaf(event), Arc::clone(&event.stream), Arc::clone(&event.event_type));
                ControlFlow::Continue(())
            })?,
            Self::Server(log, runtime) => {
                for raw in runtime.block_on(log.read_stream(name, 0))? {
                    batch.push(
                        &Leaf::from(&raw),
                        raw.stream.as_str().into(),
                        raw.event_type.as_str().into(),
                    );
                }
            }
        }
        Ok(batch)
    }
}

/// Threads that wait for servers and instants.
pub(crate) fn threads() -> Result<Runtime, SourceError> {
    Runtime::new().map_err(|source| SourceError::File {
        path: "threads".into(),
        source,
    })
}

fn leaf(event: &offline::StoredEvent) -> Leaf<'_> {
    Leaf {
        position: event.position,
        stream: &event.stream,
        revision: event.revision,
        id: event.id,
        event_type: &event.event_type,
        metadata: &event.metadata,
        payload: &event.data,
    }
}

fn from_folder(folder: &Folder, after: u64, each: &mut dyn FnMut(Batch) -> ControlFlow<()>) -> Result<(), SourceError> {
    let mut batch = Batch::default();
    let mut flow = ControlFlow::Continue(());
    let scanned = offline::scan(folder.log(), after + 1, &mut |event| {
        batch.push(&leaf(event), Arc::clone(&event.stream), Arc::clone(&event.event_type));
        if batch.len() >= BATCH_EVENTS || batch.size() >= BATCH_BYTES {
            flow = each(std::mem::take(&mut batch));
        }
        flow
    });
    if flow.is_continue() && !batch.is_empty() {
        // The end, or what lies before the damage; nothing is left to break off.
        let _last = each(batch);
    }
    scanned?;
    Ok(())
}

fn from_server(
    log: &EventLog,
    runtime: &Runtime,
    after: u64,
    each: &mut dyn FnMut(Batch) -> ControlFlow<()>,
) -> Result<(), SourceError> {
    let mut after = Position(after);
    loop {
        let page = runtime.block_on(log.read_unfiltered(after, PAGE))?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.position;
        let mut batch = Batch::default();
        for raw in &page {
            batch.push(
                &Leaf::from(raw),
                raw.stream.as_str().into(),
                raw.event_type.as_str().into(),
            );
        }
        if each(batch).is_break() {
            return Ok(());
        }
    }
}
