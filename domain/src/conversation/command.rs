use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Body, RedactionReason, Via, Visibility};
use crate::ids::{AgentId, AttachmentId, ContactId, MessageId, TicketId};

/// What a conversation has to know of its ticket at the moment of a message; the server adds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The customer, if known.
    pub contact_id: Option<ContactId>,
    /// The inbox it came through, if known.
    pub inbox_id: Option<Uuid>,
    /// Where the conversation is held.
    pub channel: String,
    /// Whether the ticket is closed.
    pub closed: bool,
}

/// A message that is to be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewMessage {
    /// Its id, see [`MessageId::named_by`].
    pub message_id: MessageId,
    /// The author's own name of it.
    pub client_message_id: Option<String>,
    /// What is said.
    pub body: Body,
    /// Files that belong to it.
    pub attachments: Vec<AttachmentId>,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
}

/// A wish about a conversation. Its serialised form is the fingerprint of a request, so it leaves out what the server
/// adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ConversationCommand {
    /// Take what the customer wrote.
    Receive {
        /// Of the ticket; `None` until the server has looked.
        #[serde(skip)]
        thread: Option<Thread>,
        /// The message.
        message: NewMessage,
        /// Its name in the system it came from.
        external_id: Option<String>,
        /// When it was written, if that is not now.
        sent_at: Option<DateTime<Utc>>,
    },
    /// Write to the customer, or to the team.
    Post {
        /// Of the ticket; `None` until the server has looked.
        #[serde(skip)]
        thread: Option<Thread>,
        /// The message.
        message: NewMessage,
        /// Who it is for.
        visibility: Visibility,
        /// Whose attention is asked for.
        mentions: Vec<AgentId>,
        /// By what means.
        via: Via,
    },
    /// Give a message of one's own another text.
    Edit {
        /// The message.
        message_id: MessageId,
        /// The whole new text.
        body: Body,
    },
    /// Show a message's text no longer.
    Redact {
        /// The message.
        message_id: MessageId,
        /// Why.
        reason: RedactionReason,
    },
    /// Note how much the customer's device has.
    MarkDelivered {
        /// Place of the last message.
        seq: u32,
    },
    /// Note how much the one who asks has read.
    MarkRead {
        /// Place of the last message.
        seq: u32,
    },
}
