use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::access::{Permission, Place, Reach, Scope};
use projections::saved_view::ViewRow;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{
    built_in::BuiltIn,
    count::{Together, ViewCount},
    missing::{Missing, missing},
    query::branches,
    saved::{SavedFilter, order_of},
};
use crate::{
    graphql::{
        caller,
        filter::{OrderDirection, TicketOrderField},
        ids::{Kind, LogPosition, global},
        life::me,
        organisation::{Team, from_row_at, items},
        people::{User, users},
        problem,
        query::{Asked, TicketConnection, ticket_page},
    },
    problem::Language,
};

/// Who sees a view.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum ViewAudience {
    /// One person.
    Own,
    /// Those who work in a team.
    Team,
    /// Everybody who works here.
    Shared,
}

/// One key of a view's order.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct ViewOrder {
    /// By what.
    field: TicketOrderField,
    /// In which direction.
    direction: OrderDirection,
}

/// A list of tickets under a name.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct View {
    /// Opaque global id.
    pub(in crate::graphql) id: ID,
    /// What it is called; of one that comes with the program, in the language of `Accept-Language`.
    name: String,
    /// Who sees it.
    audience: ViewAudience,
    /// Whether it comes with the program: then it cannot be changed.
    built_in: bool,
    /// Which tickets it shows. `me` in it is whoever asks.
    filter: SavedFilter,
    /// Names of the columns that a screen shows, in their order; a screen knows what they mean.
    columns: Vec<String>,
    /// Name of its picture; a screen knows which.
    icon: Option<String>,
    /// Where it stands among others, the least first.
    position: Option<i32>,
    /// Number of its changes; 0 of one that comes with the program.
    version: i64,
    /// Since when nobody sees it; null while people do.
    retired_at: Option<DateTime<Utc>>,
    /// When it was created; null for one that comes with the program.
    created_at: Option<DateTime<Utc>>,
    /// When it last changed; null for one that comes with the program.
    updated_at: Option<DateTime<Utc>>,
    /// The instant at which it and its tickets are seen; null when they are seen as they are now.
    as_of: Option<DateTime<Utc>>,
    #[graphql(skip)]
    pub(super) uuid: Uuid,
    #[graphql(skip)]
    pub(super) owner: Option<Uuid>,
    #[graphql(skip)]
    order: Json,
    #[graphql(skip)]
    together: Arc<Together>,
}

impl View {
    pub(super) fn of_program(it: BuiltIn, language: Language) -> Self {
        Self {
            id: global(Kind::View, it.id()),
            name: it.name(language).to_owned(),
            audience: ViewAudience::Shared,
            built_in: true,
            filter: SavedFilter(it.filter()),
            columns: Vec::new(),
            icon: Some(it.icon.to_owned()),
            position: None,
            version: 0,
            retired_at: None,
            created_at: None,
            updated_at: None,
            as_of: None,
            uuid: it.id(),
            owner: None,
            order: it.order(),
            together: Together::of(vec![(it.id(), it.filter())], None),
        }
    }

    /// Whether somebody may see it who may see tickets there; `branch` is that of its team.
    pub(super) fn shows_to(&self, me: Uuid, reach: &Reach, branch: Option<Uuid>) -> bool {
        match (self.audience, self.owner) {
            (ViewAudience::Own, owner) => owner == Some(me),
            (ViewAudience::Team, Some(team)) => match reach {
                Reach::Everywhere => true,
                Reach::Within(scopes) => {
                    scopes.contains(&Scope::Team(team)) || branch.is_some_and(|it| scopes.contains(&Scope::Branch(it)))
                }
            },
            (ViewAudience::Team, None) => false,
            (ViewAudience::Shared, _) => true,
        }
    }

    /// Views of one answer, which are counted together, at an instant or now.
    pub(super) fn together(mut views: Vec<Self>, as_of: Option<DateTime<Utc>>) -> Vec<Self> {
        let filters = views.iter().map(|it| (it.uuid, it.filter_json())).collect();
        let together = Together::of(filters, as_of);
        for it in &mut views {
            it.as_of = as_of;
            it.together = Arc::clone(&together);
        }
        views
    }

    pub(super) fn filter_json(&self) -> Json {
        self.filter.0.clone()
    }

    pub(in crate::graphql) fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// Whether it has changed since, or come into being.
    pub(super) fn is_newer(&self, at: DateTime<Utc>) -> bool {
        self.updated_at.is_some_and(|it| it > at)
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired_at.is_some()
    }

    /// Where it stands among saved views as they are read: the own ones first, then the shared ones.
    pub(super) fn place(&self) -> (u8, bool, Option<i32>, String, Uuid) {
        let sort = match self.audience {
            ViewAudience::Own => 0,
            ViewAudience::Shared => 1,
            ViewAudience::Team => 2,
        };
        let name = self.name.to_lowercase();
        (sort, self.position.is_none(), self.position, name, self.uuid)
    }

