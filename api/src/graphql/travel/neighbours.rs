//! What tickets had to do with others.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Result};
use projections::ticket_list;
use uuid::Uuid;

use super::{past::Past, ticket::Seen};
use crate::graphql::{life::Neighbours, parts, postgres, related, sight::sight};

/// Steps of a chain of merges that are followed at most, as where tables are read.
const STEPS: usize = 64;

/// The tickets that some tickets had to do with; `origins` are wanted as well. Those are shown that the caller may see as
/// they are now, each as it was.
pub(in crate::graphql) async fn neighbours(
    ctx: &Context<'_>,
    seen: &Seen,
    of: &[Uuid],
    origins: &[Uuid],
) -> Result<Neighbours> {
    let past = &seen.past;
    let links = links(ctx, past, of).await?;
    let mut survivors = Vec::new();
    let mut merged = Vec::new();
    for id in of {
        survivors.extend(survivor(ctx, past, *id).await?.map(|it| (*id, it)));
        merged.extend(merged_into(ctx, past, *id).await?.into_iter().map(|it| (*id, it)));
    }
    let found = Neighbours::of(of, links, survivors, merged);
    let wanted = found.wanted(origins);
    let (false, Ok(sight)) = (wanted.is_empty(), sight(ctx)) else {
        return Ok(found);
    };
    let now = ticket_list::by_ids(&parts(ctx)?.pool, &wanted).await;
    let mut now = now.map_err(|it| postgres(ctx, &it))?;
    now.retain(|it| sight.holds(it));
    let mut rows = Vec::with_capacity(now.len());
    for it in &now {
        rows.extend(past.ticket(ctx, it.ticket_id).await?.row.clone());
    }
    let seen = Seen::of(Arc::clone(past), &now);
    Ok(found.with(related::together(rows, Some(seen))))
}

/// The links of which one of them was an end, whichever of the two kept it.
async fn links(ctx: &Context<'_>, past: &Past, of: &[Uuid]) -> Result<Vec<ticket_list::Link>> {
    let keepers = ticket_list::ever_linked_to(&parts(ctx)?.pool, of).await;
    let mut keepers = keepers.map_err(|it| postgres(ctx, &it))?;
    keepers.extend(of);
    keepers.sort_unstable();
    keepers.dedup();
    let mut links = Vec::new();
    for keeper in keepers {
        let kept = ticket_list::links_from_events(&past.ticket(ctx, keeper).await?.events);
        links.extend(kept.into_iter().filter(|it| of.contains(&it.0) || of.contains(&it.1)));
    }
    links.sort_by(|one, other| (&one.2, one.0, one.1).cmp(&(&other.2, other.0, other.1)));
    Ok(links)
}

/// The ticket that one was shown with at last, over all steps.
async fn survivor(ctx: &Context<'_>, past: &Past, id: Uuid) -> Result<Option<Uuid>> {
    let (mut at, mut found) = (id, None);
    for _ in 0..STEPS {
        let told = past.ticket(ctx, at).await?;
        let Some(next) = told.row.as_ref().and_then(|it| it.merged_into) else {
            break;
        };
        (at, found) = (next, Some(next));
    }
    Ok(found)
}

/// The tickets that were merged into one, by number.
async fn merged_into(ctx: &Context<'_>, past: &Past, id: Uuid) -> Result<Vec<Uuid>> {
    let mut numbers = HashMap::new();
    for other in &past.ticket(ctx, id).await?.absorbed {
        let told = past.ticket(ctx, other.0).await?;
        if let Some(row) = told.row.as_ref().filter(|it| it.merged_into == Some(id)) {
            numbers.insert(other.0, row.number);
        }
    }
    let mut merged: Vec<Uuid> = numbers.keys().copied().collect();
    merged.sort_by_key(|it| (numbers.get(it).copied(), *it));
    Ok(merged)
}
