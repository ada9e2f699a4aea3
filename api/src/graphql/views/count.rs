//! How many tickets views show.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures_util::{Stream, stream};
use projections::ticket_list::{counter::Counted, filter::Condition};
use serde_json::Value as Json;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{query::by_ids, saved::SavedFilter};
use crate::{
    counts::Watched,
    graphql::{
        caller,
        filter::listed,
        ids::{Kind, LogPosition, global, required},
        life::me,
        parts, postgres, problem,
        sight::sight,
        travel::{self, answerable},
    },
    problem::{Problem, not_found},
};

/// Views of one subscription at most.
const MOST: usize = 50;

/// How many tickets a view shows.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct ViewCount {
    /// How many they are, of those that you may see.
    value: i64,
    /// As of this place of the log; it may tell of some later changes already.
    position: LogPosition,
}

/// How many tickets a view shows now.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct ViewCounted {
    /// Id of the view.
    view_id: ID,
    /// How many they are, of those that you may see.
    value: i64,
}

/// Counts that have changed.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct ViewCountsChange {
    /// As of this place of the log.
    position: LogPosition,
    /// Those that have changed; at first, all.
    counts: Vec<ViewCounted>,
}

/// The views of one answer, counted together.
#[derive(Debug, Default)]
pub(super) struct Together {
    filters: Vec<(Uuid, Json)>,
    /// The instant at which they are counted; `None` for now.
    as_of: Option<DateTime<Utc>>,
    counts: OnceCell<HashMap<Uuid, Result<Counted, Problem>>>,
}

impl Together {
    pub(super) fn of(filters: Vec<(Uuid, Json)>, as_of: Option<DateTime<Utc>>) -> Arc<Self> {
        Arc::new(Self {
            filters,
            as_of,
            counts: OnceCell::new(),
        })
    }

    /// How many tickets one of them shows; whoever asks first reads all of them. `None` when it does not read.
    pub(super) async fn count(&self, ctx: &Context<'_>, view: Uuid) -> Result<Option<ViewCount>> {
        let counts = self.counts.get_or_try_init(|| async {
            match self.as_of {
                Some(at) => self.counted_at(ctx, at).await,
                None => self.counted(ctx).await,
            }
        });
        match counts.await?.get(&view) {
            Some(Ok(it)) => Ok(Some(ViewCount {
                value: it.value,
                position: it.position.into(),
            })),
            Some(Err(refused)) => Err(problem(ctx, refused.clone())),
            None => Ok(None),
        }
    }

    async fn counted(&self, ctx: &Context<'_>) -> Result<HashMap<Uuid, Result<Counted, Problem>>> {
        let mut ids = Vec::new();
        let mut conditions = Vec::new();
        for (id, filter) in &self.filters {
            if let Ok(condition) = condition(ctx, filter)? {
                ids.push(*id);
                conditions.push(condition);
            }
        }
        let counted = parts(ctx)?.counts.now(&conditions).await;
        let counted = counted.map_err(|it| postgres(ctx, &it))?;
        Ok(ids.into_iter().zip(counted.into_iter().map(Ok)).collect())
    }

    async fn counted_at(
        &self,
        ctx: &Context<'_>,
        at: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, Result<Counted, Problem>>> {
        let me = me(&caller(ctx)?.viewer);
        let mut all = HashMap::new();
        let mut ids = Vec::new();
        let mut conditions = Vec::new();
        for (id, filter) in &self.filters {
            let Ok(mut filter) = SavedFilter(filter.clone()).read() else {
                continue;
            };
            match answerable(Some(&mut filter), &[]).and_then(|()| listed(Some(filter), me)) {
                Ok(condition) => {
                    ids.push(*id);
                    conditions.push(condition);
                }
                Err(refused) => drop(all.insert(*id, Err(refused))),
            }
        }
        let counted = travel::counted(ctx, &sight(ctx)?, at, &conditions).await?;
        all.extend(ids.into_iter().zip(counted.into_iter().map(Ok)));
        Ok(all)
    }
}

/// The tickets of a view that the caller may see.
fn condition(ctx: &Context<'_>, filter: &Json) -> Result<Result<Condition, Problem>> {
    let (seen, me) = (sight(ctx)?, me(&caller(ctx)?.viewer));
    let read = SavedFilter(filter.clone()).read();
    Ok(read.and_then(|it| listed(Some(it), me)).map(|it| seen.narrow(it)))
}

/// What a subscription knows.
struct Watching {
    ids: Vec<ID>,
    last: Vec<Option<i64>>,
    first: Option<Vec<Counted>>,
    watched: Watched,
}

/// The counts of views now, and whenever they change.
pub(in crate::graphql) async fn changes(
    ctx: &Context<'_>,
    view_ids: &[ID],
) -> Result<impl Stream<Item = Result<ViewCountsChange>> + use<>> {
    if view_ids.is_empty() || view_ids.len() > MOST {
        let bad = Problem::bad_input("viewIds", &view_ids.len().to_string(), "от 1 до 50 id", "1 to 50 ids");
        return Err(problem(ctx, bad));
    }
    let ids: Result<Vec<Uuid>, Problem> = view_ids.iter().map(|it| required(Kind::View, "viewIds", it)).collect();
    let mut ids = ids.map_err(|it| problem(ctx, it))?;
    ids.sort_unstable();
    ids.dedup();
    let views = by_ids(ctx, &ids).await?;
    if views.len() < ids.len() {
        let (russian, english) = ("такого представления нет", "there is no such view");
        let absent = Problem::new(not_found("viewIds").code, russian, english);
        return Err(problem(
            ctx,
            Problem {
                field: vec!["viewIds".to_owned()],
                ..absent
            },
        ));
    }
    let conditions: Result<Vec<Condition>> = views
        .iter()
        .map(|it| condition(ctx, &it.filter_json())?.map_err(|it| problem(ctx, it)))
        .collect();
    let conditions = conditions?;
    let counts = &parts(ctx)?.counts;
    // In this order: what changes between the two is told.
    let watched = counts.watch(&conditions);
    let now = counts.now(&conditions).await.map_err(|it| postgres(ctx, &it))?;
    let watching = Watching {
        ids: views.iter().map(|it| global(Kind::View, it.uuid())).collect(),
        last: vec![None; views.len()],
        first: Some(now),
        watched,
    };
    Ok(stream::unfold(watching, |mut watching| async move {
        loop {
            let counted = match watching.first.take() {
                Some(first) => first.into_iter().map(Some).collect(),
                None => watching.watched.next().await?,
            };
            if let Some(change) = watching.change(&counted) {
                return Some((Ok(change), watching));
            }
        }
    }))
}

impl Watching {
    /// What differs from what was told last; `None` when nothing does.
    fn change(&mut self, counted: &[Option<Counted>]) -> Option<ViewCountsChange> {
        let mut counts = Vec::new();
        let known = self.ids.iter().zip(&mut self.last).zip(counted);
        for ((id, last), now) in known.filter_map(|(at, now)| Some((at, (*now)?))) {
            if *last != Some(now.value) {
                *last = Some(now.value);
                counts.push(ViewCounted {
                    view_id: id.clone(),
                    value: now.value,
                });
            }
        }
        let position = counted.iter().flatten().map(|it| it.position).min()?;
        (!counts.is_empty()).then(|| ViewCountsChange {
            position: position.into(),
            counts,
        })
    }
}
