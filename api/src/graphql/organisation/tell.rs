//! The way of every mutation about configuration.

use async_graphql::{Context, ID, InputObject, InputType, Result};
use commands::{Command, CommandError, Request, authorize};
use domain::{
    access::Permission,
    ids::{CommandId, stream_name},
    organisation::{Checked, Definition, ItemCommand, OrganisationCommand},
};
use event_store::decode;
use projections::organisation::{ItemRow, NAME, from_events};
use uuid::Uuid;

use super::{
    classification::ClassificationInput,
    input::{
        BranchInput, CategoryInput, CustomFieldInput, Defines, InboxInput, RegionMapInput, SkillInput,
        StatusLabelInput, TagInput, TeamInput,
    },
    scripts::{CannedReplyInput, MacroInput},
    thing::{Thing, from_row},
    unique::{Claims, taken},
};
use crate::{
    graphql::{LogPosition, caller, idempotency, ids, may_see, parts, payload::UserError, problem},
    problem::{Answer, Problem, internal},
};

/// A new item.
#[derive(Debug, InputObject)]
#[graphql(concrete(name = "CreateBranchInput", params(BranchInput)))]
#[graphql(concrete(name = "CreateTeamInput", params(TeamInput)))]
#[graphql(concrete(name = "CreateSkillInput", params(SkillInput)))]
#[graphql(concrete(name = "CreateInboxInput", params(InboxInput)))]
#[graphql(concrete(name = "CreateCategoryInput", params(CategoryInput)))]
#[graphql(concrete(name = "CreateTagInput", params(TagInput)))]
#[graphql(concrete(name = "CreateCustomFieldInput", params(CustomFieldInput)))]
#[graphql(concrete(name = "CreateStatusLabelInput", params(StatusLabelInput)))]
#[graphql(concrete(name = "CreateCannedReplyInput", params(CannedReplyInput)))]
#[graphql(concrete(name = "CreateMacroInput", params(MacroInput)))]
#[graphql(concrete(name = "CreateClassificationInput", params(ClassificationInput)))]
#[graphql(concrete(name = "CreateRegionMapInput", params(RegionMapInput)))]
pub(super) struct CreateInput<D: InputType> {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it creates nothing twice. Needed,
    /// unless the header `Idempotency-Key` gives it.
    idempotency_key: Option<String>,
    /// All it says.
    definition: D,
    /// Comes back in the payload.
    client_mutation_id: Option<String>,
}

/// Another definition of an item.
#[derive(Debug, InputObject)]
#[graphql(concrete(name = "ReviseBranchInput", params(BranchInput)))]
#[graphql(concrete(name = "ReviseTeamInput", params(TeamInput)))]
#[graphql(concrete(name = "ReviseSkillInput", params(SkillInput)))]
#[graphql(concrete(name = "ReviseInboxInput", params(InboxInput)))]
#[graphql(concrete(name = "ReviseCategoryInput", params(CategoryInput)))]
#[graphql(concrete(name = "ReviseTagInput", params(TagInput)))]
#[graphql(concrete(name = "ReviseCustomFieldInput", params(CustomFieldInput)))]
#[graphql(concrete(name = "ReviseStatusLabelInput", params(StatusLabelInput)))]
#[graphql(concrete(name = "ReviseCannedReplyInput", params(CannedReplyInput)))]
#[graphql(concrete(name = "ReviseMacroInput", params(MacroInput)))]
#[graphql(concrete(name = "ReviseClassificationInput", params(ClassificationInput)))]
#[graphql(concrete(name = "ReviseRegionMapInput", params(RegionMapInput)))]
pub(super) struct ReviseInput<D: InputType> {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed,
    /// unless the header `Idempotency-Key` gives it.
    idempotency_key: Option<String>,
    /// Id of the item.
    id: ID,
    /// All it says from now on, what does not change included.
    definition: D,
    /// The version you saw: if it has another, nothing happens and you get CONFLICT.
    expected_version: Option<i64>,
    /// Comes back in the payload.
    client_mutation_id: Option<String>,
}

/// An item that is to be taken out of use.
#[derive(Debug, InputObject)]
pub(super) struct RetireInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed,
    /// unless the header `Idempotency-Key` gives it.
    idempotency_key: Option<String>,
    /// Id of the item.
    id: ID,
    /// The version you saw: if it has another, nothing happens and you get CONFLICT.
    expected_version: Option<i64>,
    /// Comes back in the payload.
    client_mutation_id: Option<String>,
}

/// An item that is to be taken into use again.
#[derive(Debug, InputObject)]
pub(super) struct RestoreInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed,
    /// unless the header `Idempotency-Key` gives it.
    idempotency_key: Option<String>,
    /// Id of the item.
    id: ID,
    /// The version you saw: if it has another, nothing happens and you get CONFLICT.
    expected_version: Option<i64>,
    /// Comes back in the payload.
    client_mutation_id: Option<String>,
}

/// What is to be done with an item.
pub(super) enum Deed<I> {
    Create(I),
    Revise(I),
    Retire,
    Restore,
}

