use async_graphql::{Context, Object, Result, SimpleObject};
use commands::{Command, Request};
use domain::{access::Permission, classifier::ClassifierCommand, ids::CommandId};

use super::{
    input::{ActivateClassifierInput, DeactivateClassifierInput, TrainClassifierInput},
    object::ClassifierVersion,
    versions,
};
use crate::{
    graphql::{Caller, LogPosition, caller, idempotency, may_see, parts, payload::UserError, problem},
    problem::{Answer, Problem},
};

/// What can be told about the learned classifier.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct ClassifierMutation;

/// What mutations of the learned classifier answer.
#[derive(Debug, Default, SimpleObject)]
pub(in crate::graphql) struct ClassifierPayload {
    /// Its versions as they are now, the newest first, 20 at most.
    classifiers: Vec<ClassifierVersion>,
    /// Position of the last event.
    position: Option<LogPosition>,
    /// Whether queries do not show the change yet: never, for `classifiers` is as the log has it.
    stale: bool,
    /// Rules the request breaks; empty when it was carried out.
    user_errors: Vec<UserError>,
    /// As it came in the input.
    client_mutation_id: Option<String>,
}

/// Versions in a payload at most.
const SHOWN: usize = 20;

#[Object]
impl ClassifierMutation {
    /// Lets the classifier of categories learn from all tickets whose category agents chose or corrected. It is not used
    /// by that: look at its figures first. When there is nothing new to learn, nothing changes.
    async fn train_classifier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: TrainClassifierInput,
    ) -> Result<ClassifierPayload> {
        let frame = ("trainClassifier", input.idempotency_key, input.client_mutation_id);
        Box::pin(tell(ctx, frame, Ok(ClassifierCommand::Train(None)))).await
    }

    /// Lets a version choose the category of new tickets that no rule names one for, when it is sure enough. What agents
    /// choose stays.
    async fn activate_classifier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: ActivateClassifierInput,
    ) -> Result<ClassifierPayload> {
        let command = input.command();
        let frame = ("activateClassifier", input.idempotency_key, input.client_mutation_id);
        Box::pin(tell(ctx, frame, command)).await
    }

    /// Leaves the categories of new tickets to rules and people.
    async fn deactivate_classifier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: DeactivateClassifierInput,
    ) -> Result<ClassifierPayload> {
        let frame = ("deactivateClassifier", input.idempotency_key, input.client_mutation_id);
        Box::pin(tell(ctx, frame, Ok(ClassifierCommand::Deactivate))).await
    }
}

/// What all of them are given: the operation, the idempotency key, and the client's own name of the request.
type Frame<'a> = (&'a str, Option<String>, Option<String>);

async fn tell(
    ctx: &Context<'_>,
    (operation, key, client_mutation_id): Frame<'_>,
    command: Result<ClassifierCommand, Problem>,
) -> Result<ClassifierPayload> {
    may_see(ctx, Permission::OrganisationWrite)?;
    let (parts, caller) = (parts(ctx)?, caller(ctx)?);
    let told = match request(ctx, caller, (operation, key), command) {
        Ok(request) => Box::pin(parts.handler.execute(&caller.viewer.rights, &request))
            .await
            .map_err(Answer::from),
        Err(reason) => Err(Answer::Refused(reason)),
    };
    let (position, user_errors) = match told {
        Ok(outcome) => (Some(LogPosition::from(outcome.position)), Vec::new()),
        Err(Answer::Refused(reason)) => (None, vec![UserError::new(reason, caller.language)]),
        Err(Answer::Failed(fault)) => return Err(problem(ctx, fault)),
    };
    Ok(ClassifierPayload {
        classifiers: versions(ctx, SHOWN).await?,
        position,
        stale: false,
        user_errors,
        client_mutation_id,
    })
}

fn request(
    ctx: &Context<'_>,
    caller: &Caller,
    (operation, key): (&str, Option<String>),
    command: Result<ClassifierCommand, Problem>,
) -> Result<Request, Problem> {
    let key = idempotency::key(ctx, key.as_deref())?;
    let actor = &caller.viewer.actor;
    Ok(Request {
        command_id: CommandId::of_request(&actor.to_string(), operation, "", key.as_str()),
        command: Command::Classifier(command?),
        actor: actor.clone(),
        expected_version: None,
        traceparent: caller.traceparent.clone(),
    })
}
