use std::collections::HashSet;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use commands::{Command, Request, within};
use domain::{
    access::{Permission, Rights},
    actor::{Actor, ActorKind},
    bulk::{Bulk, BulkCommand, BulkRefusal, CHUNK, MOST, Phase, Step},
    decider::Decider,
    ids::{BulkId, CommandId, TicketId},
};
use event_store::Position;
use projections::{bulk_operation, ticket_list};
use uuid::Uuid;

use super::{
    input::{BulkUpdateTicketsInput, CancelBulkOperationInput, UndoBulkOperationInput, named},
    object::BulkOperation,
    query::by_ids,
};
use crate::{
    graphql::{
        Caller, Parts, caller,
        filter::listed,
        idempotency,
        ids::{Kind, LogPosition, required},
        life::{is_staff, me},
        parts,
        payload::UserError,
        postgres, problem,
        sight::sight,
        stale,
    },
    problem::{Answer, Problem},
};

/// What can be told about changes of many tickets.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct BulkMutation;

/// What mutations about changes of many tickets answer.
#[derive(Debug, SimpleObject)]
pub(in crate::graphql) struct BulkOperationPayload {
    /// The operation as it is now; null when there is none.
    operation: Option<BulkOperation>,
    /// Position of the last event: give it back as `minPosition` to see it in every list.
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
    Refused(Option<Uuid>, Problem),
}

#[Object]
impl BulkMutation {
    /// Begins to change many tickets, each as the mutation for one ticket would, with your rights: assign, unassign,
    /// resolve, close, priority, tags, category or status label. It goes on by itself; `bulkOperationChanged` tells how.
    async fn bulk_update_tickets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: BulkUpdateTicketsInput,
    ) -> Result<BulkOperationPayload> {
        let client_mutation_id = input.client_mutation_id.clone();
        let told = Box::pin(begin(ctx, input)).await?;
        payload(ctx, told, client_mutation_id).await
    }

    /// Lets a change of many tickets go on no further; yours, or anybody's if you may change the organisation. What it
    /// changed stays changed.
    async fn cancel_bulk_operation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: CancelBulkOperationInput,
    ) -> Result<BulkOperationPayload> {
        let wish = (input.idempotency_key.as_deref(), &input.id);
        let told = tell(ctx, "cancelBulkOperation", wish, BulkCommand::Cancel).await?;
        payload(ctx, told, input.client_mutation_id).await
    }

    /// Makes the tickets that an operation changed as they were, as far as that can be: what happened stays in their
    /// histories, so a new ticket is open, one that was resolved was reopened once more, and a note about a resolution is not
    /// written again. Those that somebody has changed since are left, and told of.
    async fn undo_bulk_operation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: UndoBulkOperationInput,
    ) -> Result<BulkOperationPayload> {
        let wish = (input.idempotency_key.as_deref(), &input.id);
        let told = tell(ctx, "undoBulkOperation", wish, BulkCommand::StartUndo).await?;
        payload(ctx, told, input.client_mutation_id).await
    }
}

async fn payload(ctx: &Context<'_>, told: Told, client_mutation_id: Option<String>) -> Result<BulkOperationPayload> {
    let none = BulkOperationPayload {
        operation: None,
        position: None,
        stale: false,
        user_errors: Vec::new(),
        client_mutation_id,
    };
    Ok(match told {
        Told::Done(id, position) => BulkOperationPayload {
            stale: !parts(ctx)?.live.reached(bulk_operation::NAME, position).await,
            operation: by_ids(ctx, &[id]).await?.pop(),
            position: Some(position.into()),
            ..none
        },
        Told::Refused(id, reason) => BulkOperationPayload {
            operation: by_ids(ctx, id.as_slice()).await?.pop(),
            user_errors: vec![UserError::new(reason, caller(ctx)?.language)],
            ..none
        },
    })
}

