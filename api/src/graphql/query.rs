use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use projections::{
    TicketRow,
    list::page::{PageRequest, count, page},
    ticket_list::{
        self,
        filter::{Condition, Tickets},
    },
};

use super::{
    builds::{self, ParkedEvent, Projection},
    caller,
    connection::{Edge, PageArgs, PageInfo},
    cursor,
    filter::{TicketFilter, TicketOrder, listed, order},
    ids::{self, Kind, LogPosition},
    life::me,
    node::{Node, things},
    parts, postgres, problem, related,
    sight::{Sight, sight},
    stale,
    ticket::Ticket,
    travel::{self, Past, Seen, answerable, instant, moment},
};
use crate::problem::internal;

/// A page of tickets.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub(super) struct TicketConnection {
    /// The tickets with their cursors.
    edges: Vec<Edge<Ticket>>,
    /// The tickets alone.
    nodes: Vec<Ticket>,
    /// Where the page stands.
    page_info: PageInfo,
    /// Whether the list does not show `minPosition` yet.
    stale: bool,
    #[graphql(skip)]
    condition: Condition,
    #[graphql(skip)]
    as_of: Option<DateTime<Utc>>,
}

#[async_graphql::ComplexObject]
impl TicketConnection {
    /// How many tickets there are in all pages; counted only when asked for.
    #[graphql(complexity = 10)]
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i64> {
        if let Some(at) = self.as_of {
            let counted = travel::counted(ctx, &sight(ctx)?, at, std::slice::from_ref(&self.condition)).await?;
            return Ok(counted.first().map_or(0, |it| it.value));
        }
        count(&parts(ctx)?.pool, &self.condition)
            .await
            .map_err(|it| postgres(ctx, &it))
    }
}

/// What can be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query;

/// What can be asked about tickets, and about anything by its id.
#[Object(name = "TicketQuery")]
impl Query {
    /// The thing with this global id; null when there is none.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "Opaque global id.")] id: ID) -> Result<Option<Node>> {
        Ok(things(ctx, std::slice::from_ref(&id)).await?.pop().flatten())
    }

    /// The things with these global ids, at most 100, in their order; null where there is none.
    #[graphql(complexity = "ids.len().min(100) * child_complexity + 1")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Opaque global ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > 100 {
            let many = ids.len().to_string();
            let bad = crate::problem::Problem::bad_input("ids", &many, "не больше 100", "at most 100");
            return Err(problem(ctx, bad));
        }
        things(ctx, &ids).await
    }

    /// The ticket with this id; null when there is none, or was none then. Who may see it now may look at its past.
    async fn ticket(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the ticket.")] id: ID,
        #[graphql(desc = "As it was at this instant.")] as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "As its version with this number was, from 1.")] at_version: Option<i64>,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Option<Ticket>> {
        let seen = sight(ctx)?;
        let uuid = ids::required(Kind::Ticket, "id", &id).map_err(|it| problem(ctx, it))?;
        refuse_stale(ctx, min_position).await?;
        let row = parts(ctx)?
            .tickets
            .by_id(uuid)
            .await
            .map_err(|it| problem(ctx, internal(&it)))?;
        Box::pin(seen_at(ctx, row.filter(|it| seen.holds(it)), as_of, at_version)).await
    }

    /// The ticket with this number; null when there is none, or was none then.
    async fn ticket_by_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of the ticket.")] number: i64,
        #[graphql(desc = "As it was at this instant.")] as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "As its version with this number was, from 1.")] at_version: Option<i64>,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<Option<Ticket>> {
        let seen = sight(ctx)?;
        refuse_stale(ctx, min_position).await?;
        let row = ticket_list::by_number(&parts(ctx)?.pool, number)
            .await
            .map_err(|it| postgres(ctx, &it))?;
        Box::pin(seen_at(ctx, row.filter(|it| seen.holds(it)), as_of, at_version)).await
    }

    /// How each build of each read model is doing, by model and age. Only for those who operate the system.
    #[graphql(complexity = "10 + child_complexity")]
    async fn projections(&self, ctx: &Context<'_>) -> Result<Vec<Projection>> {
        builds::now(ctx).await
    }

    /// Events that could not be applied and those that wait behind them, by build and place in the log. Only for those
    /// who operate the system.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity + 1")]
    async fn parked_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Name of a read model; all by default.")] model: Option<String>,
        #[graphql(desc = "At most so many, 1 to 100.", default = 50)] first: i32,
    ) -> Result<Vec<ParkedEvent>> {
        builds::parked(ctx, model.as_deref(), first).await
    }

    /// Tickets, newest number first by default. Give `first` or `last`, 1 to 100, unless only `totalCount` is asked for.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    #[graphql(complexity = "super::connection::cost(first, last, child_complexity)")]
    async fn tickets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or after `after`.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which tickets; by default all but those put away or merged into others.")] filter: Option<
            TicketFilter,
        >,
        #[graphql(desc = "In which order.")] order_by: Option<Vec<TicketOrder>>,
        #[graphql(desc = "As they were at this instant, those of them that you may see now.")] as_of: Option<
            DateTime<Utc>,
        >,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<TicketConnection> {
        let as_of = instant(ctx, as_of).await?;
        let asked = Asked {
            first,
            after,
            last,
            before,
            filter,
            order_by,
            min_position,
            as_of,
        };
        ticket_page(ctx, asked, None).await
    }
}

