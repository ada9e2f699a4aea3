//! One subscription for several units that stand close together: each event is read, decoded and opened once.

use std::sync::Arc;

use event_store::{Position, Subscription};
use futures_util::{
    Stream, StreamExt,
    future::{join, join_all},
    stream::unfold,
};
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinHandle},
};
use tokio_util::sync::CancellationToken;

use crate::{
    ProjectError,
    batch::{Batch, understand},
    lease::Key,
    pulse::Pulse,
    unit::{Means, Unit},
};

/// Events decoded together.
const CHUNK: usize = 1000;
/// Chunks decoded at the same time; they are taken in their order all the same.
const DECODERS: usize = 3;
/// Batches that may wait for a unit; the log is read no faster than the slowest can follow.
const AHEAD: usize = 8;
/// Decisions about read models concern every lane.
const DECISIONS: &str = "read_model.";

/// Units on their way together.
pub(crate) struct Lane {
    pub(crate) keys: Vec<Key>,
    pub(crate) pulses: Vec<(Key, Arc<Pulse>)>,
    stop: CancellationToken,
    task: JoinHandle<Ended>,
}

/// What is left of a lane.
pub(crate) struct Ended {
    /// Units whose leases are still held.
    pub(crate) units: Vec<Unit>,
    /// Those that others hold.
    pub(crate) lost: Vec<Key>,
    /// Why nothing more can be read.
    pub(crate) error: Option<ProjectError>,
}

impl Lane {
    /// Begins where the unit stands that has come least far.
    pub(crate) fn start(units: Vec<Unit>, means: Means) -> Self {
        let stop = CancellationToken::new();
        Self {
            keys: units.iter().map(|it| it.lease.key).collect(),
            pulses: units.iter().map(|it| (it.lease.key, Arc::clone(&it.pulse))).collect(),
            stop: stop.clone(),
            task: tokio::spawn(run(units, means, stop)),
        }
    }

    /// Some of its units cannot move, and hold up those that could.
    pub(crate) fn is_held_up(&self) -> bool {
        let faulty = self.pulses.iter().filter(|(_, pulse)| pulse.is_faulty()).count();
        0 < faulty && faulty < self.pulses.len()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Ends it when the batches under way are through.
    pub(crate) async fn end(self) -> Result<Ended, JoinError> {
        self.stop.cancel();
        self.task.await
    }
}

async fn run(units: Vec<Unit>, means: Means, stop: CancellationToken) -> Ended {
    let start = units.iter().map(|it| it.place.position).min().unwrap_or_default();
    let batches = batches(&units, start, means);
    let (mut queues, mut followed) = (Vec::new(), Vec::new());
    for mut unit in units {
        let (queue, taken) = mpsc::channel(AHEAD);
        queues.push(queue);
        let stop = stop.clone();
        // A task each: rows are encoded on one core while another reads.
        followed.push(tokio::spawn(async move {
            let kept = unit.follow(taken, &stop).await.is_ok();
            (unit, kept)
        }));
    }
    let reading = async {
        let read = stop.run_until_cancelled(distribute(batches, queues)).await;
        stop.cancel();
        read.and_then(Result::err)
    };
    let (error, units) = join(reading, join_all(followed)).await;
    let (kept, lost): (Vec<_>, Vec<_>) = units.into_iter().flatten().partition(|(_, kept)| *kept);
    Ended {
        units: kept.into_iter().map(|(unit, _)| unit).collect(),
        lost: lost.into_iter().map(|(unit, _)| unit.lease.key).collect(),
        error,
    }
}

/// The log from here on, understood chunk by chunk.
fn batches(units: &[Unit], start: Position, means: Means) -> impl Stream<Item = Result<Batch, ProjectError>> + use<> {
    let mut types: Vec<&str> = units.iter().flat_map(|it| it.model.types).copied().collect();
    types.push(DECISIONS);
    types.sort_unstable();
    types.dedup();
    let subscription = Subscription::start(&means.log, start, &types);
    let deliveries = unfold(subscription, async |mut subscription| {
        Some((subscription.next_batch(CHUNK).await, subscription))
    });
    let vault = means.vault;
    deliveries
        .map(move |delivered| {
            let vault = vault.clone();
            async move { tokio::spawn(understand(delivered?, vault)).await? }
        })
        .buffered(DECODERS)
}

/// Hands each batch to every unit; ends when the log does, or nobody is left to read for.
async fn distribute(
    batches: impl Stream<Item = Result<Batch, ProjectError>>,
    queues: Vec<mpsc::Sender<Arc<Batch>>>,
) -> Result<(), ProjectError> {
    let mut batches = std::pin::pin!(batches);
    while let Some(batch) = batches.next().await {
        let batch = Arc::new(batch?);
        let mut heard = false;
        for queue in &queues {
            heard |= queue.send(Arc::clone(&batch)).await.is_ok();
        }
        if !heard {
            return Ok(());
        }
    }
    Ok(())
}