/// A wish as it came.
pub(super) struct Wish<I> {
    deed: Deed<I>,
    idempotency_key: Option<String>,
    /// `None` for one that is to be created.
    id: Option<ID>,
    expected_version: Option<i64>,
    client_mutation_id: Option<String>,
}

impl<I: InputType> From<CreateInput<I>> for Wish<I> {
    fn from(input: CreateInput<I>) -> Self {
        Self {
            deed: Deed::Create(input.definition),
            idempotency_key: input.idempotency_key,
            id: None,
            expected_version: None,
            client_mutation_id: input.client_mutation_id,
        }
    }
}

impl<I: InputType> From<ReviseInput<I>> for Wish<I> {
    fn from(input: ReviseInput<I>) -> Self {
        Self {
            deed: Deed::Revise(input.definition),
            idempotency_key: input.idempotency_key,
            id: Some(input.id),
            expected_version: input.expected_version,
            client_mutation_id: input.client_mutation_id,
        }
    }
}

impl<I> From<RetireInput> for Wish<I> {
    fn from(input: RetireInput) -> Self {
        Self {
            deed: Deed::Retire,
            idempotency_key: input.idempotency_key,
            id: Some(input.id),
            expected_version: input.expected_version,
            client_mutation_id: input.client_mutation_id,
        }
    }
}

impl<I> From<RestoreInput> for Wish<I> {
    fn from(input: RestoreInput) -> Self {
        Self {
            deed: Deed::Restore,
            idempotency_key: input.idempotency_key,
            id: Some(input.id),
            expected_version: input.expected_version,
            client_mutation_id: input.client_mutation_id,
        }
    }
}

/// What every mutation about configuration leads to.
#[derive(Debug)]
pub(super) struct Reply<T> {
    pub(super) thing: Option<T>,
    pub(super) position: Option<LogPosition>,
    pub(super) stale: bool,
    pub(super) user_errors: Vec<UserError>,
    pub(super) client_mutation_id: Option<String>,
}

/// A request, with what is still to be looked up for it.
struct Prepared<D> {
    id: Uuid,
    request: Request,
    command: OrganisationCommand,
    definition: Option<D>,
    /// Whether it is to be taken into use again.
    restores: bool,
}

