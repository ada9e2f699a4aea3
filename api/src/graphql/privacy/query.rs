use async_graphql::{Context, ID, Object, Result, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use commands::Read;
use domain::reading::Exposed;
use projections::person_privacy::{self, PrivacyRow};
use uuid::Uuid;

use super::{
    object::PersonPrivacy,
    retention::{RetentionPreview, preview},
};
use crate::{
    graphql::{
        LogPosition,
        connection::{Edge, PageArgs, PageInfo, cost},
        may_read, parts, postgres, problem, shows,
    },
    problem::Problem,
};

/// What can be asked about people's data.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct PrivacyQuery;

/// A page of people of whose data anything was said, the newest first.
#[derive(Debug, SimpleObject)]
pub(in crate::graphql) struct PersonPrivacyConnection {
    /// The people with their cursors.
    edges: Vec<Edge<PersonPrivacy>>,
    /// The people alone.
    nodes: Vec<PersonPrivacy>,
    /// Where the page stands.
    page_info: PageInfo,
}

/// What can be asked about people's data.
#[Object]
impl PrivacyQuery {
    /// Whether a person's data is to be erased, is held, or was erased; null when nothing was ever said of it.
    async fn person_privacy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of a contact, a user, or a ticket whose customer is not known; or a uuid.")] person_id: ID,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Option<PersonPrivacy>> {
        may_read(ctx, Read::Privacy)?;
        let id = person("personId", &person_id).map_err(|it| problem(ctx, it))?;
        if let Some(LogPosition(turn)) = min_position {
            parts(ctx)?.live.reached(person_privacy::NAME, turn.shown_at()).await;
        }
        by_id(ctx, id).await.map_err(|it| postgres(ctx, &it))
    }

    /// What the retention of an inbox would do now, or does next; null when it keeps everything.
    #[graphql(complexity = 1000)]
    async fn retention_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the inbox.")] inbox_id: ID,
    ) -> Result<Option<RetentionPreview>> {
        may_read(ctx, Read::Privacy)?;
        preview(ctx, &inbox_id).await
    }

    /// Requests for erasure, holds and erasures of all people, the newest first.
    #[graphql(complexity = "cost(first, None, child_complexity)")]
    async fn people_privacy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
    ) -> Result<PersonPrivacyConnection> {
        may_read(ctx, Read::Privacy)?;
        let args = PageArgs::try_new(first, after, None, None, true).map_err(|it| problem(ctx, it))?;
        let behind = args
            .after
            .as_deref()
            .map(place)
            .transpose()
            .map_err(|it| problem(ctx, it))?;
        let rows = person_privacy::newest(&parts(ctx)?.pool, behind, i64::from(args.count) + 1).await;
        let (rows, more) = args.cut(rows.map_err(|it| postgres(ctx, &it))?);
        let now = parts(ctx)?.door.clock.now();
        let edges: Vec<Edge<PersonPrivacy>> = rows.into_iter().map(|it| edge(shown(ctx, now, it))).collect();
        Ok(PersonPrivacyConnection {
            page_info: args.info(&edges, more),
            nodes: edges.iter().map(|it| it.node.clone()).collect(),
            edges,
        })
    }
}

pub(super) async fn by_id(ctx: &Context<'_>, id: Uuid) -> std::result::Result<Option<PersonPrivacy>, sqlx::Error> {
    let Ok(parts) = parts(ctx) else { return Ok(None) };
    let row = person_privacy::of(&parts.pool, id).await?;
    Ok(row.map(|it| shown(ctx, parts.door.clock.now(), it)))
}

/// What is said of a person's data may be about the person.
fn shown(ctx: &Context<'_>, now: DateTime<Utc>, row: PrivacyRow) -> PersonPrivacy {
    if row.note.is_some() || row.holds.iter().any(|it| it.binds(now)) {
        shows(ctx, Exposed::Contact, row.person_id);
    }
    PersonPrivacy::at(now, row)
}

/// The uuid in the id of a person, of whatever sort.
pub(crate) fn person(field: &'static str, id: &ID) -> Result<Uuid, Problem> {
    let within = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id.trim_end_matches('=')).ok()?).ok()?;
        let (kind, uuid) = text.split_once(':')?;
        uuid.parse()
            .ok()
            .filter(|_| ["Contact", "Agent", "Ticket"].contains(&kind))
    };
    Uuid::parse_str(id).ok().or_else(within).ok_or_else(|| {
        let (russian, english) = (
            "id контакта, сотрудника или заявки",
            "the id of a contact, a user or a ticket",
        );
        Problem::bad_input(field, id, russian, english).about(field)
    })
}

fn edge(node: PersonPrivacy) -> Edge<PersonPrivacy> {
    let (at, id) = node.place;
    Edge {
        cursor: URL_SAFE_NO_PAD.encode(format!("privacy:{}:{id}", at.timestamp_micros())),
        node,
    }
}

fn place(cursor: &str) -> Result<(DateTime<Utc>, Uuid), Problem> {
    let parse = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (at, id) = text.strip_prefix("privacy:")?.split_once(':')?;
        Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?))
    };
    parse().ok_or_else(|| Problem::bad_input("after", cursor, "курсор этого списка", "a cursor of this list"))
}
