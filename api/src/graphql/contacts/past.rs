//! Contacts as they were, with those that were merged into them then.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{Context, Result};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::types::{Contact, Rows};
use crate::graphql::travel::{Record, organization, record};

/// The contacts with these ids as they were, each as itself; those that did not exist are not there.
pub(super) async fn load(ctx: &Context<'_>, ids: &[Uuid], at: DateTime<Utc>) -> Result<HashMap<Uuid, Arc<Contact>>> {
    Ok(rows(ctx, ids, at).await?.each(ids))
}

/// The same, each as the contact it was shown with.
pub(super) async fn load_shown(
    ctx: &Context<'_>,
    ids: &[Uuid],
    at: DateTime<Utc>,
) -> Result<HashMap<Uuid, Arc<Contact>>> {
    Ok(rows(ctx, ids, at).await?.each_shown(ids))
}

/// These contacts, those they were merged into, and all that were merged into either.
async fn rows(ctx: &Context<'_>, ids: &[Uuid], at: DateTime<Utc>) -> Result<Rows> {
    let mut records = HashMap::new();
    take(ctx, &mut records, ids.iter().copied().collect(), at).await?;
    let into = records.values().filter_map(|it: &Record| it.card.merged_into).collect();
    take(ctx, &mut records, into, at).await?;
    let ever = records.values().flat_map(|it: &Record| it.absorbed.clone()).collect();
    take(ctx, &mut records, ever, at).await?;
    let wanted: HashSet<Uuid> = records.values().filter_map(|it| it.card.organization_id).collect();
    let mut organizations = HashMap::new();
    for id in wanted {
        organizations.extend(organization(ctx, id, at).await?.map(|it| (id, it)));
    }
    let mut cards = Vec::with_capacity(records.len());
    let mut handles = Vec::new();
    for it in records.into_values() {
        cards.push(it.card);
        handles.extend(it.handles);
    }
    cards.sort_by_key(|it| (it.created_at, it.contact_id));
    handles.sort_by_key(|it| (it.added_at, it.handle_id));
    Ok(Rows {
        cards,
        handles,
        organizations,
        as_of: Some(at),
    })
}

async fn take(
    ctx: &Context<'_>,
    records: &mut HashMap<Uuid, Record>,
    ids: HashSet<Uuid>,
    at: DateTime<Utc>,
) -> Result<()> {
    for id in ids {
        if !records.contains_key(&id)
            && let Some(found) = record(ctx, id, at).await?
        {
            records.insert(id, found);
        }
    }
    Ok(())
}
