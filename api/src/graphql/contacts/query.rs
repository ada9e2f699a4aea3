use async_graphql::{ComplexObject, Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use commands::Read;
use projections::{
    contact_card::{self, list::Contacts},
    list::{
        Table,
        filter::Condition,
        page::{Order, PageRequest, count, page},
    },
    organization::{self, list::Organizations},
};
use uuid::Uuid;

use super::{
    filter::{self, ContactFilter, ContactOrder, OrganizationOrder},
    input::HandleInput,
    types::{Contact, Organization, load},
};
use crate::{
    graphql::{
        connection::{Edge, PageArgs, PageInfo},
        cursor,
        ids::{Kind, LogPosition, required},
        may_read, parts, postgres, problem,
        travel::{self, instant},
    },
    problem::Problem,
};

/// What can be asked about contacts.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct ContactsQuery;

macro_rules! connections {
    ($($(#[doc = $doc:literal])* $name:ident of $node:ident in $table:ident;)+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, SimpleObject)]
            #[graphql(complex)]
            pub(super) struct $name {
                /// The nodes with their cursors.
                edges: Vec<Edge<$node>>,
                /// The nodes alone.
                nodes: Vec<$node>,
                /// Where the page stands.
                page_info: PageInfo,
                /// Whether the list does not show `minPosition` yet.
                stale: bool,
                #[graphql(skip)]
                condition: Condition<$table>,
            }

            #[ComplexObject]
            impl $name {
                /// How many there are in all pages; counted only when asked for.
                #[graphql(complexity = 10)]
                async fn total_count(&self, ctx: &Context<'_>) -> Result<i64> {
                    let counted = count(&parts(ctx)?.pool, &self.condition).await;
                    counted.map_err(|it| postgres(ctx, &it))
                }
            }
        )+
    };
}

connections! {
    /// A page of contacts.
    ContactConnection of Contact in Contacts;
    /// A page of organizations.
    OrganizationConnection of Organization in Organizations;
}

/// What can be asked about contacts.
#[Object]
impl ContactsQuery {
    /// The contact with this id, a merged one as itself; null when there is none, or was none then.
    async fn contact(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the contact.")] id: ID,
        #[graphql(desc = "As it was at this instant.")] as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Option<Contact>> {
        may_read(ctx, Read::Contacts)?;
        let uuid = required(Kind::Contact, "id", &id).map_err(|it| problem(ctx, it))?;
        refuse_stale(ctx, contact_card::NAME, min_position).await?;
        match instant(ctx, as_of).await? {
            Some(at) => {
                let found = super::past::load(ctx, &[uuid], at).await?;
                Ok(found.get(&uuid).map(|it| (**it).clone()))
            }
            None => one(ctx, uuid).await,
        }
    }

    /// The contact that is reached by this handle; of a merged one, the contact it was merged into. Null when there is
    /// none.
    async fn contact_by_handle(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The handle, in any spelling.")] handle: HandleInput,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Option<Contact>> {
        may_read(ctx, Read::Contacts)?;
        let handle = handle.checked(&["handle", "value"]).map_err(|it| problem(ctx, it))?;
        refuse_stale(ctx, contact_card::NAME, min_position).await?;
        let pool = &parts(ctx)?.pool;
        let found = contact_card::by_handle(pool, handle.channel().as_str(), handle.value()).await;
        match found.map_err(|it| postgres(ctx, &it))?.first() {
            Some(id) => {
                let contact = super::by_id::shown(ctx, &[*id], None).await?.remove(id);
                Ok(contact.map(|it| (*it).clone()))
            }
            None => Ok(None),
        }
    }

    /// Contacts, by name by default. Give `first` or `last`, 1 to 100, unless only `totalCount` is asked for.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    #[graphql(complexity = "crate::graphql::connection::cost(first, last, child_complexity)")]
    async fn contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or after `after`.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which contacts; all by default.")] filter: Option<ContactFilter>,
        #[graphql(desc = "In which order.")] order_by: Option<Vec<ContactOrder>>,
        #[graphql(desc = "Show merged contacts too.", default = false)] include_merged: bool,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<ContactConnection> {
        may_read(ctx, Read::Contacts)?;
        let args = args(ctx, first, after, last, before)?;
        let condition = filter::condition(filter, include_merged).map_err(|it| problem(ctx, it))?;
        let order = filter::order(order_by).map_err(|it| problem(ctx, it))?;
        let stale = is_stale(ctx, contact_card::NAME, min_position).await?;
        let (rows, more) = rows(ctx, &args, &order, &condition).await?;
        let ids: Vec<Uuid> = rows.iter().map(|it| it.contact_id).collect();
        let contacts = load(&parts(ctx)?.pool, &ids).await.map_err(|it| postgres(ctx, &it))?;
        let edges: Vec<_> = rows
            .iter()
            .filter_map(|row| {
                Some(Edge {
                    cursor: cursor::of_row(&order, row),
                    node: (**contacts.get(&row.contact_id)?).clone(),
                })
            })
            .collect();
        Ok(ContactConnection {
            nodes: edges.iter().map(|it| it.node.clone()).collect(),
            page_info: args.info(&edges, more),
            edges,
            stale,
            condition,
        })
    }

    /// The organization with this id; null when there is none, or was none then.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the organization.")] id: ID,
        #[graphql(desc = "As it was at this instant.")] as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Option<Organization>> {
        may_read(ctx, Read::Contacts)?;
        let uuid = required(Kind::Organization, "id", &id).map_err(|it| problem(ctx, it))?;
        refuse_stale(ctx, organization::NAME, min_position).await?;
        if let Some(at) = instant(ctx, as_of).await? {
            let row = travel::organization(ctx, uuid, at).await?;
            return Ok(row.map(|it| Organization::from(it).at(Some(at))));
        }
        let rows = organization::by_ids(&parts(ctx)?.pool, &[uuid]).await;
        Ok(rows.map_err(|it| postgres(ctx, &it))?.pop().map(Organization::from))
    }

    /// Organizations, by name by default. Give `first` or `last`, 1 to 100, unless only `totalCount` is asked for.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    #[graphql(complexity = "crate::graphql::connection::cost(first, last, child_complexity)")]
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or after `after`.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
        #[graphql(desc = "Words in the name, in any order; case and ё do not matter.")] name: Option<String>,
        #[graphql(desc = "In which order.")] order_by: Option<Vec<OrganizationOrder>>,
        #[graphql(desc = "Show retired ones too.", default = false)] include_retired: bool,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<OrganizationConnection> {
        may_read(ctx, Read::Contacts)?;
        let args = args(ctx, first, after, last, before)?;
        let condition = filter::organizations(name, include_retired).map_err(|it| problem(ctx, it))?;
        let order = filter::order_of_organizations(order_by).map_err(|it| problem(ctx, it))?;
        let stale = is_stale(ctx, organization::NAME, min_position).await?;
        let (rows, more) = rows(ctx, &args, &order, &condition).await?;
        let edges: Vec<_> = rows
            .into_iter()
            .map(|row| Edge {
                cursor: cursor::of_row(&order, &row),
                node: Organization::from(row),
            })
            .collect();
        Ok(OrganizationConnection {
            nodes: edges.iter().map(|it| it.node.clone()).collect(),
            page_info: args.info(&edges, more),
            edges,
            stale,
            condition,
        })
    }
}

