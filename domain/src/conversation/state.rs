use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ConversationEvent, EDIT_WINDOW, Visibility};
use crate::{
    ids::{AttachmentId, ContactId, MessageId, TicketId},
    personal::Personal,
};

/// What later decisions about a conversation need to know.
///
/// No text is kept. That a name for a message is used once is a rule over the whole life of the conversation, so one
/// small entry of each message stays: a bounded list of recent names would take a retry that comes late for a new
/// message. Authors and instants are needed only while a message may still be edited, and go when that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The ticket it belongs to.
    pub ticket_id: TicketId,
    /// The customer, if known.
    pub contact_id: Option<ContactId>,
    /// Place of the newest message.
    pub last_seq: u32,
    /// All messages.
    pub known: BTreeMap<MessageId, Known>,
    /// Those that may still be edited, oldest first.
    pub fresh: VecDeque<Fresh>,
    /// Places of those whose text is shown no longer.
    pub redacted: BTreeSet<u32>,
    /// Up to where the customer's device has it.
    pub delivered_up_to: u32,
    /// Up to where it was read, by reader.
    pub read_up_to: BTreeMap<String, u32>,
}

/// What is known of a message for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its place.
    pub seq: u32,
    /// Who it is from and for.
    pub sort: Sort,
    /// Tells its first text and its files from others under the same name; `None` when it is forgotten.
    pub digest: Option<Uuid>,
}

/// Who a message is from and for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// From the customer.
    Received,
    /// From the team to the customer.
    Answer,
    /// Of the team for itself.
    Note,
}

/// A message that may still be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// Its place.
    pub seq: u32,
    /// Who wrote it, as `kind:id`.
    pub author: String,
    /// When, UTC.
    pub at: DateTime<Utc>,
    /// Tells its text of now from another; `None` when it is forgotten.
    pub digest: Option<Uuid>,
}

impl From<Visibility> for Sort {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Public => Self::Answer,
            Visibility::Note => Self::Note,
        }
    }
}

/// A text's fingerprint under the name of its message.
pub(super) fn digest(message_id: MessageId, text: &str) -> Uuid {
    Uuid::new_v5(&message_id.0, text.as_bytes())
}

/// The same of a text and its files.
pub(super) fn digest_of_all(message_id: MessageId, text: &str, files: &[AttachmentId]) -> Uuid {
    let whole = digest(message_id, text);
    files
        .iter()
        .fold(whole, |whole, it| Uuid::new_v5(&whole, it.0.as_bytes()))
}

fn digest_of(message_id: MessageId, body: &Personal<String>) -> Option<Uuid> {
    body.known().map(|it| digest(message_id, it))
}

impl Conversation {
    /// A conversation without messages.
    pub(super) fn begun(ticket_id: TicketId, contact_id: Option<ContactId>) -> Self {
        Self {
            ticket_id,
            contact_id,
            last_seq: 0,
            known: BTreeMap::new(),
            fresh: VecDeque::new(),
            redacted: BTreeSet::new(),
            delivered_up_to: 0,
            read_up_to: BTreeMap::new(),
        }
    }

    /// The message at a place, among those that may still be edited.
    pub(super) fn fresh(&self, seq: u32) -> Option<&Fresh> {
        self.fresh.iter().find(|it| it.seq == seq)
    }

    /// Takes one more event in.
    pub(super) fn take(&mut self, event: &ConversationEvent) {
        match event {
            ConversationEvent::MessageReceived {
                seq,
                message_id,
                body,
                attachments,
                ..
            } => {
                let whole = body.known().map(|it| digest_of_all(*message_id, it, attachments));
                self.add(*seq, *message_id, Sort::Received, whole);
            }
            ConversationEvent::MessagePosted {
                seq,
                message_id,
                author,
                visibility,
                body,
                attachments,
                posted_at,
                ..
            } => {
                let digest = digest_of(*message_id, body);
                let whole = body.known().map(|it| digest_of_all(*message_id, it, attachments));
                self.add(*seq, *message_id, (*visibility).into(), whole);
                self.drop_stale(*posted_at);
                self.fresh.push_back(Fresh {
                    seq: *seq,
                    author: author.clone(),
                    at: *posted_at,
                    digest,
                });
            }
            ConversationEvent::MessageEdited { seq, body } => self.retell(*seq, body),
            ConversationEvent::MessageRedacted { seq, .. } => {
                self.redacted.insert(*seq);
                self.fresh.retain(|it| it.seq != *seq);
            }
            ConversationEvent::MessagesDeliveredUpTo { seq } => self.delivered_up_to = self.delivered_up_to.max(*seq),
            ConversationEvent::MessagesReadUpTo { reader, seq } => {
                let known = self.read_up_to.entry(reader.clone()).or_default();
                *known = (*known).max(*seq);
            }
            ConversationEvent::Started { .. } => {}
        }
    }

    fn add(&mut self, seq: u32, message_id: MessageId, sort: Sort, digest: Option<Uuid>) {
        self.last_seq = self.last_seq.max(seq);
        self.known.insert(message_id, Known { seq, sort, digest });
    }

    fn drop_stale(&mut self, now: DateTime<Utc>) {
        while self.fresh.front().is_some_and(|it| now - it.at > EDIT_WINDOW) {
            self.fresh.pop_front();
        }
    }

    fn retell(&mut self, seq: u32, body: &Personal<String>) {
        let id = self.known.iter().find(|(_, it)| it.seq == seq).map(|(id, _)| *id);
        if let (Some(id), Some(fresh)) = (id, self.fresh.iter_mut().find(|it| it.seq == seq)) {
            fresh.digest = digest_of(id, body);
        }
    }
}
