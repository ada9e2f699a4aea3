use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use commands::Read;
use domain::{ids::TicketId, organisation::Kind as ItemKind, reading::Exposed};
use projections::macro_run;

use super::{
    input::{TemplateValueInput, values},
    mutation::failed,
    objects::{FilledReply, MacroPreview, MacroRunStep, MacroRunSummary, MacroUsage},
};
use crate::{
    graphql::{
        caller,
        filter::storable,
        ids::{Kind, required},
        may_read, parts, postgres, problem, shows,
        sight::sight,
    },
    problem::Problem,
};

/// Runs of a ticket that are shown at most.
const MOST: i64 = 100;

/// What can be asked about scripts.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct ScriptsQuery;

/// What can be asked about scripts.
#[Object]
impl ScriptsQuery {
    /// What a macro would do with a ticket if you ran it now; nothing is done.
    #[graphql(complexity = "20 + child_complexity")]
    async fn preview_macro(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the ticket.")] ticket_id: ID,
        #[graphql(desc = "Id of the macro.")] macro_id: ID,
        #[graphql(desc = "What is to stand in places of its texts.")] values: Option<Vec<TemplateValueInput>>,
    ) -> Result<MacroPreview> {
        let (ids, given) = asked(ctx, (&ticket_id, &macro_id), (ItemKind::Macro, "macroId"), values)?;
        let viewer = &caller(ctx)?.viewer;
        let previewed = parts(ctx)?
            .handler
            .preview_macro(&viewer.rights, &viewer.actor, ids, &given)
            .await;
        let (steps, missing) = previewed.map_err(|it| failed(ctx, it))?;
        shows(ctx, Exposed::Ticket, ids.0.0);
        let steps = steps.iter().map(|it| MacroRunStep::previewed(&it.step, &it.text));
        Ok(MacroPreview {
            steps: steps.collect(),
            missing,
        })
    }

    /// A canned reply filled for a ticket, to be put into an answer; nothing is said.
    #[graphql(complexity = "20 + child_complexity")]
    async fn preview_canned_reply(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the ticket.")] ticket_id: ID,
        #[graphql(desc = "Id of the canned reply.")] canned_reply_id: ID,
        #[graphql(desc = "What is to stand in places of the text.")] values: Option<Vec<TemplateValueInput>>,
    ) -> Result<FilledReply> {
        let about = (ItemKind::CannedReply, "cannedReplyId");
        let (ids, given) = asked(ctx, (&ticket_id, &canned_reply_id), about, values)?;
        let viewer = &caller(ctx)?.viewer;
        let filled = parts(ctx)?
            .handler
            .fill_canned_reply(&viewer.rights, &viewer.actor, ids, &given)
            .await;
        let filled = filled.map_err(|it| failed(ctx, it))?;
        shows(ctx, Exposed::Ticket, ids.0.0);
        Ok(FilledReply {
            text: filled.text,
            missing: filled.missing,
        })
    }

    /// How a macro was used, in all or within a period.
    async fn macro_usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the macro.")] macro_id: ID,
        #[graphql(desc = "Only runs that began at this instant or later.")] from: Option<DateTime<Utc>>,
        #[graphql(desc = "Only runs that began before this instant.")] to: Option<DateTime<Utc>>,
    ) -> Result<MacroUsage> {
        may_read(ctx, Read::Configuration)?;
        let script = Kind::Item(ItemKind::Macro);
        let id = required(script, "macroId", &macro_id).map_err(|it| problem(ctx, it))?;
        let within = |name, at: Option<DateTime<Utc>>| at.map(|it| storable(name, it)).transpose();
        let from = within("from", from).map_err(|it| problem(ctx, it))?;
        let to = within("to", to).map_err(|it| problem(ctx, it))?;
        let usage = macro_run::usage(&parts(ctx)?.pool, id, (from, to)).await;
        Ok(usage.map_err(|it| postgres(ctx, &it))?.into())
    }

    /// The macros that were run on a ticket, the newest first, at most 100; for the team.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn macro_runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the ticket.")] ticket_id: ID,
    ) -> Result<Vec<MacroRunSummary>> {
        let seen = sight(ctx)?;
        let id = required(Kind::Ticket, "ticketId", &ticket_id).map_err(|it| problem(ctx, it))?;
        let parts = parts(ctx)?;
        let ticket = parts.handler.ticket(TicketId(id)).await.map_err(|it| failed(ctx, it))?;
        let Some(ticket) = ticket.filter(|it| seen.reaches(&it.place.of(None))) else {
            return Ok(Vec::new());
        };
        drop(ticket);
        let runs = macro_run::of_ticket(&parts.pool, id, MOST).await;
        let runs = runs.map_err(|it| postgres(ctx, &it))?;
        Ok(runs.into_iter().map(MacroRunSummary::from).collect())
    }
}

type Asked = ((TicketId, uuid::Uuid), std::collections::BTreeMap<String, String>);

fn asked(
    ctx: &Context<'_>,
    (ticket_id, script_id): (&ID, &ID),
    (kind, field): (ItemKind, &'static str),
    given: Option<Vec<TemplateValueInput>>,
) -> Result<Asked> {
    let of_argument = |mut it: Problem| {
        it.field.retain(|part| part != "input");
        problem(ctx, it)
    };
    let ticket = required(Kind::Ticket, "ticketId", ticket_id).map_err(of_argument)?;
    let script = required(Kind::Item(kind), field, script_id).map_err(of_argument)?;
    let given = values(given).map_err(of_argument)?;
    Ok(((TicketId(ticket), script), given))
}
