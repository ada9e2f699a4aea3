use std::collections::HashMap;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use commands::{Read, reads};
use domain::{access::Reach, organisation::Team};
use projections::{organisation, saved_view};
use uuid::Uuid;

use super::{
    built_in::{ALL, BuiltIn},
    object::{View, ViewAudience},
};
use crate::graphql::{
    caller,
    ids::{Kind, LogPosition, required},
    life::{is_staff, me},
    may_read, parts, postgres, problem,
    travel::{self, instant},
};

/// Saved views that are told of at most.
const MOST: usize = 1000;

/// What can be asked about saved views.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct ViewsQuery;

#[Object]
impl ViewsQuery {
    /// The views of tickets that you see: those that come with the program, then shared ones, your teams' and your own,
    /// each sort by place and name. At most 1000; none for customers.
    #[graphql(complexity = "10 + 20 * child_complexity")]
    async fn views(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that these people see; all by default.")] audience: Option<ViewAudience>,
        #[graphql(desc = "Those that nobody sees any more, rather than the others.", default)] retired: bool,
        #[graphql(desc = "As they and their tickets were at this instant, those of them that you may see now.")]
        as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Vec<View>> {
        let (seer, language) = (Seer::new(ctx)?, caller(ctx)?.language);
        let as_of = instant(ctx, as_of).await?;
        if let Some(LogPosition(turn)) = min_position {
            parts(ctx)?.live.reached(saved_view::NAME, turn.shown_at()).await;
        }
        let program = ALL.iter().filter(|_| !retired && seer.staff);
        let mut views: Vec<View> = program.map(|it| View::of_program(*it, language)).collect();
        let mut saved = match as_of {
            Some(at) => seer.seen_at(ctx, retired, at).await?,
            None => seer.seen_now(ctx, retired).await?,
        };
        // The own and the shared ones come first, so that none of them is cut off.
        saved.truncate(MOST);
        saved.sort_by_key(View::rank);
        views.extend(saved);
        views.retain(|it| audience.is_none_or(|wanted| it.is_for(wanted)));
        Ok(View::together(views, as_of))
    }

    /// The view with this id; null when there is none, or was none then, or it is not yours to see.
    async fn view(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the view.")] id: ID,
        #[graphql(desc = "As it and its tickets were at this instant.")] as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Option<View>> {
        let uuid = required(Kind::View, "id", &id).map_err(|it| problem(ctx, it))?;
        if let Some(LogPosition(turn)) = min_position {
            parts(ctx)?.live.reached(saved_view::NAME, turn.shown_at()).await;
        }
        let views = by_ids(ctx, &[uuid]).await?;
        match instant(ctx, as_of).await? {
            Some(at) => Ok(View::together(then(ctx, views, at).await?, Some(at)).pop()),
            None => Ok(views.into_iter().next()),
        }
    }
}

/// The views with these ids that the caller sees, in no order.
pub(in crate::graphql) async fn by_ids(ctx: &Context<'_>, ids: &[Uuid]) -> Result<Vec<View>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (seer, language) = (Seer::new(ctx)?, caller(ctx)?.language);
    let program = ids.iter().filter_map(|it| BuiltIn::of(*it)).filter(|_| seer.staff);
    let mut views: Vec<View> = program.map(|it| View::of_program(it, language)).collect();
    if views.len() < ids.len() {
        let rows = saved_view::by_ids(&parts(ctx)?.pool, ids).await;
        let rows = rows.map_err(|it| postgres(ctx, &it))?;
        views.extend(seer.seen(ctx, rows.into_iter().map(View::from).collect()).await?);
    }
    Ok(View::together(views, None))
}

/// These views as they were; those that did not exist are not there.
async fn then(ctx: &Context<'_>, views: Vec<View>, at: DateTime<Utc>) -> Result<Vec<View>> {
    let mut then = Vec::with_capacity(views.len());
    for it in views {
        if it.is_newer(at) {
            then.extend(travel::view(ctx, it.uuid, at).await?.map(View::from));
        } else {
            then.push(it);
        }
    }
    Ok(then)
}

/// Who looks for views.
struct Seer {
    me: Uuid,
    /// Customers see none.
    staff: bool,
    reach: Reach,
}

impl Seer {
    fn new(ctx: &Context<'_>) -> Result<Self> {
        may_read(ctx, Read::Tickets)?;
        let viewer = &caller(ctx)?.viewer;
        let reach = viewer.rights.reach(reads(Read::Tickets)).cloned();
        Ok(Self {
            me: me(viewer),
            staff: is_staff(viewer, reads(Read::Tickets)),
            reach: reach.unwrap_or_else(|| Reach::Within([].into())),
        })
    }

    async fn seen_now(&self, ctx: &Context<'_>, retired: bool) -> Result<Vec<View>> {
        let rows = saved_view::seen_by(&parts(ctx)?.pool, self.me, retired).await;
        let rows = rows.map_err(|it| postgres(ctx, &it))?;
        self.seen(ctx, rows.into_iter().map(View::from).collect()).await
    }

    /// Those that are seen now, as they were: which were retired then is told by their events.
    async fn seen_at(&self, ctx: &Context<'_>, retired: bool, at: DateTime<Utc>) -> Result<Vec<View>> {
        let mut views = self.seen_now(ctx, false).await?;
        views.extend(self.seen_now(ctx, true).await?);
        let mut views = then(ctx, views, at).await?;
        views.retain(|it| it.is_retired() == retired);
        views.sort_by_key(View::place);
        Ok(views)
    }

    async fn seen(&self, ctx: &Context<'_>, mut views: Vec<View>) -> Result<Vec<View>> {
        let teams: Vec<Uuid> = views.iter().filter_map(View::team_id).collect();
        let branches = branches(ctx, &teams).await?;
        views.retain(|it| {
            let branch = it.team_id().and_then(|team| branches.get(&team).copied());
            self.staff && it.shows_to(self.me, &self.reach, branch)
        });
        Ok(views)
    }
}

/// The branches of teams; one that works across branches is not there.
pub(super) async fn branches(ctx: &Context<'_>, teams: &[Uuid]) -> Result<HashMap<Uuid, Uuid>> {
    if teams.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = organisation::by_ids(&parts(ctx)?.pool, teams).await;
    let rows = rows.map_err(|it| postgres(ctx, &it))?;
    let branch = |it: &organisation::ItemRow| {
        let team: Team = serde_json::from_str(&it.definition).ok()?;
        Some((it.id, team.branch_id?))
    };
    Ok(rows.iter().filter_map(branch).collect())
}
