//! What a batch of events changes, put together before anything is written.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{
    conversation::{ConversationEvent, RedactionReason},
    event::DomainEvent,
    ids::{ConversationId, TicketId},
    ticket::TicketEvent,
};
use event_store::Recorded;
use uuid::Uuid;

use super::rows::{MessageRow, ThreadRow, place, sealed_for};
use crate::{ProjectError, checkpoint::to_column};

/// Stored forms of why a ticket shows another's conversation.
pub(super) const ABSORBED: &str = "absorbed";
pub(super) const SPLIT: &str = "split";

/// Conversation and place.
type Place = (Uuid, i32);

/// A message's new text, and whose it is.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) body: Option<String>,
    pub(super) data_subject: Option<Uuid>,
    pub(super) at: DateTime<Utc>,
}

/// Which row of `ticket_part` it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartKey {
    pub(super) ticket_id: Uuid,
    pub(super) kind: &'static str,
    pub(super) of_ticket: Uuid,
}

/// What a ticket shows of another's conversation.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) conversation_id: Uuid,
    pub(super) from_seq: i32,
    pub(super) before: Option<i64>,
}

/// A row of `message_change`.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) position: i64,
    pub(super) place: Place,
    pub(super) event_type: String,
    pub(super) at: DateTime<Utc>,
    pub(super) actor: String,
}

/// What a batch changes. Rows of earlier batches are in `edits` and `redactions`, those of this one in `messages`.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) threads: HashMap<Uuid, ThreadRow>,
    pub(super) messages: BTreeMap<Place, MessageRow>,
    pub(super) edits: BTreeMap<Place, Edit>,
    pub(super) redactions: BTreeMap<Place, (&'static str, DateTime<Utc>)>,
    pub(super) readers: BTreeMap<(Uuid, String), (i32, DateTime<Utc>)>,
    pub(super) changes: Vec<Change>,
    /// `None` for what is shown no longer.
    pub(super) parts: BTreeMap<PartKey, Option<Part>>,
}

/// The conversations of a batch that do not begin in it.
pub(super) fn missing(events: &[Arc<Recorded<DomainEvent>>]) -> Vec<Uuid> {
    let mut missing: Vec<Uuid> = Vec::new();
    let mut born = HashSet::new();
    for event in events {
        let DomainEvent::Conversation(change) = &event.event else {
            continue;
        };
        if let ConversationEvent::Started { .. } = change {
            born.insert(event.stream_id);
        } else if !born.contains(&event.stream_id) {
            missing.push(event.stream_id);
        }
    }
    missing.sort_unstable();
    missing.dedup();
    missing
}

impl Batch {
    pub(super) fn new(threads: Vec<ThreadRow>) -> Self {
        Self {
            threads: threads.into_iter().map(|it| (it.conversation_id, it)).collect(),
            ..Self::default()
        }
    }

    /// Takes one event in; of tickets, what they show of others.
    pub(super) fn take(&mut self, recorded: &Recorded<DomainEvent>) -> Result<(), ProjectError> {
        if let DomainEvent::Ticket(event) = &recorded.event {
            self.take_ticket(recorded, event);
        }
        let DomainEvent::Conversation(event) = &recorded.event else {
            return Ok(());
        };
        let id = recorded.stream_id;
        if let Some(born) = ThreadRow::born(id, event) {
            self.threads.insert(id, born);
            return Ok(());
        }
        let thread = self.threads.get_mut(&id).ok_or_else(|| ProjectError::Unfit {
            projection: super::NAME,
            event_type: recorded.event_type.clone(),
            position: recorded.position.0,
            reason: "its conversation was never started",
        })?;
        if let Some(message) = thread.message(recorded, event) {
            thread.add(&message);
            let seq = message.seq;
            self.messages.insert((id, seq), message);
            self.note(recorded, seq);
            return Ok(());
        }
        self.change(recorded, event);
        Ok(())
    }

    fn take_ticket(&mut self, recorded: &Recorded<DomainEvent>, event: &TicketEvent) {
        let key = |kind, other: TicketId| PartKey {
            ticket_id: recorded.stream_id,
            kind,
            of_ticket: other.0,
        };
        let part = |other, from_seq, before| Part {
            conversation_id: ConversationId::of_ticket(other).0,
            from_seq,
            before,
        };
        if let TicketEvent::Absorbed { ticket_id } = event {
            self.parts
                .insert(key(ABSORBED, *ticket_id), Some(part(*ticket_id, 1, None)));
        } else if let TicketEvent::Separated { ticket_id } = event {
            self.parts.insert(key(ABSORBED, *ticket_id), None);
        } else if let TicketEvent::SplitOff { from, from_message_seq } = event {
            let first = i32::try_from(*from_message_seq).unwrap_or(i32::MAX);
            // What is said there later belongs there.
            let until = Some(to_column(recorded.position));
            self.parts.insert(key(SPLIT, *from), Some(part(*from, first, until)));
        }
    }

    fn change(&mut self, recorded: &Recorded<DomainEvent>, event: &ConversationEvent) {
        let (id, at) = (recorded.stream_id, recorded.metadata.at);
        match event {
            ConversationEvent::MessageEdited { seq, body } => {
                self.note(recorded, place(*seq));
                self.edit(
                    (id, place(*seq)),
                    Edit {
                        body: body.known().cloned(),
                        data_subject: sealed_for(body),
                        at,
                    },
                );
            }
            ConversationEvent::MessageRedacted { seq, reason } => {
                self.note(recorded, place(*seq));
                self.redact((id, place(*seq)), *reason, at);
            }
            ConversationEvent::MessagesDeliveredUpTo { seq } => {
                self.note(recorded, place(*seq));
                if let Some(thread) = self.threads.get_mut(&id) {
                    thread.delivered_up_to = thread.delivered_up_to.max(place(*seq));
                }
            }
            ConversationEvent::MessagesReadUpTo { reader, seq } => {
                self.note(recorded, place(*seq));
                self.readers.insert((id, reader.clone()), (place(*seq), at));
                if let Some(thread) = self.threads.get_mut(&id)
                    && reader.starts_with("contact:")
                {
                    thread.contact_read_up_to = thread.contact_read_up_to.max(place(*seq));
                    // Nobody reads what did not arrive.
                    thread.delivered_up_to = thread.delivered_up_to.max(place(*seq));
                }
            }
            ConversationEvent::Started { .. }
            | ConversationEvent::MessageReceived { .. }
            | ConversationEvent::MessagePosted { .. } => {}
        }
    }

    fn edit(&mut self, place: Place, edit: Edit) {
        match self.messages.get_mut(&place) {
            Some(message) => {
                (message.body, message.data_subject) = (edit.body, edit.data_subject);
                message.edited_at = Some(edit.at);
            }
            None => {
                self.edits.insert(place, edit);
            }
        }
    }

    fn redact(&mut self, place: Place, reason: RedactionReason, at: DateTime<Utc>) {
        match self.messages.get_mut(&place) {
            Some(message) => {
                message.body = None;
                (message.redacted_at, message.redaction_reason) = (Some(at), Some(reason.as_str().to_owned()));
            }
            None => {
                self.redactions.insert(place, (reason.as_str(), at));
            }
        }
    }

    fn note(&mut self, recorded: &Recorded<DomainEvent>, seq: i32) {
        self.changes.push(Change {
            position: to_column(recorded.position),
            place: (recorded.stream_id, seq),
            event_type: recorded.event_type.clone(),
            at: recorded.metadata.at,
            actor: recorded.metadata.actor.to_string(),
        });
    }
}
