use async_graphql::{Context, ID, Object, Result};
use commands::Read;
use domain::access::Permission;
use futures_util::{Stream, stream};
use projections::bulk_operation;
use tokio::sync::watch;
use uuid::Uuid;

use super::object::{BulkOperation, shown_of};
use crate::{
    graphql::{
        Parts, caller,
        ids::{Kind, LogPosition, required},
        may_read, parts, postgres, problem,
    },
    problem::{Language, Problem, internal},
};

/// What can be asked about changes of many tickets.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct BulkQuery;

#[Object]
impl BulkQuery {
    /// The change of many tickets with this id; null when there is none, or somebody else asked for it and you may not see
    /// the record of who did what.
    async fn bulk_operation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the operation.")] id: ID,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Option<BulkOperation>> {
        let uuid = required(Kind::Bulk, "id", &id).map_err(|it| problem(ctx, it))?;
        if let Some(LogPosition(turn)) = min_position {
            parts(ctx)?.live.reached(bulk_operation::NAME, turn.shown_at()).await;
        }
        Ok(by_ids(ctx, &[uuid]).await?.pop())
    }

    /// Changes of many tickets that you asked for, or, when you may see the record of who did what, that anybody did; the
    /// newest first.
    #[graphql(complexity = "usize::try_from(first).unwrap_or_default().saturating_mul(child_complexity)")]
    async fn bulk_operations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many at most, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "Only those that still go on: named, run or undone now.", default)] open: bool,
    ) -> Result<Vec<BulkOperation>> {
        if !(1..=100).contains(&first) {
            let bad = Problem::bad_input("first", &first.to_string(), "от 1 до 100", "1 to 100");
            return Err(problem(ctx, bad));
        }
        may_read(ctx, Read::Tickets)?;
        let viewer = &caller(ctx)?.viewer;
        let me = viewer.actor.to_string();
        let asked_by = (!viewer.rights.has(Permission::AuditRead)).then_some(me.as_str());
        let rows = bulk_operation::newest(&parts(ctx)?.pool, asked_by, open, first.into()).await;
        let rows = rows.map_err(|it| postgres(ctx, &it))?;
        rows.into_iter().map(|it| shown_of(ctx, it)).collect()
    }
}

/// The operations with these ids that the caller sees, in no order.
pub(in crate::graphql) async fn by_ids(ctx: &Context<'_>, ids: &[Uuid]) -> Result<Vec<BulkOperation>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    may_read(ctx, Read::Tickets)?;
    let viewer = &caller(ctx)?.viewer;
    let (me, all) = (viewer.actor.to_string(), viewer.rights.has(Permission::AuditRead));
    let rows = bulk_operation::by_ids(&parts(ctx)?.pool, ids).await;
    let rows = rows.map_err(|it| postgres(ctx, &it))?;
    let seen = rows.into_iter().filter(|it| all || it.asked_by == me);
    seen.map(|it| shown_of(ctx, it)).collect()
}

/// What a subscription knows.
struct Watching {
    parts: Parts,
    id: Uuid,
    language: Language,
    /// The last that was told.
    version: i64,
    first: Option<BulkOperation>,
    moved: watch::Receiver<event_store::Position>,
}

/// An operation now, and whenever it goes on.
pub(in crate::graphql) async fn changes(
    ctx: &Context<'_>,
    id: &ID,
) -> Result<impl Stream<Item = Result<BulkOperation>> + use<>> {
    let uuid = required(Kind::Bulk, "id", id).map_err(|it| problem(ctx, it))?;
    let parts = parts(ctx)?.clone();
    let moved = parts.live.watch(bulk_operation::NAME);
    let first = by_ids(ctx, &[uuid]).await?.pop();
    let (Some(first), Some(moved)) = (first, moved) else {
        let (russian, english) = ("такой операции нет", "there is no such operation");
        return Err(problem(
            ctx,
            Problem {
                field: vec!["id".to_owned()],
                ..Problem::new("NOT_FOUND", russian, english)
            },
        ));
    };
    let watching = Watching {
        parts,
        id: uuid,
        language: caller(ctx)?.language,
        version: 0,
        first: Some(first),
        moved,
    };
    Ok(stream::unfold(watching, |mut watching| async move {
        let next = watching.next().await?;
        Some((next, watching))
    }))
}

impl Watching {
    async fn next(&mut self) -> Option<Result<BulkOperation>> {
        if let Some(first) = self.first.take() {
            self.version = first.version();
            return Some(Ok(first));
        }
        loop {
            self.moved.changed().await.ok()?;
            let rows = bulk_operation::by_ids(&self.parts.pool, &[self.id]).await;
            let row = match rows {
                Ok(mut rows) => rows.pop(),
                Err(error) => return Some(Err(internal(&error).into_error(self.language))),
            };
            if let Some(row) = row.filter(|it| it.version != self.version) {
                self.version = row.version;
                let position = self.parts.live.position(bulk_operation::NAME);
                let shown = BulkOperation::of(row, position);
                return Some(shown.map_err(|it| internal(&it).into_error(self.language)));
            }
        }
    }
}
