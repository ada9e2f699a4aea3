use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use commands::Read;
use projections::people;
use uuid::Uuid;

use super::objects::{ApiKey, Role, User, Viewer, built_in_roles, rights};
use crate::graphql::{
    caller,
    connection::{Edge, PageArgs, PageInfo, cost},
    cursor,
    ids::{self, Kind},
    may_read, parts, postgres, problem, travel,
};

/// A page of people.
#[derive(Debug, SimpleObject)]
pub(super) struct UserConnection {
    /// The people with their cursors.
    edges: Vec<Edge<User>>,
    /// The people alone.
    nodes: Vec<User>,
    /// Where the page stands.
    page_info: PageInfo,
}

/// What can be asked about people.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PeopleQuery;

/// What can be asked about people.
#[Object]
impl PeopleQuery {
    /// Whoever asks, and what they may do.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        let viewer = &caller(ctx)?.viewer;
        let id = viewer.session.and_then(|_| viewer.actor.id.parse().ok());
        let row = match id {
            Some(id) => people::user(&parts(ctx)?.pool, id)
                .await
                .map_err(|it| postgres(ctx, &it))?,
            None => None,
        };
        Ok(Viewer {
            actor: viewer.actor.to_string(),
            user: row.map(User::from),
            rights: rights(&viewer.rights),
        })
    }

    /// The person with this id; null when there is none, or was none then.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the user.")] id: ID,
        #[graphql(desc = "As they were at this instant.")] as_of: Option<DateTime<Utc>>,
    ) -> Result<Option<User>> {
        may_read(ctx, Read::People)?;
        let uuid = ids::required(Kind::Agent, "id", &id).map_err(|it| problem(ctx, it))?;
        if let Some(at) = travel::instant(ctx, as_of).await? {
            let row = travel::user(ctx, uuid, at).await?;
            return Ok(row.map(|it| User::from(it).at(at)));
        }
        let row = people::user(&parts(ctx)?.pool, uuid).await;
        Ok(row.map_err(|it| postgres(ctx, &it))?.map(User::from))
    }

    /// People who work here, by name.
    #[graphql(complexity = "cost(first, None, child_complexity)")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
    ) -> Result<UserConnection> {
        may_read(ctx, Read::People)?;
        let args = PageArgs::try_new(first, after, None, None, true).map_err(|it| problem(ctx, it))?;
        let place = args
            .after
            .as_deref()
            .map(|it| cursor::named("after", it))
            .transpose()
            .map_err(|it| problem(ctx, it))?;
        let after = place.as_ref().map(|(name, id)| (name.as_str(), *id));
        let rows = people::page(&parts(ctx)?.pool, after, i64::from(args.count) + 1)
            .await
            .map_err(|it| postgres(ctx, &it))?;
        let (rows, more) = args.cut(rows);
        let edges: Vec<Edge<User>> = rows
            .into_iter()
            .map(|row| Edge {
                cursor: cursor::of_named(row.name.as_deref().unwrap_or_default(), row.user_id),
                node: row.into(),
            })
            .collect();
        Ok(UserConnection {
            page_info: args.info(&edges, more),
            nodes: edges.iter().map(|it| it.node.clone()).collect(),
            edges,
        })
    }

    /// Every role there is: those that come with the program, and the organisation's own.
    #[graphql(complexity = "30 * child_complexity")]
    async fn roles(&self, ctx: &Context<'_>) -> Result<Vec<Role>> {
        may_read(ctx, Read::People)?;
        let own = people::roles(&parts(ctx)?.pool)
            .await
            .map_err(|it| postgres(ctx, &it))?;
        Ok(built_in_roles().chain(own.into_iter().map(Role::from)).collect())
    }

    /// Every key that lets a program in, the newest first, those that were revoked included.
    #[graphql(complexity = "30 * child_complexity")]
    async fn api_keys(&self, ctx: &Context<'_>) -> Result<Vec<ApiKey>> {
        may_read(ctx, Read::ApiKeys)?;
        let keys = people::api_keys(&parts(ctx)?.pool).await;
        let keys = keys.map_err(|it| postgres(ctx, &it))?;
        Ok(keys.into_iter().map(ApiKey::from).collect())
    }
}

/// The people with these ids, in no order.
pub(in crate::graphql) async fn users(ctx: &Context<'_>, ids: &[Uuid]) -> Result<Vec<(Uuid, User)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    may_read(ctx, Read::People)?;
    let rows = people::by_ids(&parts(ctx)?.pool, ids).await;
    let rows = rows.map_err(|it| postgres(ctx, &it))?;
    Ok(rows.into_iter().map(|it| (it.user_id, it.into())).collect())
}
