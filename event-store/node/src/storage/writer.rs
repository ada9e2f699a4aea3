//! The one thread that changes the log.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::acknowledged::{self, Marker};
use super::log::{Appended, Log};
use super::{Append, schema};
use crate::NodeError;
use crate::health::Health;

const BATCH: usize = 256;
/// Together with the limit of one append this bounds the write-ahead log of one commit.
const BATCH_BYTES: usize = 16 << 20;

pub(crate) enum Job {
    Append {
        append: Append,
        reply: oneshot::Sender<Appended>,
    },
    Stop,
}

type Batch = Vec<(Append, oneshot::Sender<Appended>)>;

/// Group commit: whatever waits is checked and inserted in one transaction, made durable by one sync, published,
/// and only then answered.
pub(crate) struct Writer {
    log: Log,
    marker: Marker,
    path: Arc<Path>,
    head: watch::Sender<i64>,
    health: Health,
    /// Freed with the thread: nobody else may write before.
    _lock: File,
}

impl Writer {
    pub(crate) fn new(
        log: Log,
        marker: Marker,
        path: Arc<Path>,
        head: watch::Sender<i64>,
        health: Health,
        lock: File,
    ) -> Self {
        Self {
            log,
            marker,
            path,
            head,
            health,
            _lock: lock,
        }
    }

    /// The fault is known before the batch and the queue are dropped, which is how everyone waiting learns that
    /// there will be no answer.
    pub(crate) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        let ended = self.serve(&mut queue, &mut batch).and_then(|()| {
            let moved = self.log.checkpoint();
            moved.map_err(|error| schema::write_fault(&self.path, &error))
        });
        if let Err(fault) = ended {
            self.health.report(fault);
        }
    }

    fn serve(&mut self, queue: &mut mpsc::Receiver<Job>, batch: &mut Batch) -> Result<(), NodeError> {
        while let Some(job) = queue.blocking_recv() {
            let mut bytes = 0;
            let mut next = Some(job);
            while let Some(job) = next {
                match job {
                    Job::Append { append, reply } => {
                        bytes += append
                            .events
                            .iter()
                            .map(|event| event.data.len() + event.meta.len())
                            .sum::<usize>();
                        batch.push((append, reply));
                    }
                    // What is already queued is still taken; `recv` then ends.
                    Job::Stop => queue.close(),
                }
                next = (batch.len() < BATCH && bytes < BATCH_BYTES)
                    .then(|| queue.try_recv().ok())
                    .flatten();
            }
            self.commit(batch)?;
        }
        Ok(())
    }

    fn commit(&mut self, batch: &mut Batch) -> Result<(), NodeError> {
        if batch.is_empty() {
            return Ok(());
        }
        let before = self.log.head();
        let answers = self
            .durably(batch)
            .map_err(|error| schema::write_fault(&self.path, &error))?;
        let head = self.log.head();
        if head > before {
            self.acknowledge(head)?;
            self.head.send_replace(head);
        }
        for ((_, reply), answer) in batch.drain(..).zip(answers) {
            // The caller may have given up; the append stands.
            reply.send(answer).ok();
        }
        Ok(())
    }

    fn durably(&mut self, batch: &Batch) -> rusqlite::Result<Vec<Appended>> {
        self.log.begin()?;
        let answers: rusqlite::Result<Vec<Appended>> =
            batch.iter().map(|(append, _)| self.log.append(append)).collect();
        let answers = answers?;
        self.log.commit()?;
        Ok(answers)
    }

    /// After the log is durable and before anybody hears of it: the position is never ahead of the log, and no answer
    /// is ahead of the position.
    fn acknowledge(&self, head: i64) -> Result<(), NodeError> {
        self.marker.write(head).map_err(|error| {
            let directory = self.path.parent().unwrap_or(&self.path);
            schema::cannot_write(acknowledged::file(directory).display().to_string(), &error)
        })
    }
}
