use async_graphql::{Context, Object, Result};
use commands::{CommandError, Request};
use domain::{
    assignment::Assignment,
    decider::Decider,
    ids::{CommandId, TicketId, stream_name},
};
use event_store::decode;

use super::{
    Caller, Parts, caller, idempotency,
    ids::{Kind, LogPosition, required},
    input::{self, Frame, Made, Wish, opened},
    parts, payload,
    payload::{Reply, UserError},
    problem,
    sight::sight,
    stale,
    ticket::Ticket,
};
use crate::problem::{Answer, Problem, internal};

/// What can be told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mutation;

macro_rules! mutations {
    ($($(#[doc = $doc:literal])* $name:ident($input:ident) -> $payload:ident;)+) => {
        /// What can be told about tickets.
        #[Object(name = "TicketMutation")]
        impl Mutation {
            $(
                $(#[doc = $doc])*
                async fn $name(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "What is wished.")] input: input::$input,
                ) -> Result<payload::$payload> {
                    let client_mutation_id = input.frame().client_mutation_id;
                    Ok(payload::$payload::new(carry_out(ctx, input).await?, client_mutation_id))
                }
            )+
        }
    };
}

mutations! {
    /// Opens a ticket.
    open_ticket(OpenTicketInput) -> OpenTicketPayload;
    /// Gives a ticket another subject.
    change_ticket_subject(ChangeTicketSubjectInput) -> ChangeTicketSubjectPayload;
    /// Puts a ticket in a category, or takes it out of any.
    categorize_ticket(CategorizeTicketInput) -> CategorizeTicketPayload;
    /// Gives a ticket another priority.
    change_ticket_priority(ChangeTicketPriorityInput) -> ChangeTicketPriorityPayload;
    /// Declares that work on a new ticket has begun.
    start_ticket(StartTicketInput) -> StartTicketPayload;
    /// Lets a ticket wait.
    put_ticket_on_hold(PutTicketOnHoldInput) -> PutTicketOnHoldPayload;
    /// Lets a ticket wait no longer.
    resume_ticket(ResumeTicketInput) -> ResumeTicketPayload;
    /// Declares a ticket's work done.
    resolve_ticket(ResolveTicketInput) -> ResolveTicketPayload;
    /// Declares that nothing more will be done; needs a resolution, or a reason.
    close_ticket(CloseTicketInput) -> CloseTicketPayload;
    /// Declares that there is work again on a resolved or closed ticket.
    reopen_ticket(ReopenTicketInput) -> ReopenTicketPayload;
    /// Lets a ticket belong to another inbox, branch or team.
    move_ticket(MoveTicketInput) -> MoveTicketPayload;
    /// Makes an agent the owner of a ticket; a new one becomes open by it.
    assign_ticket(AssignTicketInput) -> AssignTicketPayload;
    /// Leaves a ticket without an owner.
    unassign_ticket(UnassignTicketInput) -> UnassignTicketPayload;
}

pub(super) async fn carry_out<W: Wish>(ctx: &Context<'_>, wish: W) -> Result<Reply> {
    let reply = told(ctx, request(ctx, caller(ctx)?, wish)).await?;
    Ok(shown(ctx, reply))
}

/// The reply as the caller may see it: who may write tickets may still not see any.
pub(super) fn shown(ctx: &Context<'_>, reply: Reply) -> Reply {
    let seen = sight(ctx).ok();
    let ticket = reply
        .ticket
        .filter(|it| seen.as_ref().is_some_and(|seen| seen.reaches(it.place_now())));
    Reply { ticket, ..reply }
}

/// The ticket as it is now, if the caller may see it; from its own streams when the tables are behind.
pub(super) async fn look_at(ctx: &Context<'_>, ticket_id: TicketId, stale: bool) -> Result<Option<Ticket>> {
    let parts = parts(ctx)?;
    let in_tables = if stale { None } else { look(parts, ticket_id).await };
    let ticket = match in_tables {
        Some(ticket) => Some(ticket),
        None => from_log(ctx, parts, ticket_id).await?,
    };
    let seen = sight(ctx).ok();
    Ok(ticket.filter(|it| seen.is_some_and(|seen| seen.reaches(it.place_now()))))
}

/// What a request leads to, whatever of it the caller may see.
pub(super) async fn told(ctx: &Context<'_>, made: Result<(TicketId, Request), Problem>) -> Result<Reply> {
    let (parts, caller) = (parts(ctx)?, caller(ctx)?);
    let (ticket_id, request) = match made {
        Ok(made) => made,
        Err(problem) => return Ok(refusal(caller, problem)),
    };
    match parts.handler.execute(&caller.viewer.rights, &request).await {
        Ok(outcome) => {
            let visible = if ctx.look_ahead().field("ticket").field("history").exists() {
                !stale(ctx, Some(LogPosition::from(outcome.position))).await?
            } else {
                parts.live.shows(outcome.position).await
            };
            let shown = if visible { look(parts, ticket_id).await } else { None };
            let position = Some(LogPosition::from(outcome.position));
            let (ticket, stale) = match shown {
                Some(ticket) => (Some(ticket), false),
                None => (from_log(ctx, parts, ticket_id).await?, true),
            };
            Ok(Reply {
                ticket,
                position,
                stale,
                user_errors: Vec::new(),
            })
        }
        Err(error) => refused(ctx, ticket_id, error).await,
    }
}

pub(super) fn request<W: Wish>(ctx: &Context<'_>, caller: &Caller, wish: W) -> Result<(TicketId, Request), Problem> {
    let Frame {
        idempotency_key,
        expected_version,
        ticket_id,
        ..
    } = wish.frame();
    let key = idempotency::key(ctx, idempotency_key.as_deref())?;
    let expected_version = expected_version.map(version).transpose()?;
    let target = ticket_id.map(|it| required(Kind::Ticket, "ticketId", &it)).transpose();
    let target = target.map_err(|it| it.about("ticketId"))?.map(TicketId);
    let named = target.map(|it| it.to_string()).unwrap_or_default();
    let command_id = CommandId::of_request(&caller.viewer.actor.to_string(), W::OPERATION, &named, key.as_str());
    let ticket_id = target.unwrap_or_else(|| opened(command_id));
    let made = Made {
        command_id,
        actor: Some(caller.viewer.actor.clone()),
    };
    let request = Request {
        command_id,
        command: wish.said_by(&caller.viewer)?.command_by(ticket_id, &made)?,
        actor: caller.viewer.actor.clone(),
        expected_version,
        traceparent: caller.traceparent.clone(),
    };
    Ok((ticket_id, request))
}

pub(super) fn version(number: i64) -> Result<u64, Problem> {
    u64::try_from(number).map_err(|_negative| {
        let (russian, english) = (
            "версия заявки, как её дал этот API",
            "a ticket's version as this API gave it",
        );
        Problem::bad_input("expectedVersion", &number.to_string(), russian, english).about("expectedVersion")
    })
}

/// A refusal with the ticket as it is, so that the client sees what it collided with.
async fn refused(ctx: &Context<'_>, ticket_id: TicketId, error: CommandError) -> Result<Reply> {
    match Answer::from(error) {
        Answer::Failed(fault) => Err(problem(ctx, fault)),
        Answer::Refused(mut reason) => {
            // Of what the ticket was to point at.
            if reason.field.first().is_some_and(|it| it != "input") {
                reason.field.insert(0, "input".to_owned());
            }
            let ticket = from_log(ctx, parts(ctx)?, ticket_id).await?;
            Ok(Reply {
                ticket,
                ..refusal(caller(ctx)?, reason)
            })
        }
    }
}

fn refusal(caller: &Caller, reason: Problem) -> Reply {
    Reply {
        user_errors: vec![UserError::new(reason, caller.language)],
        ..Reply::default()
    }
}

/// The ticket from the tables; `None` when they cannot be read, for the change itself is safe in the log.
async fn look(parts: &Parts, ticket_id: TicketId) -> Option<Ticket> {
    parts.tickets.by_id(ticket_id.0).await.ok().flatten().map(Ticket::from)
}

/// The ticket from its own streams: as it is, even when the tables do not show it yet.
async fn from_log(ctx: &Context<'_>, parts: &Parts, ticket_id: TicketId) -> Result<Option<Ticket>> {
    let mut events = Vec::new();
    for category in [domain::ticket::Ticket::CATEGORY, Assignment::CATEGORY] {
        let stream = stream_name(category, ticket_id.0);
        let raws = parts
            .log
            .read_stream(&stream, 0)
            .await
            .map_err(|it| problem(ctx, internal(&it)))?;
        for raw in &raws {
            events.push(decode(raw).map_err(|it| problem(ctx, internal(&it)))?);
        }
    }
    let opened = parts.vault.open_events(&mut events).await;
    opened.map_err(|it| problem(ctx, internal(&it)))?;
    events.sort_by_key(|it| it.position);
    let row = projections::from_events(&events).map_err(|it| problem(ctx, internal(&it)))?;
    Ok(row.map(Ticket::from))
}
