//! Who changed what.

use async_graphql::{Context, OutputType, Result, SimpleObject};
use chrono::{DateTime, Utc};
use commands::Read;
use domain::organisation::Definition;
use event_store::Position;
use projections::organisation::{ItemRow, RevisionRow, Section, count_history, history};
use uuid::Uuid;

use super::{
    objects::{
        Branch, CannedReply, Category, Classification, CustomField, Inbox, Macro, RegionMap, Skill, StatusLabel, Tag,
        Team,
    },
    thing::{Thing, from_row},
    words::What,
};
use crate::graphql::{
    LogPosition,
    connection::{Edge, PageArgs, PageInfo},
    cursor::Numbered,
    may_read, parts, postgres, problem,
};

/// One thing that happened to an item of configuration.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(concrete(name = "BranchRevision", params(Branch)))]
#[graphql(concrete(name = "TeamRevision", params(Team)))]
#[graphql(concrete(name = "SkillRevision", params(Skill)))]
#[graphql(concrete(name = "InboxRevision", params(Inbox)))]
#[graphql(concrete(name = "CategoryRevision", params(Category)))]
#[graphql(concrete(name = "TagRevision", params(Tag)))]
#[graphql(concrete(name = "CustomFieldRevision", params(CustomField)))]
#[graphql(concrete(name = "StatusLabelRevision", params(StatusLabel)))]
#[graphql(concrete(name = "CannedReplyRevision", params(CannedReply)))]
#[graphql(concrete(name = "MacroRevision", params(Macro)))]
#[graphql(concrete(name = "ClassificationRevision", params(Classification)))]
#[graphql(concrete(name = "RegionMapRevision", params(RegionMap)))]
pub(in crate::graphql) struct Revision<T: OutputType> {
    /// What happened.
    what: What,
    /// Its version from then on.
    version: i64,
    /// When it was decided.
    at: DateTime<Utc>,
    /// Who did it: `kind:id`.
    actor: String,
    /// Place of the event in the log.
    position: LogPosition,
    /// As it was before; null when it did not exist.
    before: Option<T>,
    /// As it was after that.
    after: T,
}

/// A revision of a branch.
pub(in crate::graphql) type BranchRevision = Revision<Branch>;
/// A revision of a team.
pub(in crate::graphql) type TeamRevision = Revision<Team>;
/// A revision of a skill.
pub(in crate::graphql) type SkillRevision = Revision<Skill>;
/// A revision of an inbox.
pub(in crate::graphql) type InboxRevision = Revision<Inbox>;
/// A revision of a category.
pub(in crate::graphql) type CategoryRevision = Revision<Category>;
/// A revision of a tag.
pub(in crate::graphql) type TagRevision = Revision<Tag>;
/// A revision of a custom field.
pub(in crate::graphql) type CustomFieldRevision = Revision<CustomField>;
/// A revision of a status label.
pub(in crate::graphql) type StatusLabelRevision = Revision<StatusLabel>;
/// A moment of a canned reply.
pub(in crate::graphql) type CannedReplyRevision = Revision<CannedReply>;
/// A moment of a macro.
pub(in crate::graphql) type MacroRevision = Revision<Macro>;
pub(in crate::graphql) type ClassificationRevision = Revision<Classification>;
/// A revision of the region map.
pub(in crate::graphql) type RegionMapRevision = Revision<RegionMap>;

