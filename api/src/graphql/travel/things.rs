//! Contacts, organizations, people and saved views as they were.

use async_graphql::{Context, Result};
use chrono::{DateTime, Utc};
use domain::{
    access::Access,
    contact::Contact,
    decider::Decider,
    ids::{AgentId, singleton},
    organization::Organization,
    user::User,
    view::View,
};
use projections::{
    contact_card::{self, CardRow, HandleRow},
    organization::{self, OrganizationRow},
    past::until,
    people::{self, GrantRow, UserRow},
    saved_view::{self, ViewRow},
};
use uuid::Uuid;

use super::stream::{forgotten, open, read, read_until, unfit};

/// A contact as it was.
#[derive(Debug)]
pub(in crate::graphql) struct Record {
    pub(in crate::graphql) card: CardRow,
    /// The oldest first.
    pub(in crate::graphql) handles: Vec<HandleRow>,
    /// Those that were merged into it at any time.
    pub(in crate::graphql) absorbed: Vec<Uuid>,
}

/// A contact as it was, without the words of somebody who is forgotten by now; `None` when it did not exist.
pub(in crate::graphql) async fn record(ctx: &Context<'_>, id: Uuid, at: DateTime<Utc>) -> Result<Option<Record>> {
    let mut events = read(ctx, Contact::CATEGORY, id).await?;
    let absorbed = contact_card::ever_absorbed(&events);
    events.truncate(until(&events, at));
    open(ctx, &mut events).await?;
    let erased = forgotten(ctx, std::iter::once(id)).await?.contains(&id);
    let found = contact_card::from_events(&events, erased).map_err(|it| unfit(ctx, &it))?;
    Ok(found.map(|(card, handles)| Record {
        card,
        handles,
        absorbed,
    }))
}

/// An organization as it was; `None` when it did not exist.
pub(in crate::graphql) async fn organization(
    ctx: &Context<'_>,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<OrganizationRow>> {
    let events = read_until(ctx, Organization::CATEGORY, id, at).await?;
    organization::from_events(&events).map_err(|it| unfit(ctx, &it))
}

/// An account as it was; `None` when it did not exist.
pub(in crate::graphql) async fn user(ctx: &Context<'_>, id: Uuid, at: DateTime<Utc>) -> Result<Option<UserRow>> {
    let events = read_until(ctx, User::CATEGORY, id, at).await?;
    people::from_events(&events).map_err(|it| unfit(ctx, &it))
}

/// The roles that somebody had.
pub(in crate::graphql) async fn user_grants(ctx: &Context<'_>, id: Uuid, at: DateTime<Utc>) -> Result<Vec<GrantRow>> {
    let events = read_until(ctx, Access::CATEGORY, singleton(Access::CATEGORY), at).await?;
    Ok(people::grants_from_events(&events, AgentId(id)))
}

/// A saved view as it was; `None` when it did not exist.
pub(in crate::graphql) async fn view(ctx: &Context<'_>, id: Uuid, at: DateTime<Utc>) -> Result<Option<ViewRow>> {
    let events = read_until(ctx, View::CATEGORY, id, at).await?;
    saved_view::from_events(&events).map_err(|it| unfit(ctx, &it))
}