/// A ticket that the caller may see, at the moment that is asked for.
async fn seen_at(
    ctx: &Context<'_>,
    now: Option<TicketRow>,
    as_of: Option<DateTime<Utc>>,
    at_version: Option<i64>,
) -> Result<Option<Ticket>> {
    let when = moment(ctx, &[], as_of, at_version).await?;
    match (now, when) {
        (Some(now), Some(when)) => travel::past_of(ctx, now, when).await,
        (now, _) => Ok(now.map(Ticket::from)),
    }
}

/// Which page of tickets is asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
    pub(super) filter: Option<TicketFilter>,
    pub(super) order_by: Option<Vec<TicketOrder>>,
    pub(super) min_position: Option<LogPosition>,
    /// At this instant, of which there is a history.
    pub(super) as_of: Option<DateTime<Utc>>,
}

/// A page of tickets, only of those `within`.
pub(super) async fn ticket_page(
    ctx: &Context<'_>,
    asked: Asked,
    within: Option<Condition>,
) -> Result<TicketConnection> {
    let Asked {
        first,
        after,
        last,
        before,
        mut filter,
        order_by,
        min_position,
        as_of,
    } = asked;
    let seen = sight(ctx)?;
    let wanted = ["edges", "nodes", "pageInfo"]
        .iter()
        .any(|it| ctx.look_ahead().field(it).exists());
    let args = PageArgs::try_new(first, after, last, before, wanted).map_err(|it| problem(ctx, it))?;
    let order = order(order_by).map_err(|it| problem(ctx, it))?;
    if as_of.is_some() {
        answerable(filter.as_mut(), &order).map_err(|it| problem(ctx, it))?;
    }
    let mut condition = listed(filter, me(&caller(ctx)?.viewer)).map_err(|it| problem(ctx, it))?;
    if let Some(within) = within {
        condition = Condition::And(vec![within, condition]);
    }
    let condition = match as_of {
        // Rights go by where tickets belong now.
        Some(_) => condition,
        None => seen.narrow(condition),
    };
    let place = |field, cursor: Option<&String>| {
        cursor
            .map(|it| cursor::place(field, &order, it))
            .transpose()
            .map_err(|it| problem(ctx, it))
    };
    let request = PageRequest {
        after: place("after", args.after.as_ref())?,
        before: place("before", args.before.as_ref())?,
        limit: i64::from(args.count) + 1,
        from_end: args.from_end,
        order: order.clone(),
        condition,
    };
    let stale = stale(ctx, min_position).await?;
    let (rows, past) = match args.count {
        0 => (Vec::new(), None),
        _ => rows_of(ctx, &seen, &request, as_of).await?,
    };
    let (rows, more) = args.cut(rows);
    let cursors: Vec<String> = rows.iter().map(|it| cursor::of_row(&order, it)).collect();
    let tickets = related::prefetched_in(ctx, rows, past, &[&["nodes"], &["edges", "node"]]).await?;
    let edges: Vec<_> = cursors
        .into_iter()
        .zip(tickets)
        .map(|(cursor, node)| Edge { cursor, node })
        .collect();
    let nodes = edges.iter().map(|it| it.node.clone()).collect();
    Ok(TicketConnection {
        page_info: args.info(&edges, more),
        edges,
        nodes,
        stale,
        condition: request.condition,
        as_of,
    })
}

/// The rows of a page, and the past in which they are seen, if they are.
async fn rows_of(
    ctx: &Context<'_>,
    seen: &Sight,
    request: &PageRequest<Tickets>,
    as_of: Option<DateTime<Utc>>,
) -> Result<(Vec<TicketRow>, Option<Seen>)> {
    let Some(at) = as_of else {
        let rows = page(&parts(ctx)?.pool, request).await;
        return Ok((rows.map_err(|it| postgres(ctx, &it))?, None));
    };
    let (rows, now) = travel::listed_at(ctx, seen, at, request).await?;
    Ok((rows, Some(Seen::of(Arc::new(Past::at(at)), &now))))
}

/// A single ticket has no place for `stale`, so a read that cannot keep its promise fails.
async fn refuse_stale(ctx: &Context<'_>, min_position: Option<LogPosition>) -> Result<()> {
    if stale(ctx, min_position).await? {
        let english = "what you ask for does not show yet: ask again";
        let late = crate::problem::Problem::new("STALE", "запрошенное ещё не видно: повторите запрос", english);
        return Err(problem(ctx, late));
    }
    Ok(())
}
