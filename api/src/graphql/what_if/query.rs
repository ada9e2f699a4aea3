use async_graphql::{Context, ID, Object, Result};
use domain::access::Permission;
use futures_util::{Stream, stream};
use projections::what_if_run;
use tokio::sync::watch;
use uuid::Uuid;

use super::object::WhatIf;
use crate::{
    graphql::{
        Parts, caller,
        ids::{Kind, LogPosition, required},
        may_see, parts, postgres, problem,
    },
    problem::{Language, Problem, internal},
};

/// What can be asked about periods replayed under other rules.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct WhatIfQuery;

#[Object]
impl WhatIfQuery {
    /// The replay under other rules with this id; null when there is none.
    async fn what_if(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the run.")] id: ID,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Option<WhatIf>> {
        may_see(ctx, Permission::OrganisationWrite)?;
        let id = required(Kind::WhatIf, "id", &id).map_err(|it| problem(ctx, it))?;
        if let Some(LogPosition(turn)) = min_position {
            parts(ctx)?.live.reached(what_if_run::NAME, turn.shown_at()).await;
        }
        by_id(ctx, id).await
    }

    /// Replays under other rules, the newest first.
    #[graphql(complexity = "usize::try_from(first).unwrap_or_default().saturating_mul(child_complexity)")]
    async fn what_ifs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many at most, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "Only those that still go on.", default)] running: bool,
    ) -> Result<Vec<WhatIf>> {
        may_see(ctx, Permission::OrganisationWrite)?;
        if !(1..=100).contains(&first) {
            let bad = Problem::bad_input("first", &first.to_string(), "от 1 до 100", "1 to 100");
            return Err(problem(ctx, bad));
        }
        let parts = parts(ctx)?;
        let rows = what_if_run::newest(&parts.pool, running, first.into()).await;
        let rows = rows.map_err(|it| postgres(ctx, &it))?;
        let (position, language) = (parts.live.position(what_if_run::NAME), caller(ctx)?.language);
        Ok(rows.into_iter().map(|it| WhatIf::of(it, position, language)).collect())
    }
}

/// The run as the tables show it.
pub(super) async fn by_id(ctx: &Context<'_>, id: Uuid) -> Result<Option<WhatIf>> {
    let parts = parts(ctx)?;
    let row = what_if_run::by_id(&parts.pool, id)
        .await
        .map_err(|it| postgres(ctx, &it))?;
    let (position, language) = (parts.live.position(what_if_run::NAME), caller(ctx)?.language);
    Ok(row.map(|it| WhatIf::of(it, position, language)))
}

/// What a subscription knows.
struct Watching {
    parts: Parts,
    id: Uuid,
    language: Language,
    /// The last that was told; 0 before.
    version: i64,
    moved: watch::Receiver<event_store::Position>,
}

/// A run now, and whenever it goes on.
pub(in crate::graphql) async fn changes(
    ctx: &Context<'_>,
    id: &ID,
) -> Result<impl Stream<Item = Result<WhatIf>> + use<>> {
    may_see(ctx, Permission::OrganisationWrite)?;
    let id = required(Kind::WhatIf, "id", id).map_err(|it| problem(ctx, it))?;
    let parts = parts(ctx)?.clone();
    let moved = parts.live.watch(what_if_run::NAME);
    let (Some(_), Some(mut moved)) = (by_id(ctx, id).await?, moved) else {
        let absent = Problem::new("NOT_FOUND", "такой проверки нет", "there is no such run");
        let field = vec!["id".to_owned()];
        return Err(problem(ctx, Problem { field, ..absent }));
    };
    // The first is told at once.
    moved.mark_changed();
    let watching = Watching {
        parts,
        id,
        language: caller(ctx)?.language,
        version: 0,
        moved,
    };
    Ok(stream::unfold(watching, |mut watching| async move {
        let next = watching.next().await?;
        Some((next, watching))
    }))
}

impl Watching {
    async fn next(&mut self) -> Option<Result<WhatIf>> {
        loop {
            self.moved.changed().await.ok()?;
            let row = match what_if_run::by_id(&self.parts.pool, self.id).await {
                Ok(row) => row,
                Err(error) => return Some(Err(internal(&error).into_error(self.language))),
            };
            if let Some(row) = row.filter(|it| it.version != self.version) {
                self.version = row.version;
                let position = self.parts.live.position(what_if_run::NAME);
                return Some(Ok(WhatIf::of(row, position, self.language)));
            }
        }
    }
}
