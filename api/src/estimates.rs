//! When a ticket will be resolved: from how long it took to resolve others of its category and priority.

use std::sync::Arc;

use anyhow::Result;
use chrono::TimeDelta;
use commands::{Estimated, Handler};
use domain::{
    actor::ActorKind,
    event::DomainEvent,
    ids::TicketId,
    ticket::{Estimate, EstimateBasis},
    values::Priority,
};
use event_store::Recorded;
use projections::resolution_estimate::{Group, history};
use sqlx::PgPool;

use crate::following::Duty;

/// Tickets that a group needs: with fewer, a coarser one is taken; with fewer in all, nothing is said.
const ENOUGH: i64 = 30;
/// Which quantile is promised, in hundredths: four of five are resolved by then.
const QUANTILE: u8 = 80;

/// Estimates anew when something has changed on which an estimate rests. Apart from the reception, which estimates what
/// is new: a change of very many tickets keeps no customer waiting.
pub(crate) struct Estimates {
    handler: Arc<Handler>,
    pool: PgPool,
}

impl Estimates {
    /// With the read models in `pool`.
    pub(crate) fn new(handler: Arc<Handler>, pool: PgPool) -> Self {
        Self { handler, pool }
    }
}

impl Duty for Estimates {
    const NAME: &'static str = "estimates";
    const TYPES: &'static [&'static str] = &["ticket.categorized", "ticket.prioritized", "ticket.reopened"];

    async fn take(&self, recorded: &Recorded<DomainEvent>) -> Result<()> {
        note(&self.handler, &self.pool, recorded).await
    }
}

/// Notes when a ticket will be resolved, because of what happened to it; of what was brought from elsewhere nothing is
/// promised, for it happened long ago.
pub(crate) async fn note(handler: &Handler, pool: &PgPool, event: &Recorded<DomainEvent>) -> Result<()> {
    if event.metadata.actor.kind == ActorKind::Import {
        return Ok(());
    }
    let ticket = TicketId(event.stream_id);
    let Some(wanted) = handler.to_estimate(ticket, event.position).await? else {
        return Ok(());
    };
    let group = history(pool, wanted.category.as_deref(), wanted.priority.as_str(), ENOUGH).await?;
    if let Some(group) = group {
        let estimate = estimate(&wanted, &group);
        handler.estimate(ticket, event.id, estimate).await?;
    }
    Ok(())
}

fn estimate(wanted: &Estimated, group: &Group) -> Estimate {
    let promised = TimeDelta::seconds(group.p80_s);
    let usual = wanted.since + promised;
    Estimate {
        // A ticket that has taken longer than others did begins anew: nobody promises the past.
        eta: if usual > wanted.at { usual } else { wanted.at + promised },
        p50_s: group.p50_s.unsigned_abs(),
        p90_s: group.p90_s.unsigned_abs(),
        basis_version: wanted.known_to.0,
        basis: Some(EstimateBasis {
            category_id: group.category_id.clone(),
            priority: group.priority.as_deref().and_then(Priority::parse),
            cases: group.cases.unsigned_abs(),
            quantile: QUANTILE,
            promised_s: group.p80_s.unsigned_abs(),
        }),
    }
}
