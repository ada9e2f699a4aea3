use async_graphql::{Context, Object, Result};
use commands::{CommandError, MacroWish, RunError, RunReport};
use domain::{
    access::Permission,
    ids::{CommandId, TicketId},
    organisation::Kind as ItemKind,
};
use projections::{macro_run, organisation};

use super::{
    input::{InstallStarterScriptsInput, RunMacroInput, ScriptLanguage, UndoMacroRunInput, values},
    objects::{InstallStarterScriptsPayload, MacroRun, MacroRunPayload},
};
use crate::{
    graphql::{
        LogPosition, caller, idempotency,
        ids::{Kind, global, required},
        may_see,
        mutation::look_at,
        parts,
        payload::UserError,
        problem,
    },
    problem::{Answer, Problem},
};

/// What can be done with scripts.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct ScriptsMutation;

/// What can be done with scripts.
#[Object]
impl ScriptsMutation {
    /// Runs a macro on a ticket: all its steps are checked before any is taken, then they are taken in their order, as
    /// commands of yours with one correlation. When a step is not possible, nothing is done.
    async fn run_macro(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: RunMacroInput,
    ) -> Result<MacroRunPayload> {
        let client_mutation_id = input.client_mutation_id.clone();
        let wish = match wish(ctx, input) {
            Ok(wish) => wish,
            Err(problem) => return refused(ctx, problem, client_mutation_id),
        };
        let rights = &caller(ctx)?.viewer.rights;
        match Box::pin(parts(ctx)?.handler.run_macro(rights, &wish)).await {
            Ok(report) => told(ctx, &report, client_mutation_id).await,
            Err(RunError { step, error }) => {
                let at = |mut problem: Problem| {
                    if let Some(step) = step {
                        problem.field = vec!["steps".to_owned(), step.to_string()];
                    }
                    problem
                };
                match Answer::from(error) {
                    Answer::Refused(problem) => refused(ctx, at(problem), client_mutation_id),
                    Answer::Failed(fault) => Err(problem(ctx, fault)),
                }
            }
        }
    }

    /// Takes a run of a macro back: each step of which the ticket is still as the run left it, the last first. What was
    /// said stays said.
    async fn undo_macro_run(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: UndoMacroRunInput,
    ) -> Result<MacroRunPayload> {
        let client_mutation_id = input.client_mutation_id.clone();
        let (parts, caller) = (parts(ctx)?, caller(ctx)?);
        let made = idempotency::key(ctx, input.idempotency_key.as_deref()).and_then(|key| {
            let id = input.run_id.parse::<uuid::Uuid>().map_err(|_malformed| {
                let (russian, english) = (
                    "id выполнения, как его дал этот API",
                    "the id of a run as this API gave it",
                );
                Problem::bad_input("runId", &input.run_id, russian, english).about("runId")
            })?;
            Ok((key, id))
        });
        let (key, id) = match made {
            Ok(made) => made,
            Err(problem) => return refused(ctx, problem, client_mutation_id),
        };
        let actor = &caller.viewer.actor;
        let command_id = CommandId::of_request(&actor.to_string(), "undoMacroRun", &id.to_string(), key.as_str());
        let undone = parts
            .handler
            .undo_macro_run(&caller.viewer.rights, actor, command_id, id);
        match Box::pin(undone).await {
            Ok(report) => told(ctx, &report, client_mutation_id).await,
            Err(error) => match Answer::from(error) {
                Answer::Refused(problem) => refused(ctx, problem, client_mutation_id),
                Answer::Failed(fault) => Err(problem(ctx, fault)),
            },
        }
    }

