//! The words of messages and notes. Which ticket they stand under is said once, when their conversation starts.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::{
    conversation::{ConversationEvent, Visibility},
    event::DomainEvent,
    personal::Personal,
};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::write::{Change, Changes};
use crate::ProjectError;

/// Of a message between customer and team.
pub(super) const MESSAGE: &str = "message";
/// Of the team for itself.
pub(super) const NOTE: &str = "note";
/// No text, but the ticket of a conversation.
const CONVERSATION: &str = "conversation";
/// The part of a conversation that says its ticket.
const START: &str = "start";

/// The tickets of the conversations in a batch.
pub(super) async fn tickets(
    events: &[Arc<Recorded<DomainEvent>>],
    tx: &mut PgConnection,
) -> Result<HashMap<Uuid, Uuid>, ProjectError> {
    let (mut known, mut missing) = (HashMap::new(), HashSet::new());
    for event in events {
        let DomainEvent::Conversation(said) = &event.event else {
            continue;
        };
        if let ConversationEvent::Started { ticket_id, .. } = said {
            known.insert(event.stream_id, ticket_id.0);
        } else if !known.contains_key(&event.stream_id) {
            missing.insert(event.stream_id);
        }
    }
    if !missing.is_empty() {
        let missing: Vec<Uuid> = missing.into_iter().collect();
        let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "SELECT owner_id, ticket_id FROM search_part
            WHERE owner_id = ANY($1) AND part = $2 AND ticket_id IS NOT NULL",
        )
        .bind(missing)
        .bind(START)
        .fetch_all(tx)
        .await?;
        known.extend(rows);
    }
    Ok(known)
}

/// Takes an event of a conversation in.
pub(super) fn take(
    recorded: &Recorded<DomainEvent>,
    event: &ConversationEvent,
    tickets: &HashMap<Uuid, Uuid>,
    changes: &mut Changes,
) {
    let id = recorded.stream_id;
    let mut says = |part: String, kind, (of, text)| {
        let says = Change::Says {
            kind,
            ticket: tickets.get(&id).copied(),
            of,
            text,
            at: recorded.metadata.at,
        };
        changes.insert((id, part), says);
    };
    match event {
        ConversationEvent::Started { .. } => says(START.to_owned(), CONVERSATION, (Uuid::nil(), None)),
        ConversationEvent::MessageReceived { seq, body, .. } => says(seq.to_string(), MESSAGE, words(body)),
        ConversationEvent::MessagePosted {
            seq, body, visibility, ..
        } => {
            let kind = match visibility {
                Visibility::Public => MESSAGE,
                Visibility::Note => NOTE,
            };
            says(seq.to_string(), kind, words(body));
        }
        ConversationEvent::MessageEdited { seq, body } => {
            // A row that is there keeps its kind; without one the text is shown to as few as may be.
            let known = changes.get(&(id, seq.to_string()));
            let kind = match known {
                Some(Change::Says { kind, .. }) => kind,
                Some(Change::Gone) | None => NOTE,
            };
            let (of, text) = words(body);
            let says = Change::Says {
                kind,
                ticket: tickets.get(&id).copied(),
                of,
                text,
                at: recorded.metadata.at,
            };
            changes.insert((id, seq.to_string()), says);
        }
        ConversationEvent::MessageRedacted { seq, .. } => {
            changes.insert((id, seq.to_string()), Change::Gone);
        }
        ConversationEvent::MessagesDeliveredUpTo { .. } | ConversationEvent::MessagesReadUpTo { .. } => {}
    }
}

fn words(body: &Personal<String>) -> (Uuid, Option<String>) {
    (body.of().0, body.known().cloned())
}
