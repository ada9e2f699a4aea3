//! What people decided about parked events, carried out where the decision stands in the log.

use std::collections::{HashMap, HashSet};

use domain::read_model::ReadModelEvent;
use event_store::{Position, Raw};
use futures_util::{StreamExt, TryStreamExt, stream};
use sqlx::Connection;
use tokio_util::sync::CancellationToken;
use tracing::info;
use uuid::Uuid;

use super::{Lost, Patience, Refused, Step, Unit, checkpoint, connected, parked, sift};
use crate::{
    batch::{Fact, facts},
    late,
};

/// Streams tried again in one transaction: what is read for it must fit into memory, and others wait for it.
const STREAMS: usize = 200;
/// Streams read from the log at a time.
const READERS: usize = 8;

impl Unit {
    /// Applies what waits, as far as that goes now, and moves on behind the decision; `false` when it is told to stop
    /// before.
    pub(super) async fn decide(
        &mut self,
        decision: &ReadModelEvent,
        at: Position,
        stop: &CancellationToken,
    ) -> Result<bool, Lost> {
        let wanted = match decision {
            ReadModelEvent::ParkedRetried { stream_id, .. } => *stream_id,
            ReadModelEvent::EventSkipped {
                position, stream_id, ..
            } => {
                self.skips.insert(*position);
                Some(*stream_id)
            }
        };
        let mut patience = Patience::default();
        while self.place.position < at {
            match self.release(wanted, at, stop).await {
                Ok(carried_out) => {
                    self.pulse.well();
                    return Ok(carried_out);
                }
                Err(refused) => self.complain(&refused, "parked events are not taken; trying again"),
            }
            self.look_again(&mut patience, stop).await?;
            if stop.is_cancelled() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Some streams in each transaction, and the checkpoint behind the decision in the last; `false` when it is told to
    /// stop before. Broken off and begun again, it finds what still waits.
    async fn release(&mut self, wanted: Option<Uuid>, at: Position, stop: &CancellationToken) -> Result<bool, Refused> {
        let (mut freed, mut after) = (0, None);
        loop {
            let streams = match wanted {
                Some(one) => vec![one],
                None => parked::next_streams(self.lease.key, after, STREAMS, connected(&mut self.connection)?).await?,
            };
            let is_last = wanted.is_some() || streams.len() < STREAMS;
            let to = if is_last { at } else { self.place.position };
            freed += self.free(&streams, at, to).await?;
            if is_last {
                break;
            }
            if stop.is_cancelled() {
                return Ok(false);
            }
            after = streams.last().copied();
        }
        let held = self.held.len();
        info!(model = self.model.name, freed, held, "parked streams were tried again");
        Ok(true)
    }

    /// One transaction: what can be applied of these streams now, and the checkpoint at `to`. Tells how many are free.
    async fn free(&mut self, streams: &[Uuid], at: Position, to: Position) -> Result<usize, Refused> {
        let (model, lease, place) = (self.model, self.lease, self.place.clone());
        let waiting = parked::of(lease.key, streams, connected(&mut self.connection)?).await?;
        let facts = self.read(waiting).await?;
        let known: HashSet<Uuid> = facts.iter().map(Fact::stream_id).collect();
        let (left_out, tried): (Vec<_>, Vec<_>) =
            facts.into_iter().partition(|it| self.skips.contains(&it.position().0));
        let mut tx = connected(&mut self.connection)?.begin().await?;
        let step = Step { to, events: 0 };
        if !checkpoint::advance(&model, lease, &place, step, &mut tx).await? {
            return Err(Refused::Moved);
        }
        let mut sorted = sift(self.projection.as_ref(), &tried, &HashSet::new(), &mut tx).await?;
        let still: HashSet<Uuid> = sorted.park.iter().map(|(fact, _)| fact.stream_id()).collect();
        // Those that only wait are known.
        sorted.park.retain(|(_, reason)| reason.is_some());
        parked::park(lease.key, &sorted.park, &mut tx).await?;
        let shown: Vec<Position> = sorted.apply.iter().map(|it| it.position).collect();
        let left_out = left_out.iter().map(Fact::position);
        parked::free(lease.key, shown.iter().copied().chain(left_out), &mut tx).await?;
        if place.serving {
            late::note(lease.key.generation, &shown, at, &mut tx).await?;
        }
        tx.commit().await?;
        self.place.position = to;
        let free = known.iter().filter(|it| !still.contains(*it) && self.held.remove(*it));
        Ok(free.count())
    }

    /// The events that wait, from the log, in its order.
    async fn read(&self, waiting: Vec<(String, u64, Position)>) -> Result<Vec<Fact>, Refused> {
        let mut first: HashMap<String, u64> = HashMap::new();
        let mut wanted = HashSet::new();
        for (stream, revision, position) in waiting {
            let least = first.entry(stream).or_insert(revision);
            *least = revision.min(*least);
            wanted.insert(position);
        }
        let mut raws: Vec<Raw> = Vec::with_capacity(wanted.len());
        let log = &self.means.log;
        let reading = first
            .into_iter()
            .map(|(stream, revision)| async move { log.read_stream(&stream, revision).await });
        let mut reading = stream::iter(reading).buffer_unordered(READERS);
        while let Some(events) = reading.try_next().await? {
            raws.extend(events.into_iter().filter(|it| wanted.contains(&it.position)));
        }
        drop(reading);
        raws.sort_by_key(|it| it.position);
        Ok(facts(&raws, &self.means.vault).await?)
    }
}
