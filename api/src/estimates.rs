//! When a ticket will be resolved: from how long it took to resolve others of its category and priority.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use chrono::TimeDelta;
use commands::{Estimated, Handler};
use domain::{
    ids::TicketId,
    ticket::{Estimate, EstimateBasis},
    values::Priority,
};
use event_store::Recorded;
use projections::resolution_estimate::{Group, groups};
use sqlx::PgPool;
use tokio::time::Instant;

/// Tickets that a group needs: with fewer, a coarser one is taken; with fewer in all, nothing is said.
const ENOUGH: i64 = 30;
/// Which quantile is promised, in hundredths: four of five are resolved by then.
const QUANTILE: u8 = 80;
/// For how long the times of a long history are remembered.
const REMEMBERED: Duration = Duration::from_secs(600);
/// A history that is worked out anew each time, for that takes milliseconds.
const SHORT: i64 = 5000;

type Known = HashMap<(Option<String>, Priority), (Instant, Vec<Group>)>;

/// Works estimates out.
#[derive(Debug, Default)]
pub(crate) struct Estimates(Mutex<Known>);

impl Estimates {
    /// Notes when a ticket will be resolved, because of what happened to it.
    pub(crate) async fn note<E>(&self, handler: &Handler, pool: &PgPool, event: &Recorded<E>) -> Result<()> {
        let ticket = TicketId(event.stream_id);
        let Some(wanted) = handler.to_estimate(ticket).await? else {
            return Ok(());
        };
        let found = self.groups(pool, &wanted).await?;
        let Some(group) = found.iter().find(|it| it.cases >= ENOUGH) else {
            return Ok(());
        };
        handler
            .estimate(ticket, event.id, estimate(&wanted, group, event.position.0))
            .await?;
        Ok(())
    }

    /// From the finest to the coarsest.
    async fn groups(&self, pool: &PgPool, wanted: &Estimated) -> Result<Vec<Group>> {
        let key = (wanted.category.clone(), wanted.priority);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((at, found)) = known
            && at.elapsed() < REMEMBERED
            && found.last().is_some_and(|it| it.cases > SHORT)
        {
            return Ok(found);
        }
        let found = groups(pool, wanted.category.as_deref(), wanted.priority.as_str()).await?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, (Instant::now(), found.clone()));
        Ok(found)
    }
}

fn estimate(wanted: &Estimated, group: &Group, position: u64) -> Estimate {
    Estimate {
        eta: wanted.opened_at + TimeDelta::seconds(group.p80_s),
        p50_s: group.p50_s.unsigned_abs(),
        p90_s: group.p90_s.unsigned_abs(),
        basis_version: position,
        basis: Some(EstimateBasis {
            category_id: group.category_id.clone(),
            priority: group.priority.as_deref().and_then(Priority::parse),
            cases: group.cases.unsigned_abs(),
            quantile: QUANTILE,
            promised_s: group.p80_s.unsigned_abs(),
        }),
    }
}
