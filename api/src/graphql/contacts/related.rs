//! Contacts of tickets, read for a whole page at once.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Result};
use domain::access::Permission;
use projections::organization;
use uuid::Uuid;

use super::{Contact, Organization, types};
use crate::graphql::{may_see, parts, postgres, ticket::Ticket};

/// Something beside a row.
#[derive(Debug, Clone)]
pub(in crate::graphql) enum Related<T> {
    /// Whoever asks must read it.
    Unread,
    /// It was read for a whole page; `None` when there is none.
    Read(Option<Arc<T>>),
}

/// Gives the tickets of a page their contacts, if the operation asks for them.
pub(in crate::graphql) async fn contacts(ctx: &Context<'_>, tickets: &mut [Ticket], fields: &[&[&str]]) -> Result<()> {
    let asked = fields.iter().any(|path| {
        let page = path.iter().fold(ctx.look_ahead(), |at, it| at.field(it));
        page.field("contact").exists()
    });
    if !asked {
        return Ok(());
    }
    may_see(ctx, Permission::ContactsRead)?;
    let mut ids: Vec<Uuid> = tickets.iter().filter_map(Ticket::contact_uuid).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = shown(ctx, &ids).await?;
    for ticket in tickets {
        let contact = ticket.contact_uuid().and_then(|it| found.get(&it).cloned());
        ticket.set_contact(contact);
    }
    Ok(())
}

/// The contact of one ticket.
pub(in crate::graphql) async fn contact(ctx: &Context<'_>, id: Uuid) -> Result<Option<Arc<Contact>>> {
    may_see(ctx, Permission::ContactsRead)?;
    Ok(shown(ctx, &[id]).await?.remove(&id))
}

/// The contacts with these ids, each as itself.
pub(in crate::graphql) async fn by_ids(ctx: &Context<'_>, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<Contact>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    may_see(ctx, Permission::ContactsRead)?;
    types::load(&parts(ctx)?.pool, ids)
        .await
        .map_err(|it| postgres(ctx, &it))
}

/// The organizations with these ids.
pub(in crate::graphql) async fn organizations(ctx: &Context<'_>, ids: &[Uuid]) -> Result<HashMap<Uuid, Organization>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    may_see(ctx, Permission::ContactsRead)?;
    let rows = organization::by_ids(&parts(ctx)?.pool, ids).await;
    let rows = rows.map_err(|it| postgres(ctx, &it))?;
    Ok(rows
        .into_iter()
        .map(|it| (it.organization_id, Organization::from(it)))
        .collect())
}

async fn shown(ctx: &Context<'_>, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<Contact>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = types::load_shown(&parts(ctx)?.pool, ids).await;
    found.map_err(|it| postgres(ctx, &it))
}