async fn begin(ctx: &Context<'_>, input: BulkUpdateTicketsInput) -> Result<Told> {
    of_the_team(ctx)?;
    let viewer = &caller(ctx)?.viewer;
    let key = match idempotency::key(ctx, input.idempotency_key.as_deref()) {
        Ok(key) => key,
        Err(bad) => return Ok(Told::Refused(None, bad)),
    };
    let command_id = CommandId::of_request(&viewer.actor.to_string(), "bulkUpdateTickets", "", key.as_str());
    let id = BulkId(command_id.creates(Bulk::CATEGORY));
    let (asked, expected) = (input.asked(), input.expected_count);
    let action = match input.action.clone().step() {
        Ok(action) => action,
        Err(bad) => return Ok(Told::Refused(None, bad)),
    };
    let known = parts(ctx)?.handler.bulk(id).await;
    let known = known.map_err(|it| failed(ctx, it.into()))?;
    // A repetition is answered from the log, what the filter lets pass may be others by now; unless not all were named when
    // the first wish was cut off.
    let tickets = match &known {
        Some(bulk) if bulk.phase != Phase::Choosing => Ok(Vec::new()),
        Some(_) | None => choose(ctx, input).await?,
    };
    let tickets = match tickets {
        Ok(tickets) => tickets,
        Err(reason) => return Ok(Told::Refused(None, reason)),
    };
    let count = i64::try_from(tickets.len()).unwrap_or(i64::MAX);
    if let Some(expected) = expected.filter(|it| known.is_none() && *it != count) {
        return Ok(Told::Refused(None, counted(expected, count)));
    }
    match start((parts(ctx)?, caller(ctx)?), (id, command_id), action, &tickets, asked).await {
        Ok(position) => {
            let unnamed = known.map_or_else(
                || tickets.get(CHUNK..).unwrap_or_default().to_vec(),
                |it| rest_of(&it, &tickets),
            );
            name_more(ctx, id, &unnamed, position).await
        }
        Err(answer) => judged(ctx, None, answer),
    }
}

/// Begins an operation with as many of its tickets as fit in one event.
async fn start(
    (parts, caller): (&Parts, &Caller),
    (id, command_id): (BulkId, CommandId),
    action: Step,
    tickets: &[TicketId],
    asked: String,
) -> Result<Position, Answer> {
    let start = BulkCommand::Start {
        action,
        total: u32::try_from(tickets.len()).unwrap_or(u32::MAX),
        ticket_ids: tickets.iter().copied().take(CHUNK).collect(),
        asked,
    };
    let request = Request {
        command_id,
        command: Command::Bulk(id, start),
        actor: caller.viewer.actor.clone(),
        expected_version: None,
        traceparent: caller.traceparent.clone(),
    };
    let began = within(id.0, Box::pin(parts.handler.execute(&caller.viewer.rights, &request))).await;
    Ok(began?.position)
}

/// Names the tickets that did not fit in the first event; it has shown up to `position`.
async fn name_more(ctx: &Context<'_>, id: BulkId, rest: &[TicketId], mut position: Position) -> Result<Told> {
    let handler = &parts(ctx)?.handler;
    for chunk in rest.chunks(CHUNK) {
        let (Some(first), ticket_ids) = (chunk.first(), chunk.to_vec()) else {
            continue;
        };
        let more = Request {
            command_id: CommandId(Uuid::new_v5(
                &id.0,
                format!("choose {first} {}", chunk.len()).as_bytes(),
            )),
            command: Command::Bulk(id, BulkCommand::Choose { ticket_ids }),
            actor: Actor::new(ActorKind::System, "bulk"),
            expected_version: None,
            traceparent: caller(ctx)?.traceparent.clone(),
        };
        match within(id.0, Box::pin(handler.execute(&Rights::all(), &more))).await {
            Ok(outcome) => position = outcome.position,
            Err(error) => return judged(ctx, Some(id.0), error.into()),
        }
    }
    Ok(Told::Done(id.0, position))
}

/// What an operation may still name of these tickets.
fn rest_of(bulk: &Bulk, tickets: &[TicketId]) -> Vec<TicketId> {
    let named: HashSet<TicketId> = bulk.chosen.iter().copied().collect();
    let more = tickets.iter().copied().filter(|it| !named.contains(it));
    more.take(bulk.total.saturating_sub(named.len())).collect()
}

/// Customers change their tickets one by one.
fn of_the_team(ctx: &Context<'_>) -> Result<()> {
    if is_staff(&caller(ctx)?.viewer, Permission::TicketsWrite) {
        return Ok(());
    }
    Err(problem(ctx, Problem::forbidden(Permission::TicketsWrite)))
}

