//! Contacts and organizations by their ids, many at once.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Result};
use commands::Read;
use projections::organization;
use uuid::Uuid;

use super::{Contact, Organization, types};
use crate::graphql::{may_read, parts, postgres, travel::Past};

/// The contacts with these ids, each as itself.
pub(in crate::graphql) async fn by_ids(ctx: &Context<'_>, ids: &[Uuid]) -> Result<HashMap<Uuid, Arc<Contact>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    may_read(ctx, Read::Contacts)?;
    types::load(&parts(ctx)?.pool, ids)
        .await
        .map_err(|it| postgres(ctx, &it))
}

/// The organizations with these ids.
pub(in crate::graphql) async fn organizations(ctx: &Context<'_>, ids: &[Uuid]) -> Result<HashMap<Uuid, Organization>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    may_read(ctx, Read::Contacts)?;
    let rows = organization::by_ids(&parts(ctx)?.pool, ids).await;
    let rows = rows.map_err(|it| postgres(ctx, &it))?;
    Ok(rows
        .into_iter()
        .map(|it| (it.organization_id, Organization::from(it)))
        .collect())
}

/// The contacts with these ids, each as the contact it is shown with, in a past or now.
pub(in crate::graphql) async fn shown(
    ctx: &Context<'_>,
    ids: &[Uuid],
    past: Option<&Arc<Past>>,
) -> Result<HashMap<Uuid, Arc<Contact>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    may_read(ctx, Read::Contacts)?;
    if let Some(past) = past {
        return super::past::load_shown(ctx, ids, past.instant()).await;
    }
    let found = types::load_shown(&parts(ctx)?.pool, ids).await;
    found.map_err(|it| postgres(ctx, &it))
}