/// A page of a history, oldest first.
#[derive(Debug, SimpleObject)]
#[graphql(concrete(name = "BranchHistory", params(Branch)))]
#[graphql(concrete(name = "TeamHistory", params(Team)))]
#[graphql(concrete(name = "SkillHistory", params(Skill)))]
#[graphql(concrete(name = "InboxHistory", params(Inbox)))]
#[graphql(concrete(name = "CategoryHistory", params(Category)))]
#[graphql(concrete(name = "TagHistory", params(Tag)))]
#[graphql(concrete(name = "CustomFieldHistory", params(CustomField)))]
#[graphql(concrete(name = "StatusLabelHistory", params(StatusLabel)))]
#[graphql(concrete(name = "CannedReplyHistory", params(CannedReply)))]
#[graphql(concrete(name = "MacroHistory", params(Macro)))]
#[graphql(concrete(name = "ClassificationHistory", params(Classification)))]
#[graphql(concrete(name = "RegionMapHistory", params(RegionMap)))]
pub(super) struct History<T: OutputType>
where
    Revision<T>: OutputType,
    Edge<Revision<T>>: OutputType,
{
    /// The revisions with their cursors.
    edges: Vec<Edge<Revision<T>>>,
    /// The revisions alone.
    nodes: Vec<Revision<T>>,
    /// Where the page stands.
    page_info: PageInfo,
    /// How many revisions there are in all; counted only when asked for.
    total_count: i64,
}

/// What happened to an item, up to a version if it is seen in the past.
pub(super) async fn of<T>(
    ctx: &Context<'_>,
    (id, until): (Uuid, Option<i64>),
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
    before: Option<String>,
) -> Result<History<T>>
where
    T: Thing,
    Revision<T>: OutputType + Clone,
    Edge<Revision<T>>: OutputType,
{
    may_read(ctx, Read::Configuration)?;
    let args = PageArgs::try_new(first, after, last, before, true).map_err(|it| problem(ctx, it))?;
    let revisions = Numbered::Item(id);
    let bound = |field, cursor: Option<&String>| {
        let version = cursor.map(|it| revisions.number(field, it)).transpose();
        version.map_err(|it| problem(ctx, it))
    };
    let end = until.map(|it| it.saturating_add(1));
    let before = bound("before", args.before.as_ref())?;
    let section = Section {
        after: bound("after", args.after.as_ref())?,
        before: [before, end].into_iter().flatten().min(),
        limit: i64::from(args.count) + 1,
        from_end: args.from_end,
    };
    let pool = &parts(ctx)?.pool;
    let rows = history(pool, id, section).await.map_err(|it| postgres(ctx, &it))?;
    let (rows, more) = args.cut(rows);
    let mut edges = Vec::with_capacity(rows.len());
    for row in rows {
        edges.push(Edge {
            cursor: revisions.cursor(row.version),
            node: revision(ctx, id, row)?,
        });
    }
    let total_count = match until {
        Some(version) => version,
        None if ctx.look_ahead().field("totalCount").exists() => {
            count_history(pool, id).await.map_err(|it| postgres(ctx, &it))?
        }
        None => 0,
    };
    Ok(History {
        page_info: args.info(&edges, more),
        nodes: edges.iter().map(|it| it.node.clone()).collect(),
        edges,
        total_count,
    })
}

fn revision<T: Thing>(ctx: &Context<'_>, id: Uuid, row: RevisionRow) -> Result<Revision<T>>
where
    Revision<T>: OutputType,
{
    let what = What::parse(&row.what).unwrap_or(What::Revised);
    let as_of = |definition: String, version: i64, retired: bool, at: DateTime<Utc>| ItemRow {
        id,
        kind: T::Definition::KIND.as_str().to_owned(),
        version,
        key: None,
        name: String::new(),
        folded_name: String::new(),
        definition,
        retired,
        created_at: row.created_at,
        updated_at: at,
    };
    // A retired item is not revised: only a restoration finds it retired, only a retirement leaves it so.
    let earlier = row.before.map(|it| {
        as_of(
            it,
            row.version - 1,
            what == What::Restored,
            row.before_at.unwrap_or(row.at),
        )
    });
    let later = as_of(row.definition, row.version, what == What::Retired, row.at);
    Ok(Revision {
        what,
        version: row.version,
        at: row.at,
        actor: row.actor,
        position: LogPosition::from(Position(u64::try_from(row.position).unwrap_or_default())),
        before: earlier.map(|it| from_row(ctx, &it)).transpose()?,
        after: from_row(ctx, &later)?,
    })
}
