//! What people decided about parked events, carried out where the decision stands in the log.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::read_model::ReadModelEvent;
use event_store::{Position, Raw};
use sqlx::{Connection, Executor, PgConnection};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::{Fault, Lost, Patience, Refused, Step, Unit, checkpoint, connected, parked, write};
use crate::{
    Projection,
    batch::{Fact, facts},
    late,
    lease::Key,
};

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
            let refused = match self.release(wanted, at).await {
                Ok(()) => return Ok(true),
                Err(refused) => refused,
            };
            if let Refused::Fault(Fault::Passing(reason) | Fault::Poison(_, reason)) = refused {
                self.pulse.fault(&reason);
                warn!(
                    model = self.model.name,
                    reason, "parked events are not taken; trying again"
                );
            }
            self.look_again(&mut patience, stop).await?;
            if stop.is_cancelled() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One transaction: what can be applied now, and the checkpoint behind the decision.
    async fn release(&mut self, wanted: Option<Uuid>, at: Position) -> Result<(), Refused> {
        let (model, lease, place) = (self.model, self.lease, self.place.clone());
        let waiting = parked::of(lease.key, wanted, connected(&mut self.connection)?).await?;
        let facts = self.read(waiting).await?;
        let mut tx = connected(&mut self.connection)?.begin().await?;
        let step = Step { to: at, events: 0 };
        if !checkpoint::advance(&model, lease, &place, step, &mut tx).await? {
            return Err(Refused::Moved);
        }
        let tried = try_all(self.projection.as_ref(), &facts, &self.skips, lease.key, &mut tx).await?;
        if place.serving {
            late::note(lease.key.generation, &tried.shown, at, &mut tx).await?;
        }
        tx.commit().await?;
        self.place.position = at;
        let mut freed: HashSet<Uuid> = facts.iter().map(Fact::stream_id).collect();
        freed.retain(|it| !tried.still.contains(it));
        self.held.retain(|it| !freed.contains(it));
        info!(
            model = model.name,
            freed = freed.len(),
            held = tried.still.len(),
            "parked streams were tried again"
        );
        Ok(())
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
        for (stream, revision) in first {
            let events = self.means.log.read_stream(&stream, revision).await?;
            raws.extend(events.into_iter().filter(|it| wanted.contains(&it.position)));
        }
        raws.sort_by_key(|it| it.position);
        Ok(facts(&raws, &self.means.vault).await?)
    }
}

/// What became of events that waited.
#[derive(Default)]
struct Tried {
    /// They show now.
    shown: Vec<Position>,
    /// Streams that wait on.
    still: HashSet<Uuid>,
}

/// Applies what can be applied, stream by stream as far as it goes; what is to be left out is left out.
async fn try_all(
    projection: &dyn Projection,
    facts: &[Fact],
    skips: &HashSet<u64>,
    key: Key,
    tx: &mut PgConnection,
) -> Result<Tried, Refused> {
    let mut tried = Tried::default();
    for fact in facts {
        let (position, stream_id) = (fact.position(), fact.stream_id());
        if skips.contains(&position.0) {
            parked::free(key, position, tx).await?;
        } else if tried.still.contains(&stream_id) {
            // It waits behind one that still cannot be applied.
        } else if let Some(reason) = try_one(projection, fact, tx).await? {
            parked::park(key, &[(fact, Some(&reason))], tx).await?;
            tried.still.insert(stream_id);
        } else {
            parked::free(key, position, tx).await?;
            tried.shown.push(position);
        }
    }
    Ok(tried)
}

/// Applies one event; tells why it cannot be.
async fn try_one(projection: &dyn Projection, fact: &Fact, tx: &mut PgConnection) -> Result<Option<String>, Refused> {
    let event = match fact {
        Fact::Event(event) => Arc::clone(event),
        Fact::Unreadable(_) => return Ok(fact.complaint().map(str::to_owned)),
    };
    tx.execute("SAVEPOINT parked").await?;
    match write(projection, &[event], tx).await {
        Ok(()) => {
            tx.execute("RELEASE SAVEPOINT parked").await?;
            Ok(None)
        }
        Err(Refused::Fault(Fault::Poison(_, reason))) => {
            projection.forget();
            tx.execute("ROLLBACK TO SAVEPOINT parked").await?;
            Ok(Some(reason))
        }
        Err(refused) => Err(refused),
    }
}
