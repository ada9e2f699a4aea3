//! What happened to a ticket, one thing after the other, as frontends see it.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Result, SimpleObject};
use chrono::{DateTime, Utc};
use projections::ticket_history::{Happening, HistoryPage};
use uuid::Uuid;

use super::{
    caller,
    connection::{Edge, PageArgs, PageInfo},
    cursor::Numbered,
    ids,
    life::summary,
    problem,
    related::Related,
    ticket::Ticket,
};

/// One thing that happened to a ticket.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct TicketHappening {
    /// Stored type of the event, such as `ticket.resolved` or `assignment.agent_assigned`.
    #[graphql(name = "type")]
    event_type: String,
    /// When it was decided; for an import, when it happened there.
    at: DateTime<Utc>,
    /// Who did it: `kind:id`.
    actor: String,
    /// Place of the event in the log.
    position: ids::LogPosition,
    /// The ticket as the event left it.
    ticket: Ticket,
}

/// A page of a ticket's history, oldest first.
#[derive(Debug, SimpleObject)]
pub(crate) struct TicketHistoryConnection {
    /// The happenings with their cursors.
    edges: Vec<Edge<TicketHappening>>,
    /// The happenings alone.
    nodes: Vec<TicketHappening>,
    /// Where the page stands.
    page_info: PageInfo,
    /// How many things have happened in all.
    total_count: i64,
}

#[ComplexObject]
impl TicketHappening {
    /// What happened, in words, in the language of `Accept-Language`.
    #[expect(clippy::unused_async, reason = "the form of a resolver")]
    async fn summary(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(summary(&self.event_type, &self.ticket, caller(ctx)?.language))
    }
}

/// A page of what happened to a ticket.
pub(super) async fn connection(
    ctx: &Context<'_>,
    related: &Related,
    ticket: Uuid,
    page: &PageArgs,
) -> Result<TicketHistoryConnection> {
    let happenings = Numbered::Ticket(ticket);
    let bound = |cursor: Option<&String>, name, open: i64| match cursor {
        Some(text) => happenings.number(name, text),
        None => Ok(open),
    };
    let after = bound(page.after.as_ref(), "after", 0).map_err(|it| problem(ctx, it))?;
    let before = bound(page.before.as_ref(), "before", i64::MAX).map_err(|it| problem(ctx, it))?;
    let wanted = HistoryPage {
        after,
        before,
        limit: i64::from(page.count) + 1,
        from_end: page.from_end,
    };
    let histories = related.histories(ctx, wanted).await?;
    let (rows, more) = page.cut(histories.of(ticket));
    let total_count = if ctx.look_ahead().field("totalCount").exists() {
        related.happenings(ctx, ticket).await?
    } else {
        0
    };
    let edges: Vec<_> = rows
        .into_iter()
        .map(|it| Edge {
            cursor: happenings.cursor(it.ticket.version),
            node: TicketHappening::with(it, &histories.related),
        })
        .collect();
    let nodes = edges.iter().map(|it| it.node.clone()).collect();
    Ok(TicketHistoryConnection {
        page_info: page.info(&edges, more),
        edges,
        nodes,
        total_count,
    })
}

impl TicketHappening {
    fn with(happening: Happening, related: &Arc<Related>) -> Self {
        Self {
            position: ids::LogPosition::from(happening.place()),
            event_type: happening.event_type,
            at: happening.at,
            actor: happening.actor,
            ticket: Ticket::with(happening.ticket, Arc::clone(related)),
        }
    }
}
