//! Tickets in the past, and what of theirs is read at once.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Result};
use domain::access::Place;
use projections::{
    TicketRow,
    resolution_estimate::{self, EstimateRow},
    ticket_decision::{self, Decision},
    ticket_history::{Happening, HistoryPage},
};
use uuid::Uuid;

use super::{moment::When, past::Past, stream::unfit};
use crate::graphql::{related, ticket::Ticket};

/// The past in which tickets are seen, and where they belong now, by which rights go.
#[derive(Debug, Clone)]
pub(in crate::graphql) struct Seen {
    pub(in crate::graphql) past: Arc<Past>,
    places: Arc<HashMap<Uuid, Place>>,
}

impl Seen {
    /// `now` are the tickets as they are.
    pub(in crate::graphql) fn of(past: Arc<Past>, now: &[TicketRow]) -> Self {
        let places = now.iter().map(|it| (it.ticket_id, it.place()));
        Self {
            past,
            places: Arc::new(places.collect()),
        }
    }

    pub(in crate::graphql) fn past(&self) -> Arc<Past> {
        Arc::clone(&self.past)
    }

    /// Where a ticket belongs now; nowhere when that is not known.
    pub(in crate::graphql) fn place(&self, row: &TicketRow) -> Place {
        self.places.get(&row.ticket_id).copied().unwrap_or_default()
    }
}

/// The past that is asked for of a ticket; `path` leads to the arguments that say so.
pub(in crate::graphql) async fn past_at(
    ctx: &Context<'_>,
    path: &[&str],
    ticket: Uuid,
    when: When,
) -> Result<Arc<Past>> {
    Ok(Arc::new(match when {
        When::Instant(at) => Past::at(at),
        When::Version(version) => Past::at_version(ctx, path, ticket, version).await?,
    }))
}

/// A ticket, which the caller may see as it is `now`, as it was; `None` when it did not exist.
pub(in crate::graphql) async fn past_of(ctx: &Context<'_>, now: TicketRow, when: When) -> Result<Option<Ticket>> {
    let past = past_at(ctx, &[], now.ticket_id, when).await?;
    shown(ctx, &past, now).await
}

/// The same in a past that is known.
pub(super) async fn shown(ctx: &Context<'_>, past: &Arc<Past>, now: TicketRow) -> Result<Option<Ticket>> {
    let told = past.ticket(ctx, now.ticket_id).await?;
    let Some(row) = told.row.clone() else {
        return Ok(None);
    };
    let seen = Seen::of(Arc::clone(past), &[now]);
    Ok(related::together(vec![row], Some(seen)).pop())
}

/// The choices of categories and priorities that had been made by then, each ticket's in their order.
pub(in crate::graphql) async fn decisions(ctx: &Context<'_>, past: &Past, tickets: &[Uuid]) -> Result<Vec<Decision>> {
    let mut all = Vec::new();
    for id in tickets {
        all.extend(ticket_decision::from_events(&past.ticket(ctx, *id).await?.events));
    }
    Ok(all)
}

/// What was known by then of when they would be resolved.
pub(in crate::graphql) async fn estimates(
    ctx: &Context<'_>,
    past: &Past,
    tickets: &[Uuid],
) -> Result<HashMap<Uuid, EstimateRow>> {
    let mut all = HashMap::with_capacity(tickets.len());
    for id in tickets {
        let row = resolution_estimate::from_events(&past.ticket(ctx, *id).await?.events);
        all.extend(row.map_err(|it| unfit(ctx, &it))?.map(|it| (*id, it)));
    }
    Ok(all)
}

/// A part of what had happened to them by then, each ticket's happenings the oldest first.
pub(in crate::graphql) async fn histories(
    ctx: &Context<'_>,
    past: &Past,
    tickets: &[Uuid],
    page: HistoryPage,
) -> Result<HashMap<Uuid, Vec<Happening>>> {
    let limit = usize::try_from(page.limit).unwrap_or_default();
    let mut all = HashMap::with_capacity(tickets.len());
    for id in tickets {
        let mut told = past.happenings(ctx, *id).await?;
        told.retain(|it| it.ticket.version > page.after && it.ticket.version < page.before);
        let over = told.len().saturating_sub(limit);
        if page.from_end {
            told.drain(..over);
        } else {
            told.truncate(limit);
        }
        all.insert(*id, told);
    }
    Ok(all)
}
