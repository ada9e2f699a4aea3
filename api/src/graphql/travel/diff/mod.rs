//! What differs between two moments of a ticket.

mod fields;
mod messages;

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, SubsecRound, Utc};
use domain::reading::Exposed;
use projections::TicketRow;

use self::{
    fields::{TicketFieldDiff, differing},
    messages::{TicketMessageDiff, said_between},
};
use super::{
    moment::{When, about, moment},
    past::Past,
    ticket::{past_at, shown},
};
use crate::{
    graphql::{
        ids::{Kind, required},
        parts, problem, shows,
        sight::sight,
        ticket::Ticket,
    },
    problem::{Problem, internal},
};

/// A moment of a ticket: exactly one of these.
#[derive(Debug, Clone, Copy, InputObject)]
pub(in crate::graphql) struct TicketMomentInput {
    /// An instant.
    as_of: Option<DateTime<Utc>>,
    /// The number of a version, from 1.
    at_version: Option<i64>,
}

/// What differs between two moments of a ticket.
#[derive(Debug, SimpleObject)]
pub(in crate::graphql) struct TicketDiff {
    /// As it was at the first; null when it did not exist.
    before: Option<Ticket>,
    /// As it was at the second; null when it did not exist.
    after: Option<Ticket>,
    /// The fields that differ, in a fixed order.
    fields: Vec<TicketFieldDiff>,
    /// The messages under it that came, were changed, or are not shown with it any more, in the order of arrival; notes only
    /// for the team.
    messages: Vec<TicketMessageDiff>,
}

/// What differs between two moments.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DiffQuery;

/// What differs between two moments.
#[Object]
impl DiffQuery {
    /// What differs between two moments of a ticket; null when there is no such ticket.
    #[graphql(complexity = "50 + 20 * child_complexity")]
    async fn ticket_diff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the ticket.")] id: ID,
        #[graphql(desc = "The earlier moment.")] from: TicketMomentInput,
        #[graphql(desc = "The later moment; now by default.")] to: Option<TicketMomentInput>,
    ) -> Result<Option<TicketDiff>> {
        let seen = sight(ctx)?;
        let uuid = required(Kind::Ticket, "id", &id).map_err(|it| problem(ctx, it))?;
        let from = one(ctx, "from", from).await?;
        let to = match to {
            Some(to) => one(ctx, "to", to).await?,
            None => When::Instant(parts(ctx)?.handler.now().trunc_subsecs(6)),
        };
        let now = parts(ctx)?.tickets.by_id(uuid).await;
        let now = now.map_err(|it| problem(ctx, internal(&it)))?;
        match now.filter(|it| seen.holds(it)) {
            Some(now) => {
                shows(ctx, Exposed::Ticket, uuid);
                shows(ctx, Exposed::Thread, uuid);
                Box::pin(compared(ctx, now, from, to)).await.map(Some)
            }
            None => Ok(None),
        }
    }
}

async fn one(ctx: &Context<'_>, name: &str, asked: TicketMomentInput) -> Result<When> {
    let when = moment(ctx, &[name], asked.as_of, asked.at_version).await?;
    let nothing = || {
        let (russian, english) = ("asOf или atVersion", "asOf or atVersion");
        problem(ctx, Problem::bad_input(name, "{}", russian, english))
    };
    when.ok_or_else(nothing)
}

async fn compared(ctx: &Context<'_>, now: TicketRow, from: When, to: When) -> Result<TicketDiff> {
    let former = past_at(ctx, &["from"], now.ticket_id, from).await?;
    let later = past_at(ctx, &["to"], now.ticket_id, to).await?;
    in_order(ctx, (from, &former), (to, &later))?;
    let before = shown(ctx, &former, now.clone()).await?;
    let after = shown(ctx, &later, now.clone()).await?;
    let rows = (
        former.ticket(ctx, now.ticket_id).await?,
        later.ticket(ctx, now.ticket_id).await?,
    );
    let fields = differing(ctx, (&former, rows.0.row.as_ref()), (&later, rows.1.row.as_ref()), &now).await?;
    let messages = said_between(ctx, &former, &later, &now).await?;
    Ok(TicketDiff {
        before,
        after,
        fields,
        messages,
    })
}

/// Refuses to look backwards: of two versions by their numbers, else by their instants.
fn in_order(ctx: &Context<'_>, from: (When, &Arc<Past>), to: (When, &Arc<Past>)) -> Result<()> {
    let backwards = match (from.0, to.0) {
        (When::Version(from), When::Version(to)) => from > to,
        (When::Instant(_) | When::Version(_), _) => from.1.instant() > to.1.instant(),
    };
    if !backwards {
        return Ok(());
    }
    let (field, value) = match to.0 {
        When::Version(version) => ("atVersion", version.to_string()),
        When::Instant(at) => ("asOf", at.to_rfc3339()),
    };
    let (russian, english) = ("момент не раньше from", "a moment not before from");
    Err(about(ctx, &["to"], Problem::bad_input(field, &value, russian, english)))
}
