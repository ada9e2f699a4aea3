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
};

impl Unit {
    /// Applies what waits, as far as that goes now, and moves on behind the decision.
    pub(super) async fn decide(
        &mut self,
        decision: &ReadModelEvent,
        at: Position,
        stop: &CancellationToken,
    ) -> Result<(), Lost> {
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
                Ok(()) => return Ok(()),
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
                return Ok(());
            }
        }
        Ok(())
    }

    async fn release(&mut self, wanted: Option<Uuid>, at: Position) -> Result<(), Refused> {
        let (model, lease, place) = (self.model, self.lease, self.place.clone());
        let waiting = parked::of(lease.key, wanted, connected(&mut self.connection)?).await?;
        let facts = self.read(waiting).await?;
        let mut tx = connected(&mut self.connection)?.begin().await?;
        let step = Step { to: at, events: 0 };
        if !checkpoint::advance(&model, lease, &place, step, &mut tx).await? {
            return Err(Refused::Moved);
        }
        let mut still = HashMap::new();
        let mut shown = Vec::new();
        for fact in &facts {
            let skipped = self.skips.contains(&fact.position().0);
            if still.contains_key(&fact.stream_id()) && !skipped {
                continue;
            }
            let complaint = if skipped {
                None
            } else {
                try_one(self.projection.as_ref(), fact, &mut tx).await?
            };
            if let Some(reason) = complaint {
                parked::park(lease.key, &[(fact, Some(&reason))], &mut tx).await?;
                still.insert(fact.stream_id(), reason);
            } else {
                parked::free(lease.key, fact.position(), &mut tx).await?;
                shown.push(fact.position());
            }
        }
        if place.serving {
            late::note(lease.key.generation, &shown, at, &mut tx).await?;
        }
        tx.commit().await?;
        self.place.position = at;
        let freed: HashSet<Uuid> = facts
            .iter()
            .map(Fact::stream_id)
            .filter(|it| !still.contains_key(it))
            .collect();
        self.held.retain(|it| !freed.contains(it));
        info!(
            model = model.name,
            freed = freed.len(),
            held = still.len(),
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