/// Carries a wish out. `operation` is the mutation's name, a part of the command's id.
pub(super) async fn tell<T, I>(ctx: &Context<'_>, operation: &str, wish: impl Into<Wish<I>>) -> Result<Reply<T>>
where
    T: Thing<Definition = I::Definition>,
    I: Defines<Definition: Claims>,
    OrganisationCommand: From<(Uuid, ItemCommand<I::Definition>)>,
{
    may_see(ctx, Permission::OrganisationWrite)?;
    let (parts, caller) = (parts(ctx)?, caller(ctx)?);
    let mut wish: Wish<I> = wish.into();
    let client_mutation_id = wish.client_mutation_id.take();
    let refused = |thing, problems: Vec<Problem>| Reply {
        thing,
        position: None,
        stale: false,
        user_errors: problems
            .into_iter()
            .map(|it| UserError::new(it, caller.language))
            .collect(),
        client_mutation_id: client_mutation_id.clone(),
    };
    let prepared = match prepare(ctx, operation, wish)? {
        Ok(prepared) => prepared,
        Err(problems) => return Ok(refused(None, problems)),
    };
    let Prepared {
        id, request, command, ..
    } = &prepared;
    let rights = &caller.viewer.rights;
    authorize(rights, request).map_err(|it| problem(ctx, Problem::forbidden(it.0)))?;
    let repeated = parts.handler.is_configured(request.command_id, command).await;
    if !repeated.unwrap_or(false) {
        let problems = clashes(ctx, &prepared).await?;
        if !problems.is_empty() {
            return Ok(refused(from_log(ctx, *id).await?, problems));
        }
    }
    match parts.handler.execute(rights, request).await {
        Ok(outcome) => Ok(Reply {
            stale: !parts.live.reached(NAME, outcome.position).await,
            thing: from_log(ctx, *id).await?,
            position: Some(LogPosition::from(outcome.position)),
            user_errors: Vec::new(),
            client_mutation_id,
        }),
        Err(error) => match answer(error) {
            Answer::Failed(fault) => Err(problem(ctx, fault)),
            Answer::Refused(reason) => Ok(refused(from_log(ctx, *id).await?, vec![within(reason)])),
        },
    }
}

/// The request, or all that is wrong with it.
fn prepare<I>(
    ctx: &Context<'_>,
    operation: &str,
    wish: Wish<I>,
) -> Result<Result<Prepared<I::Definition>, Vec<Problem>>>
where
    I: Defines,
    OrganisationCommand: From<(Uuid, ItemCommand<I::Definition>)>,
{
    let caller = caller(ctx)?;
    let mut problems = Vec::new();
    let mut note = |problem: Problem| problems.push(problem);
    let key = idempotency::key(ctx, wish.idempotency_key.as_deref())
        .map_err(&mut note)
        .ok();
    let kind = ids::Kind::Item(I::Definition::KIND);
    let target = wish.id.map(|it| ids::required(kind, "id", &it)).transpose();
    let target = target.map_err(|it| note(it.about("id"))).ok().flatten();
    let version = wish.expected_version.map(version).transpose();
    let expected_version = version.map_err(&mut note).ok().flatten();
    let mut check = |given: I| {
        let checked = given.definition().and_then(|it| {
            Checked::try_new(it).map_err(|flaws| flaws.into_iter().map(Problem::from).collect::<Vec<_>>())
        });
        checked
            .map_err(|flaws| flaws.into_iter().map(within).for_each(&mut note))
            .ok()
    };
    let command = match wish.deed {
        Deed::Create(given) => check(given).map(|definition| ItemCommand::Create { definition }),
        Deed::Revise(given) => check(given).map(|definition| ItemCommand::Revise { definition }),
        Deed::Retire => Some(ItemCommand::Retire),
        Deed::Restore => Some(ItemCommand::Restore),
    };
    let (Some(key), Some(command), true) = (key, command, problems.is_empty()) else {
        return Ok(Err(problems));
    };
    let named = target.map(|it| it.to_string()).unwrap_or_default();
    let command_id = CommandId::of_request(&caller.viewer.actor.to_string(), operation, &named, key.as_str());
    let definition = match &command {
        ItemCommand::Create { definition } | ItemCommand::Revise { definition } => Some(definition.as_ref().clone()),
        ItemCommand::Retire | ItemCommand::Restore => None,
    };
    let id = target
        .or_else(|| definition.as_ref().map(|it| it.id(command_id)))
        .unwrap_or_default();
    let restores = command == ItemCommand::Restore;
    let command = OrganisationCommand::from((id, command));
    let request = Request {
        command_id,
        command: Command::Organisation(command.clone()),
        actor: caller.viewer.actor.clone(),
        expected_version,
        traceparent: caller.traceparent.clone(),
    };
    Ok(Ok(Prepared {
        id,
        request,
        command,
        definition,
        restores,
    }))
}

fn version(number: i64) -> Result<u64, Problem> {
    u64::try_from(number).map_err(|_negative| {
        let (russian, english) = ("версия, как её дал этот API", "a version as this API gave it");
        Problem::bad_input("expectedVersion", &number.to_string(), russian, english).about("expectedVersion")
    })
}

/// What others have already of that which the item claims for itself; one that is restored claims it anew.
async fn clashes<D: Claims>(ctx: &Context<'_>, prepared: &Prepared<D>) -> Result<Vec<Problem>> {
    let restored = || async {
        let row = row_from_log::<D>(ctx, prepared.id).await?;
        let row = row.filter(|it| it.retired);
        let definition = row.map(|it| serde_json::from_str(&it.definition)).transpose();
        definition.map_err(|it| problem(ctx, internal(&it)))
    };
    let definition: Option<D> = match &prepared.definition {
        Some(definition) => Some(definition.clone()),
        None if prepared.restores => restored().await?,
        None => None,
    };
    let Some(definition) = definition else {
        return Ok(Vec::new());
    };
    let problems = taken(ctx, prepared.id, &definition).await?;
    Ok(problems.into_iter().map(within).collect())
}

/// A problem within the definition, about its place in the input.
fn within(problem: Problem) -> Problem {
    let placed = problem.field.is_empty() || problem.field.first().is_some_and(|it| it == "input");
    if placed {
        return problem;
    }
    let path = ["input".to_owned(), "definition".to_owned()];
    Problem {
        field: path.into_iter().chain(problem.field).collect(),
        ..problem
    }
}

fn answer(error: CommandError) -> Answer {
    if let CommandError::Conflict { expected, actual } = error {
        let problem = Problem::new(
            "CONFLICT",
            format!("версия уже {actual}, а не {expected}: посмотрите снова"),
            format!("it is at version {actual}, not {expected}: look at it again"),
        );
        return Answer::Refused(problem.about("expectedVersion"));
    }
    Answer::from(error)
}

/// The item from its own stream: as it is, even when the tables do not show it yet.
async fn from_log<T: Thing>(ctx: &Context<'_>, id: Uuid) -> Result<Option<T>> {
    let row = row_from_log::<T::Definition>(ctx, id).await?;
    row.map(|it| from_row(ctx, &it)).transpose()
}

async fn row_from_log<D: Definition>(ctx: &Context<'_>, id: Uuid) -> Result<Option<ItemRow>> {
    let stream = stream_name(D::KIND.as_str(), id);
    let raws = parts(ctx)?.log.read_stream(&stream, 0).await;
    let raws = raws.map_err(|it| problem(ctx, internal(&it)))?;
    let events = raws.iter().map(decode).collect::<Result<Vec<_>, _>>();
    let events = events.map_err(|it| problem(ctx, internal(&it)))?;
    from_events(&events).map_err(|it| problem(ctx, internal(&it)))
}