    /// Installs the scripts that Letopis comes with: five macros and three canned replies. Those whose keys are taken stay
    /// as they are.
    async fn install_starter_scripts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: InstallStarterScriptsInput,
    ) -> Result<InstallStarterScriptsPayload> {
        may_see(ctx, Permission::OrganisationWrite)?;
        let (parts, caller) = (parts(ctx)?, caller(ctx)?);
        let refused = |problem| InstallStarterScriptsPayload {
            user_errors: vec![UserError::new(problem, caller.language)],
            client_mutation_id: input.client_mutation_id.clone(),
            ..InstallStarterScriptsPayload::default()
        };
        let key = match idempotency::key(ctx, input.idempotency_key.as_deref()) {
            Ok(key) => key,
            Err(problem) => return Ok(refused(problem)),
        };
        let both = [ScriptLanguage::Ru, ScriptLanguage::En];
        let Some(languages) = ScriptLanguage::all(input.locales.as_deref().unwrap_or(&both)) else {
            let (russian, english) = ("RU, EN или оба", "RU, EN, or both");
            return Ok(refused(
                Problem::bad_input("locales", "", russian, english).about("locales"),
            ));
        };
        let actor = &caller.viewer.actor;
        let command_id = CommandId::of_request(&actor.to_string(), "installStarterScripts", "", key.as_str());
        let rights = &caller.viewer.rights;
        let installed = parts
            .handler
            .install_starter_scripts(rights, actor, command_id, languages)
            .await;
        let installed = match installed.map_err(Answer::from) {
            Ok(installed) => installed,
            Err(Answer::Refused(reason)) => return Ok(refused(reason)),
            Err(Answer::Failed(fault)) => return Err(problem(ctx, fault)),
        };
        let stale = match installed.position {
            Some(position) => !parts.live.reached(organisation::NAME, position).await,
            None => false,
        };
        let ids = |kind, ids: Vec<uuid::Uuid>| ids.into_iter().map(|it| global(Kind::Item(kind), it)).collect();
        Ok(InstallStarterScriptsPayload {
            canned_reply_ids: ids(ItemKind::CannedReply, installed.canned_replies),
            macro_ids: ids(ItemKind::Macro, installed.macros),
            added: i32::try_from(installed.added).unwrap_or(i32::MAX),
            position: installed.position.map(LogPosition::from),
            stale,
            user_errors: Vec::new(),
            client_mutation_id: input.client_mutation_id,
        })
    }
}

fn wish(ctx: &Context<'_>, input: RunMacroInput) -> Result<MacroWish, Problem> {
    let caller =
        caller(ctx).map_err(|_nobody| Problem::new("UNAUTHENTICATED", "нужен ключ API", "an API key is needed"))?;
    let key = idempotency::key(ctx, input.idempotency_key.as_deref())?;
    let ticket = required(Kind::Ticket, "ticketId", &input.ticket_id).map_err(|it| it.about("ticketId"))?;
    let script = Kind::Item(ItemKind::Macro);
    let macro_id = required(script, "macroId", &input.macro_id).map_err(|it| it.about("macroId"))?;
    let actor = caller.viewer.actor.clone();
    Ok(MacroWish {
        command_id: CommandId::of_request(&actor.to_string(), "runMacro", &ticket.to_string(), key.as_str()),
        macro_id,
        ticket_id: TicketId(ticket),
        values: values(input.values)?,
        actor,
        traceparent: caller.traceparent.clone(),
    })
}

fn refused(ctx: &Context<'_>, problem: Problem, client_mutation_id: Option<String>) -> Result<MacroRunPayload> {
    Ok(MacroRunPayload {
        user_errors: vec![UserError::new(problem, caller(ctx)?.language)],
        client_mutation_id,
        ..MacroRunPayload::default()
    })
}

async fn told(ctx: &Context<'_>, report: &RunReport, client_mutation_id: Option<String>) -> Result<MacroRunPayload> {
    let position = LogPosition::from(report.position);
    let noted = parts(ctx)?.live.reached(macro_run::NAME, report.noted).await;
    let stale = crate::graphql::stale(ctx, Some(position)).await? || !noted;
    Ok(MacroRunPayload {
        run: Some(MacroRun::of(report.id, &report.run)),
        ticket: look_at(ctx, report.run.ticket_id, stale).await?,
        position: Some(position),
        stale,
        user_errors: Vec::new(),
        client_mutation_id,
    })
}

/// The fault as the outside sees it. A query that asks for what is not there, or cannot be, has a bad argument.
pub(super) fn failed(ctx: &Context<'_>, error: CommandError) -> async_graphql::Error {
    match Answer::from(error) {
        Answer::Failed(fault) => problem(ctx, fault),
        Answer::Refused(refusal) => {
            let field = refusal.field.iter().filter(|it| *it != "input").cloned().collect();
            let code = "BAD_USER_INPUT";
            problem(ctx, Problem { code, field, ..refusal })
        }
    }
}
