//! Which ticket is meant, and where its events lie.

use std::ops::ControlFlow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    assignment::Assignment,
    conversation::Conversation,
    decider::Decider,
    ids::{ConversationId, TicketId, stream_name},
    ticket::Ticket,
};
use uuid::Uuid;

use crate::{Source, SourceError};

/// The ticket with this number, uuid or id of the API; a uuid is taken at its word.
///
/// # Errors
/// [`SourceError`].
pub fn find_ticket(source: &Source, ticket: &str) -> Result<Option<Uuid>, SourceError> {
    if let Ok(number) = ticket.trim_start_matches('#').parse::<i64>() {
        return numbered(source, number);
    }
    if let Ok(id) = Uuid::parse_str(ticket) {
        return Ok(Some(id));
    }
    let text = URL_SAFE_NO_PAD.decode(ticket.trim_end_matches('=')).ok();
    let text = text.and_then(|it| String::from_utf8(it).ok());
    Ok(text.and_then(|it| it.strip_prefix("Ticket:")?.parse().ok()))
}

fn numbered(source: &Source, number: i64) -> Result<Option<Uuid>, SourceError> {
    let mut found = None;
    source.visit(0, &mut |event| {
        let leaf = &event.leaf;
        let payload = || serde_json::from_slice::<serde_json::Value>(leaf.payload).ok();
        if leaf.event_type == "ticket.opened" && payload().is_some_and(|it| it["number"] == number) {
            found = leaf.stream.split_once('-').and_then(|(_, id)| id.parse().ok());
        }
        if found.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(found)
}

/// The streams of a ticket: the ticket itself, who has it, what was said.
pub fn ticket_streams(id: Uuid) -> [String; 3] {
    [
        stream_name(Ticket::CATEGORY, id),
        stream_name(Assignment::CATEGORY, id),
        stream_name(Conversation::CATEGORY, ConversationId::of_ticket(TicketId(id)).0),
    ]
}
