use async_graphql::{Context, Object, Result, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use commands::Read;
use domain::reading::Exposed;
use projections::audit_entry::{self, Entry, Part, Place, Wanted};

use super::{input::AuditFilter, object::AuditEntry};
use crate::{
    graphql::{
        LogPosition,
        connection::{Edge, PageArgs, PageInfo, cost},
        may_read, parts, postgres, problem, shows,
    },
    problem::Problem,
};

/// Entries that are counted at most.
const MOST_COUNTED: i64 = 10_000;

/// A page of entries, the newest first.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct AuditEntryConnection {
    /// The entries with their cursors.
    edges: Vec<Edge<AuditEntry>>,
    /// The entries alone.
    nodes: Vec<AuditEntry>,
    /// Where the page stands.
    page_info: PageInfo,
    /// Whether the list does not show `minPosition` yet.
    stale: bool,
    #[graphql(skip)]
    wanted: Wanted,
}

#[async_graphql::ComplexObject]
impl AuditEntryConnection {
    /// How many entries there are in all, counted up to 10,000.
    #[graphql(complexity = 50)]
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i64> {
        let counted = audit_entry::count(&parts(ctx)?.pool, &self.wanted, MOST_COUNTED).await;
        counted.map_err(|it| postgres(ctx, &it))
    }
}

/// What can be asked of the audit.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct AuditQuery;

/// What can be asked of the audit.
#[Object]
impl AuditQuery {
    /// Who did what, the newest first: one entry for each event of the log. Only for auditors.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn audit_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only entries for which all of this holds.")] filter: Option<AuditFilter>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<AuditEntryConnection> {
        may_read(ctx, Read::Audit)?;
        let looks = &parts(ctx)?.looks;
        let wanted = filter
            .unwrap_or_default()
            .wanted(looks)
            .map_err(|it| problem(ctx, it))?;
        let args = PageArgs::try_new(first, after, last, before, true).map_err(|it| problem(ctx, it))?;
        let place = |field, cursor: &Option<String>| cursor.as_deref().map(|it| place(field, it)).transpose();
        let part = Part {
            older_than: place("after", &args.after).map_err(|it| problem(ctx, it))?,
            newer_than: place("before", &args.before).map_err(|it| problem(ctx, it))?,
            limit: i64::from(args.count) + 1,
            from_end: args.from_end,
        };
        let parts = parts(ctx)?;
        let stale = match min_position {
            Some(LogPosition(turn)) => !parts.live.reached(audit_entry::NAME, turn.shown_at()).await,
            None => false,
        };
        let rows = audit_entry::page(&parts.pool, &wanted, part).await;
        let (rows, more) = args.cut(rows.map_err(|it| postgres(ctx, &it))?);
        // Whose data stands in the entries is among what they are about.
        for it in &rows {
            shows(ctx, Exposed::Audit, it.object_id);
        }
        let edges: Vec<Edge<AuditEntry>> = rows.into_iter().map(edge).collect();
        Ok(AuditEntryConnection {
            page_info: args.info(&edges, more),
            nodes: edges.iter().map(|it| it.node.clone()).collect(),
            edges,
            stale,
            wanted,
        })
    }
}

fn edge(entry: Entry) -> Edge<AuditEntry> {
    Edge {
        cursor: URL_SAFE_NO_PAD.encode(format!("audit:{}:{}", entry.at.timestamp_micros(), entry.position)),
        node: entry.into(),
    }
}

fn place(field: &'static str, cursor: &str) -> Result<Place, Problem> {
    let parse = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (at, position) = text.strip_prefix("audit:")?.split_once(':')?;
        Some((
            DateTime::from_timestamp_micros(at.parse().ok()?)?,
            position.parse().ok()?,
        ))
    };
    parse().ok_or_else(|| Problem::bad_input(field, cursor, "курсор этого списка", "a cursor of this list"))
}
