//! What tickets have to do with each other, read for all tickets of an answer at once: four statements, however many.

use std::collections::HashMap;

use async_graphql::{Context, ID, Result, SimpleObject};
use domain::ticket::Relation;
use projections::ticket_list;
use uuid::Uuid;

use super::words::Kinship;
use crate::graphql::{
    ids::{self, Kind},
    parts, postgres, related,
    sight::sight,
    ticket::Ticket,
};

/// What a ticket has to do with another.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct TicketLink {
    /// What the ticket is to the other.
    relation: Kinship,
    /// Id of the other ticket.
    other_id: ID,
    /// The other ticket; null when you may not see it.
    other: Option<Ticket>,
}

/// The tickets that some tickets have to do with.
#[derive(Debug)]
pub(in crate::graphql) struct Neighbours {
    links: Vec<(Uuid, Kinship, Uuid)>,
    survivors: HashMap<Uuid, Uuid>,
    merged: Vec<(Uuid, Uuid)>,
    /// Those of them that the caller may see.
    tickets: HashMap<Uuid, Ticket>,
}

impl Neighbours {
    /// Of tickets with these ids; `origins` are wanted as well.
    pub(in crate::graphql) async fn read(ctx: &Context<'_>, of: &[Uuid], origins: &[Uuid]) -> Result<Self> {
        let pool = &parts(ctx)?.pool;
        let fault = |it: sqlx::Error| postgres(ctx, &it);
        let kept = ticket_list::links(pool, of).await.map_err(fault)?;
        let survivors = ticket_list::survivors(pool, of).await.map_err(fault)?;
        let merged = ticket_list::merged(pool, of).await.map_err(fault)?;
        let found = Self::of(of, kept, survivors, merged);
        let wanted = found.wanted(origins);
        let mut rows = Vec::new();
        if let (false, Ok(seen)) = (wanted.is_empty(), sight(ctx)) {
            rows = ticket_list::by_ids(pool, &wanted).await.map_err(fault)?;
            rows.retain(|it| seen.holds(it));
        }
        Ok(found.with(related::together(rows, None)))
    }

    /// What these tickets have to do with others: links in their order, the last ticket of each chain of merges, and what
    /// was merged into each.
    pub(in crate::graphql) fn of(
        of: &[Uuid],
        kept: Vec<ticket_list::Link>,
        survivors: Vec<(Uuid, Uuid)>,
        merged: Vec<(Uuid, Uuid)>,
    ) -> Self {
        let mut links = Vec::new();
        for (ticket, other, relation) in kept {
            let Some(relation) = Relation::parse(&relation) else {
                continue;
            };
            for (this, that, from_other) in [(ticket, other, false), (other, ticket, true)] {
                if of.contains(&this) {
                    links.push((this, Kinship::seen(relation, from_other), that));
                }
            }
        }
        Self {
            links,
            survivors: survivors.into_iter().collect(),
            merged,
            tickets: HashMap::new(),
        }
    }

    /// The tickets that are to be shown, `origins` among them.
    pub(in crate::graphql) fn wanted(&self, origins: &[Uuid]) -> Vec<Uuid> {
        let mut wanted: Vec<Uuid> = origins.to_vec();
        wanted.extend(self.links.iter().map(|it| it.2));
        wanted.extend(self.survivors.values());
        wanted.extend(self.merged.iter().map(|it| it.1));
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// The same with those of them that the caller may see.
    pub(in crate::graphql) fn with(self, tickets: Vec<Ticket>) -> Self {
        let tickets = tickets.into_iter().map(|it| (it.uuid(), it)).collect();
        Self { tickets, ..self }
    }

    /// A ticket, if the caller may see it.
    pub(in crate::graphql) fn ticket(&self, id: Uuid) -> Option<Ticket> {
        self.tickets.get(&id).cloned()
    }

    /// The ticket that a merged ticket is shown with at last.
    pub(in crate::graphql) fn survivor(&self, of: Uuid) -> Option<Ticket> {
        self.ticket(*self.survivors.get(&of)?)
    }

    /// The tickets that were merged into this one.
    pub(in crate::graphql) fn merged(&self, into: Uuid) -> Vec<Ticket> {
        let merged = self.merged.iter().filter(|it| it.0 == into);
        merged.filter_map(|it| self.ticket(it.1)).collect()
    }

    /// What this ticket has to do with others.
    pub(in crate::graphql) fn links(&self, of: Uuid) -> Vec<TicketLink> {
        let links = self.links.iter().filter(|it| it.0 == of);
        links
            .map(|(_, relation, other)| TicketLink {
                relation: *relation,
                other_id: ids::global(Kind::Ticket, *other),
                other: self.ticket(*other),
            })
            .collect()
    }
}
