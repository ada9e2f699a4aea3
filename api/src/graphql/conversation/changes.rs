//! What happens under one ticket, as it happens.

use async_graphql::{Context, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use projections::message::{MessageTold, Wanted};
use uuid::Uuid;

use super::{
    Message,
    sight::{shows, wanted},
};
use crate::{
    graphql::{
        Parts, caller,
        ids::{self, Kind, LogPosition},
        parts, problem,
        sight::{Sight, sight},
    },
    problem::{internal, not_found},
    thread_watch,
};

/// Something that happened to a message.
#[derive(Debug, SimpleObject)]
pub(in crate::graphql) struct MessageChange {
    /// Place of the event in the log, of one that was parked since when it shows: give it back as `after` to go on behind
    /// it.
    position: LogPosition,
    /// Stored type of the event, such as `conversation.message_posted`.
    #[graphql(name = "type")]
    event_type: String,
    /// When it was decided.
    at: DateTime<Utc>,
    /// Who did it: `kind:id`; null for customers, when it was somebody of the team.
    actor: Option<String>,
    /// The message as it is now; of a watermark (`conversation.messages_read_up_to`,
    /// `conversation.messages_delivered_up_to`), the last one it counts for.
    message: Message,
}

/// The changes of messages of a ticket.
pub(in crate::graphql) async fn changes(
    ctx: &Context<'_>,
    ticket_id: &ID,
    after: Option<LogPosition>,
) -> Result<impl Stream<Item = Result<MessageChange>> + use<>> {
    let seen = sight(ctx)?;
    let ticket = ids::required(Kind::Ticket, "ticketId", ticket_id).map_err(|it| problem(ctx, it))?;
    let parts = parts(ctx)?.clone();
    let Some(thread) = thread(ctx, &parts, &seen, ticket).await? else {
        return Err(problem(ctx, not_found("ticketId")));
    };
    let caller = caller(ctx)?.clone();
    let after = after.map_or_else(|| parts.live.end_of_messages(), |it| it.0);
    let told = thread_watch::follow(parts.live.clone(), thread, after);
    let team = caller.viewer.actor.kind != domain::actor::ActorKind::Contact && thread.team;
    Ok(told.filter_map(move |told| {
        let (parts, seen) = (parts.clone(), seen.clone());
        let language = caller.language;
        async move {
            match told {
                Err(error) => Some(Err(internal(&error).into_error(language))),
                Ok(told) => show(&parts, &seen, team, ticket, &told).await.map(Ok),
            }
        }
    }))
}

/// The thread under the ticket; `None` when the ticket is not shown.
async fn thread(ctx: &Context<'_>, parts: &Parts, seen: &Sight, ticket: Uuid) -> Result<Option<Wanted>> {
    let row = parts.tickets.by_id(ticket).await;
    let row = row.map_err(|it| problem(ctx, internal(&it)))?;
    let Some(row) = row.filter(|it| seen.holds(it)) else {
        return Ok(None);
    };
    wanted(ctx, seen, ticket, &row.place()).map(Some)
}

/// The change as somebody sees it who may see the ticket as it belongs now; `None` when it is not for them.
async fn show(parts: &Parts, seen: &Sight, team: bool, ticket: Uuid, told: &MessageTold) -> Option<MessageChange> {
    let place = parts.tickets.by_id(ticket).await.ok().flatten().map(|it| it.place())?;
    let staff = domain::access::Place { contact: None, ..place };
    let notes = team && seen.reaches(&staff);
    let by_customer = told.actor.starts_with("contact:");
    let watermark = told.event_type.ends_with("_up_to");
    // How far colleagues have read is the team's own business.
    let meant = notes || by_customer || !watermark;
    // Of what was merged into a ticket, its customer sees their own.
    let theirs =
        notes || told.message.ticket_id == ticket || place.contact.is_some() && told.contact_id == place.contact;
    (seen.reaches(&place) && shows(&told.message, notes) && meant && theirs).then(|| MessageChange {
        position: LogPosition(told.turn),
        event_type: told.event_type.clone(),
        at: told.at,
        actor: Some(told.actor.clone()).filter(|_| notes || by_customer),
        message: Message::alone(told.message.clone()),
    })
}
