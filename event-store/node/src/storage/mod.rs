//! The durable log: one SQLite file, one writer thread, a few readers, a background check.
//!
//! Nothing is ever removed: truncation, deletion and tombstones hide events from reads of their stream, links and
//! subscriptions to it. `$all` shows every event there ever was, those of deleted and truncated streams, `$metadata`
//! and `$streamDeleted` included. There is no scavenging.

pub(crate) mod acknowledged;
mod append;
pub(crate) mod check;
pub(crate) mod checksum;
mod delete;
mod filter;
mod generations;
pub(crate) mod log;
mod lookup;
mod metadata;
mod reader;
mod readers;
pub(crate) mod restore;
pub(crate) mod schema;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

pub(crate) use filter::{Field, Filter, GaveUp, Pattern, Rule};
pub(crate) use log::{Appended, Expected, NewEvent};
pub(crate) use lookup::{Found, Target};
pub(crate) use metadata::METASTREAM_PREFIX;
pub(crate) use reader::{Direction, Page, Query, Recorded, Scope, Span};
use readers::Readers;
use writer::{Job, Writer};

use crate::NodeError;
use crate::health::Health;

/// Appends waiting for the writer; more senders wait in line without taking memory here.
const QUEUE: usize = 1024;

/// The running store, shared by all calls.
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
    head: watch::Receiver<i64>,
    readers: Readers,
    health: Health,
}

/// What has to be waited for at the end.
pub(crate) struct Threads {
    writer: JoinHandle<()>,
    verifier: JoinHandle<()>,
    /// Dropping it ends the verifier.
    verifier_stop: std::sync::mpsc::Sender<()>,
}

/// One append on its way to the writer.
#[derive(Clone, Debug)]
pub(crate) struct Append {
    pub(crate) stream: Arc<str>,
    pub(crate) expected: Expected,
    pub(crate) events: Vec<NewEvent>,
}

/// A deletion on its way to the writer.
#[derive(Clone, Debug)]
pub(crate) struct Delete {
    pub(crate) stream: Arc<str>,
    pub(crate) expected: Expected,
    pub(crate) kind: Deletion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// The stream may begin anew, after its old revisions.
    Soft,
    /// The name can never be used again.
    Tombstone,
}

/// A change that the writer has taken; dropping this does not stop it.
pub(crate) struct Pending(oneshot::Receiver<Appended>);

impl Store {
    /// Opens `directory` and starts the threads. Blocks on the disk.
    pub(crate) fn open(directory: &Path, health: Health) -> Result<(Arc<Self>, Threads), NodeError> {
        let lock = schema::lock(directory)?;
        let path: Arc<Path> = data_file(directory).into();
        let (log, marker, rest) = schema::open_log(directory)?;
        let end = log.head();
        let (publish, head) = watch::channel(end);
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (verifier_stop, stopped) = std::sync::mpsc::channel();
        let writer = Writer::new(log, marker, Arc::clone(&path), publish, health.clone(), lock);
        let threads = Threads {
            writer: spawn(&path, "event-log-writer", move || writer.run(queue))?,
            verifier: verify::start(&path, rest, health.clone(), stopped)?,
            verifier_stop,
        };
        let readers = Readers::new(path, health.clone());
        Ok((
            Arc::new(Self {
                jobs,
                head,
                readers,
                health,
            }),
            threads,
        ))
    }

    /// Durable when it answers.
    pub(crate) async fn append(&self, append: Append) -> Result<Appended, NodeError> {
        let pending = self.submit(append).await?;
        self.outcome(pending).await
    }

    /// Appends are carried out in the order in which they are submitted.
    pub(crate) async fn submit(&self, append: Append) -> Result<Pending, NodeError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Append { append, reply }).await?;
        Ok(Pending(answer))
    }

    pub(crate) async fn outcome(&self, pending: Pending) -> Result<Appended, NodeError> {
        pending.0.await.map_err(|_closed| self.writer_ended())
    }

    /// Durable when it answers.
    pub(crate) async fn delete(&self, delete: Delete) -> Result<Appended, NodeError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Delete { delete, reply }).await?;
        self.outcome(Pending(answer)).await
    }

    /// Fails, as waiting for the answer does, only when the writer has ended; the reason is then known to `health`.
    async fn send(&self, job: Job) -> Result<(), NodeError> {
        self.jobs.send(job).await.map_err(|_ended| self.writer_ended())
    }

    /// Pending while the writer works.
    pub(crate) async fn ended(&self) -> NodeError {
        self.jobs.closed().await;
        self.writer_ended()
    }

    fn writer_ended(&self) -> NodeError {
        self.health.fault().unwrap_or_else(|| NodeError::Ended {
            part: "writer",
            path: self.readers.path().display().to_string(),
            reason: "the node is stopping".to_owned(),
        })
    }

    /// Position of the last durable event, 0 when there is none, and news of it.
    pub(crate) fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }

    /// One page of a read; the rest of the span comes back in the page.
    pub(crate) async fn page(&self, query: Query) -> Result<Page, NodeError> {
        self.readers.run(move |reader| reader.page(&query)).await
    }

    /// What of a stream is shown now.
    pub(crate) async fn stream(&self, name: Arc<str>) -> Result<Found, NodeError> {
        self.readers.run(move |reader| reader.stream(&name)).await
    }

    /// Lets the writer finish what it has taken; later appends are refused.
    pub(crate) fn ask_writer_to_stop(&self) -> impl Future<Output = ()> + use<> {
        let jobs = self.jobs.clone();
        async move {
            // An error means that the writer has already ended.
            jobs.send(Job::Stop).await.ok();
        }
    }
}

impl Threads {
    /// Waits for both threads. Blocks.
    pub(crate) fn join(self) -> Result<(), &'static str> {
        drop(self.verifier_stop);
        self.verifier.join().map_err(|_panic| "verifier")?;
        self.writer.join().map_err(|_panic| "writer")
    }
}

/// Where the events of a data directory lie.
pub(crate) fn data_file(directory: &Path) -> PathBuf {
    directory.join("events.db")
}

/// Version 5 ids need no randomness; the node makes few of its own.
pub(crate) fn derived_id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
}

fn spawn(path: &Path, name: &'static str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, NodeError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| NodeError::Ended {
            part: name,
            path: path.display().to_string(),
            reason: error.to_string(),
        })
}
