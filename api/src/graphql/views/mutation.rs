use async_graphql::{Context, ID, Object, Result, SimpleObject};
use commands::{Command, CommandError, Request};
use domain::{
    decider::Decider,
    ids::{CommandId, ViewId},
    view::{Audience, ViewCommand, ViewRefusal},
};
use projections::saved_view;
use uuid::Uuid;

use super::{
    built_in::BuiltIn,
    input::{CreateViewInput, RestoreViewInput, RetireViewInput, ReviseViewInput, ViewInput},
    object::View,
    query::by_ids,
};
use crate::{
    graphql::{
        caller, idempotency,
        ids::{Kind, LogPosition, required},
        life::me,
        parts,
        payload::UserError,
        postgres, problem,
    },
    problem::{Answer, Problem},
};

/// Views in use that one person, one team, or all together have at most.
const MOST: i64 = 100;

/// What can be told about saved views.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct ViewsMutation;

/// What mutations of views answer.
#[derive(Debug, SimpleObject)]
pub(in crate::graphql) struct ViewPayload {
    /// The view as it is now; null when there is none.
    view: Option<View>,
    /// Position of the last event: give it back as `minPosition` to see it in every list.
    position: Option<LogPosition>,
    /// Whether lists and this payload do not show the change yet.
    stale: bool,
    /// Rules the request breaks; empty when it was carried out.
    user_errors: Vec<UserError>,
    /// As it came in the input.
    client_mutation_id: Option<String>,
}

/// What all of them are given.
struct Told {
    operation: &'static str,
    idempotency_key: Option<String>,
    id: Option<ID>,
    expected_version: Option<i64>,
    client_mutation_id: Option<String>,
    wish: Wish,
}

enum Wish {
    Create(ViewInput),
    Revise(ViewInput),
    Retire,
    Restore,
}

#[Object]
impl ViewsMutation {
    /// Saves a view of tickets.
    async fn create_view(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: CreateViewInput,
    ) -> Result<ViewPayload> {
        let told = Told {
            operation: "createView",
            idempotency_key: input.idempotency_key,
            id: None,
            expected_version: None,
            client_mutation_id: input.client_mutation_id,
            wish: Wish::Create(input.definition),
        };
        Box::pin(tell(ctx, told)).await
    }

    /// Gives a view another definition; with another audience it is shared anew.
    async fn revise_view(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: ReviseViewInput,
    ) -> Result<ViewPayload> {
        let told = Told {
            operation: "reviseView",
            idempotency_key: input.idempotency_key,
            id: Some(input.id),
            expected_version: input.expected_version,
            client_mutation_id: input.client_mutation_id,
            wish: Wish::Revise(input.definition),
        };
        Box::pin(tell(ctx, told)).await
    }

    /// Takes a view away; whoever could change it can restore it.
    async fn retire_view(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: RetireViewInput,
    ) -> Result<ViewPayload> {
        let told = Told {
            operation: "retireView",
            idempotency_key: input.idempotency_key,
            id: Some(input.id),
            expected_version: input.expected_version,
            client_mutation_id: input.client_mutation_id,
            wish: Wish::Retire,
        };
        Box::pin(tell(ctx, told)).await
    }

    /// Lets a view be seen again.
    async fn restore_view(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: RestoreViewInput,
    ) -> Result<ViewPayload> {
        let told = Told {
            operation: "restoreView",
            idempotency_key: input.idempotency_key,
            id: Some(input.id),
            expected_version: input.expected_version,
            client_mutation_id: input.client_mutation_id,
            wish: Wish::Restore,
        };
        Box::pin(tell(ctx, told)).await
    }
}

async fn tell(ctx: &Context<'_>, told: Told) -> Result<ViewPayload> {
    let client_mutation_id = told.client_mutation_id.clone();
    let (parts, language) = (parts(ctx)?, caller(ctx)?.language);
    let refusal = |reason: Problem, view: Option<View>| ViewPayload {
        view,
        position: None,
        stale: false,
        user_errors: vec![UserError::new(reason, language)],
        client_mutation_id: client_mutation_id.clone(),
    };
    let (id, request) = match request(ctx, told).await? {
        Ok(request) => request,
        Err(reason) => return Ok(refusal(reason, None)),
    };
    match Box::pin(parts.handler.execute(&caller(ctx)?.viewer.rights, &request)).await {
        Ok(outcome) => {
            let stale = !parts.live.reached(saved_view::NAME, outcome.position).await;
            Ok(ViewPayload {
                view: by_ids(ctx, &[id]).await?.pop(),
                position: Some(LogPosition::from(outcome.position)),
                stale,
                user_errors: Vec::new(),
                client_mutation_id,
            })
        }
        Err(error) => match answer(error) {
            Answer::Failed(fault) => Err(problem(ctx, fault)),
            Answer::Refused(reason) => Ok(refusal(reason, by_ids(ctx, &[id]).await?.pop())),
        },
    }
}

