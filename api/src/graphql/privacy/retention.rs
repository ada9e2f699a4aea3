use async_graphql::{Context, ID, Result, SimpleObject};
use domain::organisation::Kind;
use projections::retention::{self, Policy};

use crate::graphql::{ids, parts, postgres, problem};
use crate::problem::Problem;

/// Things that are counted and told at most.
const MOST: i64 = 1_000;
/// Of those, so many are told.
const TOLD: usize = 20;

/// What the retention of an inbox would do, or will do next, if it is in force.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct RetentionPreview {
    /// Whether nothing is done, and only shown what would be.
    dry_run: bool,
    /// How many tickets would be closed, counted up to 1000.
    to_close: i64,
    /// Numbers of the first of them, those first that are idle for longest.
    closes: Vec<i64>,
    /// How many tickets would be archived, counted up to 1000.
    to_archive: i64,
    /// Numbers of the first of them, those first that were closed first.
    archives: Vec<i64>,
    /// How many people would be forgotten, counted up to 1000.
    to_erase: i64,
    /// Ids of the first of them.
    erases: Vec<ID>,
}

/// What is due under the retention of an inbox; `None` when it says nothing of it.
pub(super) async fn preview(ctx: &Context<'_>, inbox: &ID) -> Result<Option<RetentionPreview>> {
    let inbox =
        ids::required(ids::Kind::Item(Kind::Inbox), "inboxId", inbox).map_err(|it: Problem| problem(ctx, it))?;
    let found = counted(ctx, inbox).await;
    found.map_err(|it| postgres(ctx, &it))
}

async fn counted(ctx: &Context<'_>, inbox: uuid::Uuid) -> std::result::Result<Option<RetentionPreview>, sqlx::Error> {
    let Ok(parts) = parts(ctx) else { return Ok(None) };
    let (pool, now) = (&parts.pool, parts.handler.now());
    let all = retention::policies(pool).await?;
    let Some(policy) = all.iter().copied().find(|it| it.inbox == inbox) else {
        return Ok(None);
    };
    let closes = match policy.closes_before(now) {
        Some(before) => retention::idle(pool, inbox, before, &[], MOST).await?,
        None => Vec::new(),
    };
    let archives = match policy.archives_before(now) {
        Some(before) => retention::closed(pool, inbox, before, &[], MOST).await?,
        None => Vec::new(),
    };
    // Beside this one, those count that are in force.
    let others: Vec<Policy> = all
        .into_iter()
        .filter(|it| it.inbox == inbox || !it.retention.dry_run)
        .collect();
    let erases = retention::forgettable(pool, &others, now, Some(inbox), &[], MOST).await?;
    Ok(Some(RetentionPreview {
        dry_run: policy.retention.dry_run,
        to_close: count(closes.len()),
        closes: closes.iter().take(TOLD).map(|it| it.number).collect(),
        to_archive: count(archives.len()),
        archives: archives.iter().take(TOLD).map(|it| it.number).collect(),
        to_erase: count(erases.len()),
        erases: erases.iter().take(TOLD).map(|it| ID(it.to_string())).collect(),
    }))
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
