//! Whether the team's notes are for the one who asks.

use async_graphql::{Context, Result};
use domain::{
    access::Place,
    actor::ActorKind,
    ids::{ConversationId, TicketId},
};
use projections::message::{MessageRow, Wanted};
use uuid::Uuid;

use crate::graphql::{caller, sight::Sight};

/// The thread of a ticket that belongs there, as far as it is to be read.
pub(in crate::graphql) fn wanted(ctx: &Context<'_>, sight: &Sight, ticket: Uuid, place: &Place) -> Result<Wanted> {
    Ok(Wanted {
        ticket_id: ticket,
        conversation_id: ConversationId::of_ticket(TicketId(ticket)).0,
        team: shows_notes(ctx, sight, place)?,
        contact: place.contact,
    })
}

/// Notes are for those who would see the ticket whoever its customer were.
pub(super) fn shows_notes(ctx: &Context<'_>, sight: &Sight, place: &Place) -> Result<bool> {
    let team = Place {
        contact: None,
        ..*place
    };
    Ok(caller(ctx)?.viewer.actor.kind != ActorKind::Contact && sight.reaches(&team))
}

/// Whether a message of a ticket that is seen is seen too.
pub(super) fn shows(row: &MessageRow, notes: bool) -> bool {
    notes || !row.is_note()
}