async fn request(ctx: &Context<'_>, told: Told) -> Result<Result<(Uuid, Request), Problem>> {
    let viewer = &caller(ctx)?.viewer;
    let made = || -> Result<(Uuid, Request), Problem> {
        let key = idempotency::key(ctx, told.idempotency_key.as_deref())?;
        let target = told.id.map(|it| required(Kind::View, "id", &it)).transpose();
        let target = target.map_err(|it| it.about("id"))?;
        if target.and_then(BuiltIn::of).is_some() {
            return Err(program());
        }
        let named = target.map(|it| it.to_string()).unwrap_or_default();
        let command_id = CommandId::of_request(&viewer.actor.to_string(), told.operation, &named, key.as_str());
        let id = target.unwrap_or_else(|| command_id.creates(domain::view::View::CATEGORY));
        let define = |it: ViewInput| it.definition(me(viewer));
        let command = match told.wish {
            Wish::Create(definition) => ViewCommand::Create {
                definition: define(definition)?,
            },
            Wish::Revise(definition) => ViewCommand::Revise {
                definition: define(definition)?,
            },
            Wish::Retire => ViewCommand::Retire,
            Wish::Restore => ViewCommand::Restore,
        };
        let request = Request {
            command_id,
            command: Command::View(ViewId(id), command),
            actor: viewer.actor.clone(),
            expected_version: told
                .expected_version
                .map(crate::graphql::mutation::version)
                .transpose()?,
            traceparent: caller(ctx).ok().and_then(|it| it.traceparent.clone()),
        };
        Ok((id, request))
    };
    let made = made();
    if let Ok((_, request)) = &made
        && let Command::View(id, command) = &request.command
        && let Some(audience) = joined(ctx, *id, command).await?
        && crowded(ctx, audience).await?
    {
        return Ok(Err(too_many()));
    }
    Ok(made)
}

/// Whose list a command makes longer, if anybody's.
async fn joined(ctx: &Context<'_>, id: ViewId, command: &ViewCommand) -> Result<Option<Audience>> {
    let known = parts(ctx)?
        .handler
        .saved_view(id)
        .await
        .map_err(|it| match answer(it) {
            Answer::Failed(problem) | Answer::Refused(problem) => crate::graphql::problem(ctx, problem),
        })?;
    let audience = match (command, known) {
        (ViewCommand::Create { definition }, None) => Some(definition.audience),
        (ViewCommand::Revise { definition }, Some(known)) if known.definition.audience != definition.audience => {
            Some(definition.audience)
        }
        (ViewCommand::Restore, Some(known)) if known.retired => Some(known.definition.audience),
        (
            ViewCommand::Create { .. } | ViewCommand::Revise { .. } | ViewCommand::Restore | ViewCommand::Retire,
            Some(_) | None,
        ) => None,
    };
    Ok(audience)
}

async fn crowded(ctx: &Context<'_>, audience: Audience) -> Result<bool> {
    let (audience, owner) = match audience {
        Audience::Own(user) => ("own", Some(user.0)),
        Audience::Team(team) => ("team", Some(team)),
        Audience::Shared => ("shared", None),
    };
    let count = saved_view::count(&parts(ctx)?.pool, audience, owner).await;
    Ok(count.map_err(|it| postgres(ctx, &it))? >= MOST)
}

fn program() -> Problem {
    let (russian, english) = (
        "это представление входит в программу и не меняется: создайте своё",
        "this view comes with the program and cannot be changed: create one of your own",
    );
    Problem::new("VIEW_BUILT_IN", russian, english).about("id")
}

fn too_many() -> Problem {
    let (russian, english) = (
        "представлений уже 100: сначала уберите ненужные",
        "there are 100 views already: retire some first",
    );
    Problem::new("TOO_MANY_VIEWS", russian, english)
}

fn answer(error: CommandError) -> Answer {
    let CommandError::Conflict { expected, actual } = error else {
        return Answer::from(error);
    };
    let problem = Problem::new(
        "CONFLICT",
        format!("представление в версии {actual}, а не {expected}: посмотрите на него снова"),
        format!("the view is at version {actual}, not {expected}: look at it again"),
    );
    Answer::Refused(problem.about("expectedVersion"))
}

/// How a rule of views is told.
pub(crate) fn refused(refusal: ViewRefusal) -> Problem {
    let english = refusal.to_string();
    let definition = |field: &str| ["input", "definition", field].map(str::to_owned).to_vec();
    let (code, russian, field) = match refusal {
        ViewRefusal::NotFound => (
            "NOT_FOUND",
            "такого представления нет",
            vec!["input".to_owned(), "id".to_owned()],
        ),
        ViewRefusal::AlreadyCreated => ("VIEW_EXISTS", "такое представление уже есть", Vec::new()),
        ViewRefusal::Retired => (
            "RETIRED",
            "представление убрано: сначала верните его",
            vec!["input".to_owned(), "id".to_owned()],
        ),
        ViewRefusal::NameTaken => (
            "NAME_TAKEN",
            "представление с таким названием уже есть: выберите другое",
            definition("name"),
        ),
        ViewRefusal::NotAPerson => (
            "NOT_A_PERSON",
            "своё представление бывает у человека: сделайте его общим или войдите как сотрудник",
            definition("audience"),
        ),
        ViewRefusal::TeamUnknown => (
            "TEAM_UNKNOWN",
            "такой команды нет, или она выведена из использования",
            definition("teamId"),
        ),
    };
    Problem {
        field,
        ..Problem::new(code, russian, english)
    }
}
