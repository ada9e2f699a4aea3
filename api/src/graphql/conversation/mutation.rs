use async_graphql::{Context, Object, Result, SimpleObject};
use commands::{CommandError, Request};
use domain::ids::{CommandId, ConversationId, TicketId};
use projections::message;

use super::{
    Message, by_ids,
    input::{self, About, Asker, Wish, key, told},
};
use crate::{
    graphql::{
        Parts, caller,
        ids::{Kind, LogPosition, required},
        parts,
        payload::UserError,
        postgres, problem,
        sight::sight,
        ticket::Ticket,
    },
    problem::{Answer, Problem},
};

/// What can be told about messages.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct ConversationMutation;

/// What a mutation leads to.
#[derive(Debug, Default)]
struct Reply {
    message: Option<Message>,
    ticket: Option<Ticket>,
    position: Option<LogPosition>,
    stale: bool,
    user_errors: Vec<UserError>,
}

macro_rules! mutations {
    ($($(#[doc = $doc:literal])* $name:ident($input:ident) -> $payload:ident;)+) => {
        $(
            /// What the mutation of this name answers.
            #[derive(Debug, SimpleObject)]
            pub(super) struct $payload {
                /// The message as it is now; null when there is none, you may not see it, or the answer is `stale`.
                message: Option<Message>,
                /// The ticket as it is now; null when you may not see it, or the answer is `stale`.
                ticket: Option<Ticket>,
                /// Position of the last event: give it back as `minPosition` to see it in every list.
                position: Option<LogPosition>,
                /// Whether lists, queries and this payload do not show the change yet.
                stale: bool,
                /// Rules the request breaks; empty when it was carried out.
                user_errors: Vec<UserError>,
                /// As it came in the input.
                client_mutation_id: Option<String>,
            }
        )+

        /// What can be told about messages.
        #[Object]
        impl ConversationMutation {
            $(
                $(#[doc = $doc])*
                async fn $name(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "What is wished.")] input: input::$input,
                ) -> Result<$payload> {
                    let client_mutation_id = input.frame().client_mutation_id;
                    let Reply { message, ticket, position, stale, user_errors } = tell(ctx, input).await?;
                    Ok($payload { message, ticket, position, stale, user_errors, client_mutation_id })
                }
            )+
        }
    };
}

mutations! {
    /// Writes to the customer; of a customer, to the team. A first answer begins the work on a new ticket; what a
    /// customer writes wakes a pending ticket and reopens one that is resolved or closed.
    post_message(PostMessageInput) -> PostMessagePayload;
    /// Writes a note that only the team sees, on a closed ticket too.
    add_note(AddNoteInput) -> AddNotePayload;
    /// Takes what the customer wrote elsewhere, with the instant at which they did: for channels and imports. It does to
    /// the ticket what the customer's own message does.
    receive_message(ReceiveMessageInput) -> ReceiveMessagePayload;
    /// Gives a message of your own another text, for 15 minutes.
    edit_message(EditMessageInput) -> EditMessagePayload;
    /// Shows a message's text no longer, to anybody. The log keeps it, sealed.
    redact_message(RedactMessageInput) -> RedactMessagePayload;
    /// Notes how far you have read; never backwards. Whoever only looks leaves no trace.
    mark_read(MarkReadInput) -> MarkReadPayload;
    /// Notes how much the customer's device has; never backwards.
    mark_delivered(MarkDeliveredInput) -> MarkDeliveredPayload;
}

async fn tell<W: Wish>(ctx: &Context<'_>, wish: W) -> Result<Reply> {
    let (parts, caller) = (parts(ctx)?, caller(ctx)?);
    let frame = wish.frame();
    let refused = |problem: Problem| Reply {
        user_errors: vec![UserError::new(problem, caller.language)],
        ..Reply::default()
    };
    let (about, ticket_id, request, by_name) = match request(ctx, wish, &frame) {
        Ok(request) => request,
        Err(problem) => return Ok(refused(problem)),
    };
    match parts.handler.execute(&caller.viewer.rights, &request).await {
        Ok(outcome) => show(ctx, parts, (about, ticket_id), LogPosition::from(outcome.position)).await,
        // The key was the message's name.
        Err(CommandError::KeyReused) if by_name => {
            let rule = domain::conversation::ConversationRefusal::ClientMessageIdReused;
            Ok(refused(super::refused(rule)))
        }
        Err(error) => match Answer::from(error) {
            Answer::Failed(fault) => Err(problem(ctx, fault)),
            Answer::Refused(reason) => Ok(refused(reason)),
        },
    }
}

type Asked = (About, TicketId, Request, bool);

fn request<W: Wish>(ctx: &Context<'_>, wish: W, frame: &input::Frame) -> Result<Asked, Problem> {
    let caller =
        caller(ctx).map_err(|_nobody| Problem::new("UNAUTHENTICATED", "нужен ключ API", "an API key is needed"))?;
    let ticket_id = required(Kind::Ticket, "ticketId", &frame.ticket_id).map_err(|it| it.about("ticketId"))?;
    let (key, by_name) = key(ctx, frame)?;
    let actor = &caller.viewer.actor;
    let ticket_id = TicketId(ticket_id);
    let asker = Asker {
        actor,
        ticket_id,
        key: key.as_str(),
    };
    let (command, about) = wish.command(&asker)?;
    let target = ticket_id.to_string();
    let request = Request {
        command_id: CommandId::of_request(&actor.to_string(), W::OPERATION, &target, key.as_str()),
        command: told(ticket_id, command),
        actor: actor.clone(),
        expected_version: None,
        traceparent: caller.traceparent.clone(),
    };
    Ok((about, ticket_id, request, by_name))
}

/// What the tables show after a command that was carried out.
async fn show(
    ctx: &Context<'_>,
    parts: &Parts,
    (about, ticket_id): (About, TicketId),
    position: LogPosition,
) -> Result<Reply> {
    let stale = crate::graphql::stale(ctx, Some(position)).await?;
    let mut reply = Reply {
        position: Some(position),
        stale,
        ..Reply::default()
    };
    // Who may write may still not see anything.
    let Ok(seen) = sight(ctx) else { return Ok(reply) };
    if stale {
        return Ok(reply);
    }
    let ticket = parts.tickets.by_id(ticket_id.0).await.ok().flatten();
    reply.ticket = ticket.filter(|it| seen.holds(it)).map(Ticket::from);
    let id = match about {
        About::Message(id) => Some(id.0),
        About::Place(seq) => {
            let conversation = ConversationId::of_ticket(ticket_id).0;
            let place = (conversation, i32::try_from(seq).unwrap_or(i32::MAX));
            let rows = message::at_places(&parts.pool, &[place]).await;
            let rows = rows.map_err(|it| postgres(ctx, &it))?;
            rows.first().map(|it| it.message_id)
        }
    };
    if let Some(id) = id {
        reply.message = by_ids(ctx, &[id]).await?.pop().map(|it| it.1);
    }
    Ok(reply)
}
