//! Conversations and the threads they make up, as their own events leave them: what [`super::parts`] reads from tables, put
//! together in memory.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use domain::{conversation::ConversationEvent, event::DomainEvent, ids::TicketId, ticket::TicketEvent};
use event_store::Recorded;
use uuid::Uuid;

use super::{
    MessageRow, ThreadPage, ThreadRow, Wanted,
    fold::{ABSORBED, Batch},
};
use crate::ProjectError;

/// A conversation at one moment.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// How it stands; `None` before its first message.
    pub thread: Option<ThreadRow>,
    /// What was said, in the order of arrival.
    pub messages: Vec<MessageRow>,
}

/// What a ticket shows of another's conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartRow {
    /// The other ticket.
    pub of_ticket: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// Place of the first message that is shown, from 1.
    pub from_seq: i32,
    /// Only messages before this place in the log; `None` for all.
    pub before: Option<i64>,
    /// Whether all that the other shows is shown, for it was merged into this one.
    pub absorbed: bool,
}

/// A conversation as its first `count` events leave it. Of what was withdrawn later the text is gone too, and the message
/// says when: what was taken from everybody is not to be read in the past.
///
/// # Errors
/// When the events do not fit each other.
pub fn from_events(events: &[Recorded<DomainEvent>], count: usize) -> Result<Conversation, ProjectError> {
    let (past, later) = events.split_at_checked(count).unwrap_or((events, &[]));
    let mut batch = Batch::default();
    let withdrawn = |it: &&Recorded<DomainEvent>| {
        matches!(
            it.event,
            DomainEvent::Conversation(ConversationEvent::MessageRedacted { .. })
        )
    };
    let born = !past.is_empty();
    for event in past.iter().chain(later.iter().filter(withdrawn).filter(|_| born)) {
        batch.take(event)?;
    }
    Ok(Conversation {
        thread: batch.threads.into_values().next(),
        messages: batch.messages.into_values().collect(),
    })
}

/// What a ticket shows of other conversations by its own events.
///
/// # Errors
/// When the events do not fit each other.
pub fn parts_from_events(events: &[Recorded<DomainEvent>]) -> Result<Vec<PartRow>, ProjectError> {
    let mut batch = Batch::default();
    for event in events.iter().filter(|it| matches!(it.event, DomainEvent::Ticket(_))) {
        batch.take(event)?;
    }
    let shown = batch.parts.into_iter().filter_map(|(key, part)| {
        let part = part?;
        Some(PartRow {
            of_ticket: key.of_ticket,
            conversation_id: part.conversation_id,
            from_seq: part.from_seq,
            before: part.before,
            absorbed: key.kind == ABSORBED,
        })
    });
    Ok(shown.collect())
}

/// The tickets that were ever merged into one, by its own events.
pub fn ever_absorbed<'a>(events: impl Iterator<Item = &'a Recorded<DomainEvent>>) -> Vec<TicketId> {
    let absorbed = |it: &'a Recorded<DomainEvent>| {
        if let DomainEvent::Ticket(TicketEvent::Absorbed { ticket_id }) = &it.event {
            Some(*ticket_id)
        } else {
            None
        }
    };
    let all: HashSet<TicketId> = events.filter_map(absorbed).collect();
    all.into_iter().collect()
}

/// A conversation in a thread, and how much of it is shown.
#[derive(Debug)]
pub struct Segment {
    /// The conversation.
    pub conversation: Arc<Conversation>,
    /// Place of the first message that is shown, from 1.
    pub from_seq: i32,
    /// Only messages before this place in the log; `None` for all.
    pub before: Option<i64>,
    /// Whether all of it is shown.
    pub whole: bool,
}

/// The thread of a ticket, as far as it is to be read.
#[derive(Debug, Default)]
pub struct Thread {
    /// The messages, in the order of arrival, each once.
    pub messages: Vec<MessageRow>,
    /// How the conversations that are shown stand, by id.
    pub threads: BTreeMap<Uuid, ThreadRow>,
    /// How it stands with all that is shown in it; `None` before its first message.
    pub standing: Option<ThreadRow>,
}

impl Thread {
    /// What the one who wants it sees of these conversations.
    pub fn new(wanted: Wanted, segments: Vec<Segment>) -> Self {
        let mut thread = Self::default();
        let mut counted = HashSet::new();
        let is_theirs = |it: &ThreadRow| {
            let of_customer = it.contact_id.is_some() && it.contact_id == wanted.contact;
            wanted.team || it.conversation_id == wanted.conversation_id || of_customer
        };
        for segment in segments {
            let Some(row) = segment.conversation.thread.clone().filter(&is_theirs) else {
                continue;
            };
            if segment.whole && counted.insert(row.conversation_id) {
                thread.standing = Some(match thread.standing.take() {
                    Some(known) => known.with(row.clone(), wanted.conversation_id),
                    None => row.clone(),
                });
            }
            thread.threads.insert(row.conversation_id, row);
            let shown = |it: &&MessageRow| {
                it.seq >= segment.from_seq
                    && segment.before.is_none_or(|before| it.position < before)
                    && (wanted.team || !it.is_note())
            };
            let shown = segment.conversation.messages.iter().filter(shown);
            thread.messages.extend(shown.cloned());
        }
        thread.messages.sort_by_key(|it| it.position);
        thread.messages.dedup_by_key(|it| it.message_id);
        thread
    }

    /// A part of the messages.
    pub fn page(&self, page: ThreadPage) -> Vec<MessageRow> {
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let inside = self
            .messages
            .iter()
            .filter(|it| it.position > page.after && it.position < page.before);
        if page.from_end {
            let mut rows: Vec<MessageRow> = inside.rev().take(limit).cloned().collect();
            rows.reverse();
            rows
        } else {
            inside.take(limit).cloned().collect()
        }
    }

    /// The files of the messages, in their order, so many at most; none of messages whose text was withdrawn.
    pub fn files(&self, limit: usize) -> Vec<Uuid> {
        let mut known = HashSet::new();
        let stand = self.messages.iter().filter(|it| it.redacted_at.is_none());
        let files = stand.flat_map(|it| &it.attachments).copied();
        files.filter(|it| known.insert(*it)).take(limit).collect()
    }
}
