use std::collections::HashMap;

use async_graphql::{Context, ID, Object, Result};
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
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Vec<View>> {
        let (seer, language) = (Seer::new(ctx)?, caller(ctx)?.language);
        if let Some(LogPosition(turn)) = min_position {
            parts(ctx)?.live.reached(saved_view::NAME, turn.shown_at()).await;
        }
        let program = ALL.iter().filter(|_| !retired && seer.staff);
        let mut views: Vec<View> = program.map(|it| View::of_program(*it, language)).collect();
        let rows = saved_view::seen_by(&parts(ctx)?.pool, seer.me, retired).await;
        let rows = rows.map_err(|it| postgres(ctx, &it))?;
        let mut saved = seer.seen(ctx, rows.into_iter().map(View::from).collect()).await?;
        // The own and the shared ones come first, so that none of them is cut off.
        saved.truncate(MOST);
        saved.sort_by_key(View::rank);
        views.extend(saved);
        views.retain(|it| audience.is_none_or(|wanted| it.is_for(wanted)));
        Ok(View::together(views))
    }

    /// The view with this id; null when there is none, or it is not yours to see.
    async fn view(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the view.")] id: ID,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Option<View>> {
        let uuid = required(Kind::View, "id", &id).map_err(|it| problem(ctx, it))?;
        if let Some(LogPosition(turn)) = min_position {
            parts(ctx)?.live.reached(saved_view::NAME, turn.shown_at()).await;
        }
        Ok(by_ids(ctx, &[uuid]).await?.pop())
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
    Ok(View::together(views))
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