    pub(super) fn is_for(&self, audience: ViewAudience) -> bool {
        self.audience == audience
    }

    /// Where its sort stands in a menu.
    pub(super) fn rank(&self) -> u8 {
        match self.audience {
            ViewAudience::Shared => 0,
            ViewAudience::Team => 1,
            ViewAudience::Own => 2,
        }
    }

    pub(super) fn team_id(&self) -> Option<Uuid> {
        self.owner.filter(|_| self.audience == ViewAudience::Team)
    }
}

impl From<ViewRow> for View {
    fn from(row: ViewRow) -> Self {
        let json = |text: &str| serde_json::from_str(text).unwrap_or(Json::Null);
        let together = Together::of(vec![(row.view_id, json(&row.filter))], None);
        Self {
            id: global(Kind::View, row.view_id),
            name: row.name,
            audience: match row.audience.as_str() {
                "own" => ViewAudience::Own,
                "team" => ViewAudience::Team,
                _ => ViewAudience::Shared,
            },
            built_in: false,
            filter: SavedFilter(json(&row.filter)),
            columns: row.columns,
            icon: row.icon,
            position: row.position,
            version: row.version,
            retired_at: row.retired_at,
            created_at: Some(row.created_at),
            updated_at: Some(row.updated_at),
            as_of: None,
            uuid: row.view_id,
            owner: row.owner_id,
            order: json(&row.sorting),
            together,
        }
    }
}

#[ComplexObject]
impl View {
    /// In which order it shows them.
    #[expect(clippy::unused_async, reason = "like the others")]
    async fn order_by(&self, ctx: &Context<'_>) -> Result<Vec<ViewOrder>> {
        let order = order_of(&self.order).map_err(|it| problem(ctx, it))?;
        let key = |it: crate::graphql::filter::TicketOrder| ViewOrder {
            field: it.field,
            direction: it.direction,
        };
        Ok(order.into_iter().map(key).collect())
    }

    /// Whose own it is.
    async fn owner(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.owner.filter(|_| self.audience == ViewAudience::Own) else {
            return Ok(None);
        };
        Ok(users(ctx, &[id]).await?.pop().map(|it| it.1))
    }

    /// The team that sees it.
    async fn team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        let Some(id) = self.team_id() else { return Ok(None) };
        let row = items(ctx, &[id], self.as_of).await?.pop();
        row.map(|it| from_row_at(ctx, &it, self.as_of)).transpose()
    }

    /// Tags, categories and the like that its filter names and that are not in use any more. It shows what it can.
    async fn missing(&self, ctx: &Context<'_>) -> Result<Vec<Missing>> {
        match self.filter.read() {
            Ok(filter) => missing(ctx, &filter, self.as_of).await,
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Whether you may change it.
    async fn viewer_can_change(&self, ctx: &Context<'_>) -> Result<bool> {
        let viewer = &caller(ctx)?.viewer;
        Ok(!self.built_in
            && self.as_of.is_none()
            && !viewer.read_only
            && match self.audience {
                ViewAudience::Own => self.owner == Some(me(viewer)),
                ViewAudience::Team => {
                    let team = self.team_id();
                    let branches = branches(ctx, team.as_slice()).await?;
                    let place = Place {
                        team,
                        branch: team.and_then(|it| branches.get(&it).copied()),
                        ..Place::default()
                    };
                    viewer.rights.covers(Permission::ViewsShare, &place)
                }
                ViewAudience::Shared => viewer.rights.has(Permission::OrganisationWrite),
            })
    }

    /// How many tickets it shows, of those that you may see: kept while tickets change, so that asking costs the same
    /// however many there are; of the past it is counted. Null when the view does not read.
    #[graphql(complexity = 2)]
    async fn count(&self, ctx: &Context<'_>) -> Result<Option<ViewCount>> {
        self.together.count(ctx, self.uuid).await
    }

    /// The tickets it shows. Give `first` or `last`, 1 to 100, unless only `totalCount` is asked for. What it named and
    /// is gone since matches nothing; a view that does not read answers `VIEW_UNREADABLE`.
    #[graphql(complexity = "crate::graphql::connection::cost(first, last, child_complexity)")]
    async fn tickets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or after `after`.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<TicketConnection> {
        let asked = Asked {
            first,
            after,
            last,
            before,
            filter: Some(self.filter.read().map_err(|it| problem(ctx, it))?),
            order_by: Some(order_of(&self.order).map_err(|it| problem(ctx, it))?),
            min_position,
            as_of: self.as_of,
        };
        ticket_page(ctx, asked, None).await
    }
}
