use async_graphql::{Context, Object, Result, SimpleObject};
use commands::{Command, Request};
use domain::{
    access::Permission,
    decider::Decider,
    ids::{CommandId, WhatIfId},
    what_if::{self, WhatIfCommand, WhatIfRefusal},
};
use event_store::Position;
use projections::what_if_run;
use uuid::Uuid;

use super::{
    input::{CancelWhatIfInput, StartWhatIfInput},
    object::WhatIf,
    query::by_id,
};
use crate::{
    graphql::{
        caller, idempotency,
        ids::{Kind, LogPosition, required},
        may_see, parts,
        payload::UserError,
        problem,
    },
    problem::{Answer, Problem},
};

/// What can be told about periods replayed under other rules.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct WhatIfMutation;

/// What mutations about replays under other rules answer.
#[derive(Debug, SimpleObject)]
pub(in crate::graphql) struct WhatIfPayload {
    /// The run as it is now; null when there is none.
    what_if: Option<WhatIf>,
    /// Position of the last event: give it back as `minPosition` to see it.
    position: Option<LogPosition>,
    /// Whether queries and this payload do not show the change yet.
    stale: bool,
    /// Rules the request breaks; empty when it was carried out.
    user_errors: Vec<UserError>,
    /// As it came in the input.
    client_mutation_id: Option<String>,
}

/// What a mutation leads to.
enum Told {
    Done(Uuid, Position),
    Refused(Option<Uuid>, Vec<Problem>),
}

#[Object]
impl WhatIfMutation {
    /// Begins to replay a period under other rules, beside what was: no ticket is changed. It goes on by itself;
    /// `whatIfChanged` tells how. Takes `organisation:write`, as putting rules in force does.
    async fn start_what_if(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: StartWhatIfInput,
    ) -> Result<WhatIfPayload> {
        may_see(ctx, Permission::OrganisationWrite)?;
        let client_mutation_id = input.client_mutation_id.clone();
        let told = Box::pin(begin(ctx, input)).await?;
        payload(ctx, told, client_mutation_id).await
    }

    /// Lets a replay under other rules go on no further, whoever asked for it.
    async fn cancel_what_if(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: CancelWhatIfInput,
    ) -> Result<WhatIfPayload> {
        may_see(ctx, Permission::OrganisationWrite)?;
        let key = idempotency::key(ctx, input.idempotency_key.as_deref());
        let id = required(Kind::WhatIf, "id", &input.id).map_err(|it| it.about("id"));
        let told = match (key, id) {
            (Ok(key), Ok(id)) => {
                let actor = caller(ctx)?.viewer.actor.to_string();
                let command_id = CommandId::of_request(&actor, "cancelWhatIf", &id.to_string(), key.as_str());
                tell(ctx, WhatIfId(id), command_id, WhatIfCommand::Cancel).await?
            }
            (Err(bad), _) | (_, Err(bad)) => Told::Refused(None, vec![bad]),
        };
        payload(ctx, told, input.client_mutation_id).await
    }
}

async fn begin(ctx: &Context<'_>, input: StartWhatIfInput) -> Result<Told> {
    let key = match idempotency::key(ctx, input.idempotency_key.as_deref()) {
        Ok(key) => key,
        Err(bad) => return Ok(Told::Refused(None, vec![bad])),
    };
    let asked = match input.asked(parts(ctx)?.handler.now()) {
        Ok(asked) => asked,
        Err(flaws) => return Ok(Told::Refused(None, flaws)),
    };
    let actor = caller(ctx)?.viewer.actor.to_string();
    let command_id = CommandId::of_request(&actor, "startWhatIf", "", key.as_str());
    let id = WhatIfId(command_id.creates(what_if::WhatIf::CATEGORY));
    let start = WhatIfCommand::Start {
        definition: Box::new(asked.definition),
        top: asked.top,
        asked: asked.fingerprint,
    };
    tell(ctx, id, command_id, start).await
}

async fn tell(ctx: &Context<'_>, id: WhatIfId, command_id: CommandId, command: WhatIfCommand) -> Result<Told> {
    let (parts, caller) = (parts(ctx)?, caller(ctx)?);
    let request = Request {
        command_id,
        command: Command::WhatIf(id, command),
        actor: caller.viewer.actor.clone(),
        expected_version: None,
        traceparent: caller.traceparent.clone(),
    };
    match Box::pin(parts.handler.execute(&caller.viewer.rights, &request)).await {
        Ok(outcome) => Ok(Told::Done(id.0, outcome.position)),
        Err(error) => match Answer::from(error) {
            Answer::Refused(reason) => Ok(Told::Refused(Some(id.0), vec![reason])),
            Answer::Failed(fault) => Err(problem(ctx, fault)),
        },
    }
}

async fn payload(ctx: &Context<'_>, told: Told, client_mutation_id: Option<String>) -> Result<WhatIfPayload> {
    let none = WhatIfPayload {
        what_if: None,
        position: None,
        stale: false,
        user_errors: Vec::new(),
        client_mutation_id,
    };
    Ok(match told {
        Told::Done(id, position) => WhatIfPayload {
            stale: !parts(ctx)?.live.reached(what_if_run::NAME, position).await,
            what_if: by_id(ctx, id).await?,
            position: Some(position.into()),
            ..none
        },
        Told::Refused(id, problems) => {
            let language = caller(ctx)?.language;
            let told = problems.into_iter().map(|it| UserError::new(it, language));
            WhatIfPayload {
                user_errors: told.collect(),
                what_if: match id {
                    Some(id) => by_id(ctx, id).await?,
                    None => None,
                },
                ..none
            }
        }
    })
}

/// How a rule of replays under other rules is told.
pub(crate) fn refused(refusal: WhatIfRefusal) -> Problem {
    let english = refusal.to_string();
    match refusal {
        WhatIfRefusal::NotFound => Problem::new("NOT_FOUND", "такой проверки нет", english).about("id"),
        WhatIfRefusal::AlreadyStarted => Problem::new("WHAT_IF_EXISTS", "такая проверка уже есть", english),
        WhatIfRefusal::Over => Problem::new("WHAT_IF_OVER", "проверка уже окончена", english).about("id"),
        WhatIfRefusal::ThresholdsNeeded => Problem::new(
            "THRESHOLDS_NEEDED",
            "правил классификации нет, и пороги взять неоткуда: задайте priority",
            english,
        )
        .about("priority"),
    }
}