pub(super) async fn one(ctx: &Context<'_>, id: Uuid) -> Result<Option<Contact>> {
    let found = load(&parts(ctx)?.pool, &[id]).await.map_err(|it| postgres(ctx, &it))?;
    Ok(found.get(&id).map(|it| (**it).clone()))
}

fn args(
    ctx: &Context<'_>,
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
    before: Option<String>,
) -> Result<PageArgs> {
    let wanted = ["edges", "nodes", "pageInfo"];
    let wanted = wanted.iter().any(|it| ctx.look_ahead().field(it).exists());
    PageArgs::try_new(first, after, last, before, wanted).map_err(|it| problem(ctx, it))
}

/// The rows of a page, and whether there are more.
async fn rows<T: Table>(
    ctx: &Context<'_>,
    args: &PageArgs,
    order: &[Order<T>],
    condition: &Condition<T>,
) -> Result<(Vec<T::Row>, bool)> {
    let place = |field, cursor: Option<&String>| {
        let place = cursor.map(|it| cursor::place(field, order, it)).transpose();
        place.map_err(|it| problem(ctx, it))
    };
    let request = PageRequest {
        after: place("after", args.after.as_ref())?,
        before: place("before", args.before.as_ref())?,
        limit: i64::from(args.count) + 1,
        from_end: args.from_end,
        order: order.to_vec(),
        condition: condition.clone(),
    };
    if args.count == 0 {
        return Ok((Vec::new(), false));
    }
    let rows = page(&parts(ctx)?.pool, &request)
        .await
        .map_err(|it| postgres(ctx, &it))?;
    Ok(args.cut(rows))
}

async fn is_stale(ctx: &Context<'_>, model: &str, min_position: Option<LogPosition>) -> Result<bool> {
    match min_position {
        Some(LogPosition(position)) => Ok(!parts(ctx)?.live.reached(model, position.shown_at()).await),
        None => Ok(false),
    }
}

async fn refuse_stale(ctx: &Context<'_>, model: &str, min_position: Option<LogPosition>) -> Result<()> {
    if is_stale(ctx, model, min_position).await? {
        let english = "what you ask for does not show yet: ask again";
        let late = Problem::new("STALE", "запрошенное ещё не видно: повторите запрос", english);
        return Err(problem(ctx, late));
    }
    Ok(())
}
