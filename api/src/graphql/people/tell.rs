//! The way of every mutation about people.

use async_graphql::{Context, ID, Result};
use commands::{Command, CommandError, Request, authorize};
use domain::ids::{AgentId, CommandId};

use super::problems::broken;
use crate::{
    graphql::{
        LogPosition, caller, idempotency,
        ids::{Kind, required},
        mutation::version,
        parts,
        payload::UserError,
        problem,
    },
    problem::{Answer, Language, Problem},
};

/// What came of a wish.
pub(super) struct Told {
    pub(super) position: Option<LogPosition>,
    pub(super) stale: bool,
    pub(super) user_errors: Vec<UserError>,
}

impl Told {
    pub(super) fn refused(language: Language, problem: Problem) -> Self {
        Self {
            position: None,
            stale: false,
            user_errors: vec![UserError::new(problem, language)],
        }
    }
}

/// A wish about to be carried out.
pub(super) struct Wish<'a> {
    operation: &'a str,
    target: String,
    idempotency_key: Option<&'a str>,
    pub(super) expected_version: Option<i64>,
}

pub(super) fn wish<'a>(operation: &'a str, target: &str, idempotency_key: Option<&'a str>) -> Wish<'a> {
    Wish {
        operation,
        target: target.to_owned(),
        idempotency_key,
        expected_version: None,
    }
}

pub(super) fn user_id(ctx: &Context<'_>, id: &ID) -> Result<AgentId> {
    let uuid = required(Kind::Agent, "userId", id).map_err(|it| problem(ctx, it.about("userId")))?;
    Ok(AgentId(uuid))
}

pub(super) fn command_id(ctx: &Context<'_>, wish: &Wish<'_>) -> Result<std::result::Result<CommandId, Problem>> {
    let actor = caller(ctx)?.viewer.actor.to_string();
    let key = idempotency::key(ctx, wish.idempotency_key);
    Ok(key.map(|key| CommandId::of_request(&actor, wish.operation, &wish.target, key.as_str())))
}

/// Carries a command out, unless something is wrong with it already.
pub(super) async fn tell_checked(
    ctx: &Context<'_>,
    wish: &Wish<'_>,
    command: std::result::Result<Command, Problem>,
) -> Result<Told> {
    let (parts, caller) = (parts(ctx)?, caller(ctx)?);
    let prepared = command.and_then(|command| Ok((command, wish.expected_version.map(version).transpose()?)));
    let (command, expected_version) = match prepared {
        Ok(prepared) => prepared,
        Err(refusal) => return Ok(Told::refused(caller.language, refusal)),
    };
    let command_id = match command_id(ctx, wish)? {
        Ok(id) => id,
        Err(refusal) => return Ok(Told::refused(caller.language, refusal)),
    };
    let request = Request {
        command_id,
        command,
        actor: caller.viewer.actor.clone(),
        expected_version,
        traceparent: caller.traceparent.clone(),
    };
    authorize(&caller.viewer.rights, &request).map_err(|it| problem(ctx, Problem::forbidden(it.0)))?;
    match parts.handler.execute(&caller.viewer.rights, &request).await {
        Ok(outcome) => {
            let shows = parts.door.settle(&outcome).await.map_err(|it| broken(ctx, it))?;
            Ok(Told {
                position: Some(LogPosition::from(outcome.position)),
                stale: !shows,
                user_errors: Vec::new(),
            })
        }
        Err(error) => refused(ctx, error),
    }
}

fn refused(ctx: &Context<'_>, error: CommandError) -> Result<Told> {
    match Answer::from(error) {
        Answer::Failed(fault) => Err(problem(ctx, fault)),
        Answer::Refused(reason) => {
            // Of what the right was to count for.
            let reason = match reason.field.as_slice() {
                [field] => reason.clone().about(field),
                _ => reason,
            };
            Ok(Told::refused(caller(ctx)?.language, reason))
        }
    }
}