/// The tickets that are meant, each once.
async fn choose(ctx: &Context<'_>, input: BulkUpdateTicketsInput) -> Result<Result<Vec<TicketId>, Problem>> {
    let too_many = || refused(BulkRefusal::TooMany);
    match (input.ids, input.filter) {
        (Some(ids), None) if ids.len() > MOST => Ok(Err(too_many())),
        (Some(ids), None) => Ok(named(&ids)),
        (None, Some(filter)) => {
            let seen = sight(ctx)?;
            let condition = match listed(Some(filter), me(&caller(ctx)?.viewer)) {
                Ok(condition) => seen.narrow(condition),
                Err(bad) => return Ok(Err(within_input(bad))),
            };
            stale(ctx, input.min_position).await?;
            let limit = i64::try_from(MOST).unwrap_or(i64::MAX) + 1;
            let ids = ticket_list::ids(&parts(ctx)?.pool, &condition, limit).await;
            let ids = ids.map_err(|it| postgres(ctx, &it))?;
            if ids.len() > MOST {
                return Ok(Err(too_many()));
            }
            Ok(Ok(ids.into_iter().map(TicketId).collect()))
        }
        (Some(_), Some(_)) | (None, None) => {
            let (russian, english) = ("ids или filter, одно из двух", "ids or filter, one of the two");
            Ok(Err(Problem::bad_input("ids", "…", russian, english).about("ids")))
        }
    }
}

async fn tell(
    ctx: &Context<'_>,
    operation: &'static str,
    (key, id): (Option<&str>, &ID),
    command: BulkCommand,
) -> Result<Told> {
    of_the_team(ctx)?;
    let (parts, caller) = (parts(ctx)?, caller(ctx)?);
    let made = || -> Result<(Uuid, CommandId), Problem> {
        let key = idempotency::key(ctx, key)?;
        let id = required(Kind::Bulk, "id", id).map_err(|it| it.about("id"))?;
        let actor = caller.viewer.actor.to_string();
        Ok((
            id,
            CommandId::of_request(&actor, operation, &id.to_string(), key.as_str()),
        ))
    };
    let (id, command_id) = match made() {
        Ok(made) => made,
        Err(bad) => return Ok(Told::Refused(None, bad)),
    };
    let request = Request {
        command_id,
        command: Command::Bulk(BulkId(id), command),
        actor: caller.viewer.actor.clone(),
        expected_version: None,
        traceparent: caller.traceparent.clone(),
    };
    let told = within(id, Box::pin(parts.handler.execute(&caller.viewer.rights, &request))).await;
    match told {
        Ok(outcome) => Ok(Told::Done(id, outcome.position)),
        Err(error) => judged(ctx, Some(id), error.into()),
    }
}

fn judged(ctx: &Context<'_>, id: Option<Uuid>, answer: Answer) -> Result<Told> {
    match answer {
        Answer::Refused(reason) => Ok(Told::Refused(id, reason)),
        Answer::Failed(fault) => Err(problem(ctx, fault)),
    }
}

fn failed(ctx: &Context<'_>, answer: Answer) -> async_graphql::Error {
    let (Answer::Refused(reason) | Answer::Failed(reason)) = answer;
    problem(ctx, reason)
}

fn counted(expected: i64, actual: i64) -> Problem {
    Problem::new(
        "COUNT_CHANGED",
        format!("заявок {actual}, а не {expected}: посмотрите на список снова"),
        format!("there are {actual} tickets, not {expected}: look at the list again"),
    )
    .about("expectedCount")
}

fn within_input(problem: Problem) -> Problem {
    let at = ["input", "filter"].map(str::to_owned).into_iter();
    Problem {
        field: at.chain(problem.field.clone()).collect(),
        ..problem
    }
}

/// How a rule of changes of many tickets is told.
pub(crate) fn refused(refusal: BulkRefusal) -> Problem {
    let english = refusal.to_string();
    let (code, russian, field) = match refusal {
        BulkRefusal::NotFound => ("NOT_FOUND", "такой операции нет", Some("id")),
        BulkRefusal::AlreadyStarted => ("BULK_EXISTS", "такая операция уже есть", None),
        BulkRefusal::NothingChosen => ("NOTHING_CHOSEN", "ни одна заявка не подходит", None),
        BulkRefusal::TooMany => ("TOO_MANY_TICKETS", "заявок больше 100 000: сузьте выбор", None),
        BulkRefusal::Over => (
            "BULK_OVER",
            "операция уже закончена: её можно только откатить",
            Some("id"),
        ),
        BulkRefusal::StillRunning => (
            "BULK_RUNNING",
            "операция ещё идёт: сначала остановите её или дождитесь конца",
            Some("id"),
        ),
    };
    let problem = Problem::new(code, russian, english);
    match field {
        Some(name) => problem.about(name),
        None => problem,
    }
}
