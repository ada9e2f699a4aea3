//! The disk alone: one file that is appended to and synced.

use std::{
    fs::File,
    io::Write,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::sync::{mpsc, oneshot};

use crate::load::{Client, Figures, drive, per_second};

/// Bytes of one event with its metadata.
const EVENT: [u8; 700] = [b'x'; 700];
/// Appends in one sync at most, as in the node.
const BATCH: usize = 256;

/// Appends a second when each is synced for itself.
pub(crate) async fn fdatasync(window: Duration) -> Result<f64> {
    tokio::task::spawn_blocking(move || {
        let mut file = tempfile::tempfile()?;
        let start = Instant::now();
        let mut count = 0;
        while start.elapsed() < window {
            append(&mut file, 1)?;
            count += 1;
        }
        Ok(per_second(count, start.elapsed()))
    })
    .await?
}

fn append(file: &mut File, events: usize) -> Result<()> {
    file.write_all(&EVENT.repeat(events))?;
    Ok(file.sync_data()?)
}

/// Appends a second when those that wait at the same time share a sync.
pub(crate) async fn group_commit(writers: usize, window: Duration) -> Result<Figures> {
    let (sender, receiver) = mpsc::channel(BATCH);
    let writing = tokio::task::spawn_blocking(move || commit(receiver));
    let clients = (0..writers).map(|_| Writer(sender.clone()));
    let figures = drive(clients, window).await?;
    drop(sender);
    writing.await??;
    Ok(figures)
}

/// Waits for one append, takes all others that wait too, syncs once, answers all.
fn commit(mut waiting: mpsc::Receiver<oneshot::Sender<()>>) -> Result<()> {
    let mut file = tempfile::tempfile()?;
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        append(&mut file, batch.len())?;
        for reply in batch {
            // A client whose time is over does not wait.
            reply.send(()).ok();
        }
    }
    Ok(())
}

struct Writer(mpsc::Sender<oneshot::Sender<()>>);

impl Client for Writer {
    async fn step(&mut self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.0.send(reply).await.context("the writer has ended")?;
        answer.await.context("the writer has ended")
    }
}
