//! Lists of one kind, by name.

use async_graphql::{Context, InputObject, OutputType, Result, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use commands::Read;
use domain::organisation::Definition;
use projections::organisation::{ItemRow, NAME, Place, Section, Wanted, count, list_at, page, section_of};

use super::{
    objects::{Branch, CannedReply, Category, CustomField, Inbox, Macro, Skill, StatusLabel, Tag, Team},
    thing::{Thing, from_row_at},
};
use crate::{
    graphql::{
        LogPosition,
        connection::{Edge, PageArgs, PageInfo},
        may_read, parts, postgres, problem,
        travel::instant,
    },
    problem::Problem,
};

/// A page of things of one kind, by name.
#[derive(Debug, SimpleObject)]
#[graphql(concrete(name = "BranchConnection", params(Branch)))]
#[graphql(concrete(name = "TeamConnection", params(Team)))]
#[graphql(concrete(name = "SkillConnection", params(Skill)))]
#[graphql(concrete(name = "InboxConnection", params(Inbox)))]
#[graphql(concrete(name = "CategoryConnection", params(Category)))]
#[graphql(concrete(name = "TagConnection", params(Tag)))]
#[graphql(concrete(name = "CustomFieldConnection", params(CustomField)))]
#[graphql(concrete(name = "StatusLabelConnection", params(StatusLabel)))]
#[graphql(concrete(name = "CannedReplyConnection", params(CannedReply)))]
#[graphql(concrete(name = "MacroConnection", params(Macro)))]
pub(super) struct Connection<T: OutputType>
where
    Edge<T>: OutputType,
{
    /// The things with their cursors.
    edges: Vec<Edge<T>>,
    /// The things alone.
    nodes: Vec<T>,
    /// Where the page stands.
    page_info: PageInfo,
    /// Whether the list does not show `minPosition` yet.
    stale: bool,
    /// How many there are in all pages; counted only when asked for.
    total_count: i64,
}

/// Which things of one kind; all that is given must hold.
#[derive(Debug, Clone, Default, InputObject)]
pub(super) struct OrganisationFilter {
    /// Whose names hold this, whatever the capitals, 1 to 100 characters.
    name_contains: Option<String>,
    /// Only those out of use, or with `false` only those in use; both by default.
    retired: Option<bool>,
}

/// What a list is asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
    pub(super) filter: Option<OrganisationFilter>,
    pub(super) as_of: Option<DateTime<Utc>>,
    pub(super) min_position: Option<LogPosition>,
}

pub(super) async fn list<T: Thing>(ctx: &Context<'_>, asked: Asked) -> Result<Connection<T>>
where
    Edge<T>: OutputType,
{
    may_read(ctx, Read::Configuration)?;
    let looks = |field: &str| ctx.look_ahead().field(field).exists();
    let nodes_wanted = ["edges", "nodes", "pageInfo"].iter().any(|it| looks(it));
    let args = PageArgs::try_new(asked.first, asked.after, asked.last, asked.before, nodes_wanted);
    let args = args.map_err(|it| problem(ctx, it))?;
    let wanted = wanted::<T>(asked.filter.unwrap_or_default()).map_err(|it| problem(ctx, it))?;
    let place = |field, cursor: Option<&String>| {
        let place = cursor.map(|it| place(field, wanted.kind.as_str(), it)).transpose();
        place.map_err(|it| problem(ctx, it))
    };
    let section = Section {
        after: place("after", args.after.as_ref())?,
        before: place("before", args.before.as_ref())?,
        limit: i64::from(args.count) + 1,
        from_end: args.from_end,
    };
    let parts = parts(ctx)?;
    let stale = match asked.min_position {
        Some(LogPosition(turn)) => !parts.live.reached(NAME, turn.shown_at()).await,
        None => false,
    };
    let as_of = instant(ctx, asked.as_of).await?;
    let (rows, total_count) = match as_of {
        Some(at) => {
            let all = list_at(&parts.pool, &wanted, at)
                .await
                .map_err(|it| postgres(ctx, &it))?;
            let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
            (section_of(all, &section), count)
        }
        None => now(ctx, &wanted, section).await?,
    };
    let (rows, more) = args.cut(rows);
    let mut edges = Vec::with_capacity(rows.len());
    for row in &rows {
        edges.push(Edge {
            cursor: cursor(&row.kind, (&row.folded_name, row.id)),
            node: from_row_at::<T>(ctx, row, as_of)?,
        });
    }
    Ok(Connection {
        page_info: args.info(&edges, more),
        nodes: edges.iter().map(|it| it.node.clone()).collect(),
        edges,
        stale,
        total_count,
    })
}

/// The rows of a page as they are now, and how many there are in all pages, if that is asked for.
async fn now(ctx: &Context<'_>, wanted: &Wanted, section: Section<Place>) -> Result<(Vec<ItemRow>, i64)> {
    let pool = &parts(ctx)?.pool;
    // One row more than the page has.
    let rows = if section.limit <= 1 {
        Vec::new()
    } else {
        page(pool, wanted, section).await.map_err(|it| postgres(ctx, &it))?
    };
    let total_count = if ctx.look_ahead().field("totalCount").exists() {
        count(pool, wanted).await.map_err(|it| postgres(ctx, &it))?
    } else {
        0
    };
    Ok((rows, total_count))
}

fn wanted<T: Thing>(filter: OrganisationFilter) -> Result<Wanted, Problem> {
    let OrganisationFilter { name_contains, retired } = filter;
    if let Some(text) = &name_contains
        && (text.contains('\0') || !(1..=100).contains(&text.trim().chars().count()))
    {
        let (russian, english) = ("от 1 до 100 символов, без NUL", "1 to 100 characters, without NUL");
        return Err(Problem::bad_input("nameContains", text, russian, english));
    }
    Ok(Wanted {
        kind: T::Definition::KIND,
        name_contains,
        retired,
    })
}

/// `kind:id:name`: the name comes last, for it may hold anything.
fn cursor(kind: &str, (name, id): (&str, uuid::Uuid)) -> String {
    URL_SAFE_NO_PAD.encode(format!("{kind}:{id}:{name}"))
}

fn place(field: &str, kind: &str, cursor: &str) -> Result<Place, Problem> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor.trim_end_matches('=')).ok()?).ok()?;
        let (id, name) = text.strip_prefix(kind)?.strip_prefix(':')?.split_once(':')?;
        (!name.contains('\0')).then_some((name.to_owned(), id.parse().ok()?))
    };
    let foreign = || {
        let (russian, english) = ("курсор этого же списка", "a cursor of the same list");
        Problem::bad_input(field, cursor, russian, english)
    };
    read().ok_or_else(foreign)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{cursor, place};

    #[test]
    fn cursor_reads_back_only_in_its_list() {
        let id = Uuid::from_u128(7);
        let text = cursor("branch", ("екатеринбург: центр", id));
        assert_eq!(
            place("after", "branch", &text).unwrap(),
            ("екатеринбург: центр".to_owned(), id)
        );
        assert!(place("after", "team", &text).is_err());
        for wrong in ["", "xxx", &cursor("branch", ("a\0", id))] {
            assert!(place("after", "branch", wrong).is_err());
        }
    }
}
