use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{AgentId, AttachmentId, ContactId, MessageId, TicketId},
    personal::Personal,
    values::words,
};

words!(
    /// Who a message is for.
    Visibility {
        /// The customer too.
        Public = "public",
        /// The team alone: an internal note.
        Note = "note",
    }
);

words!(
    /// Why a text is no longer shown.
    RedactionReason {
        /// It holds data of a person that should not be there.
        PersonalData = "personal_data",
        /// It holds a password, a card number or the like.
        Secret = "secret",
        /// It insults.
        Abuse = "abuse",
        /// It was meant for another ticket.
        Mistake = "mistake",
        /// Anything else.
        Other = "other",
    }
);

/// By what means an answer was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Via {
    /// By its author, word for word.
    #[default]
    Human,
    /// By a macro that its author ran.
    Macro {
        /// The macro.
        macro_id: Uuid,
    },
    /// By an automated conversation partner.
    Bot {
        /// The bot.
        bot_id: Uuid,
    },
    /// Of itself, because a ticket was opened: no answer of the team.
    AutoReply {
        /// The inbox whose words it says.
        inbox_id: Uuid,
    },
}

/// What has happened in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ConversationEvent {
    /// It exists from now on; comes with its first message.
    Started {
        /// The inbox it came through, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inbox_id: Option<Uuid>,
        /// Where it is held: `api`, `servicenow`.
        channel: String,
        /// The customer, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact_id: Option<ContactId>,
        /// The ticket it belongs to.
        ticket_id: TicketId,
    },
    /// The customer wrote.
    MessageReceived {
        /// Its place, from 1, by arrival.
        seq: u32,
        /// Its id, which follows from the author's own name of it.
        message_id: MessageId,
        /// The author's own name of it, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_message_id: Option<String>,
        /// Its name in the system it came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        external_id: Option<String>,
        /// Who wrote; `None` while nobody knows the customer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact_id: Option<ContactId>,
        /// What was written, in Markdown.
        body: Personal<String>,
        /// Files that belong to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<AttachmentId>,
        /// Place of the message it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_reply_to: Option<u32>,
        /// When it was written, UTC, if that is not when it arrived.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent_at: Option<DateTime<Utc>>,
    },
    /// Somebody of the team, or a program on its behalf, wrote.
    MessagePosted {
        /// Its place, from 1, by arrival.
        seq: u32,
        /// Its id, which follows from the author's own name of it.
        message_id: MessageId,
        /// The author's own name of it, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_message_id: Option<String>,
        /// Who wrote, as `kind:id`: the rules on edits go by it.
        author: String,
        /// Who it is for.
        visibility: Visibility,
        /// What was written, in Markdown.
        body: Personal<String>,
        /// Files that belong to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<AttachmentId>,
        /// Whose attention is asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<AgentId>,
        /// Place of the message it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_reply_to: Option<u32>,
        /// By what means.
        #[serde(default)]
        via: Via,
        /// When, UTC: the window for edits begins then.
        posted_at: DateTime<Utc>,
    },
    /// Its author gave a message another text.
    MessageEdited {
        /// Place of the message.
        seq: u32,
        /// The whole new text.
        body: Personal<String>,
    },
    /// A message's text is shown no longer; the log keeps it, sealed.
    MessageRedacted {
        /// Place of the message.
        seq: u32,
        /// Why.
        reason: RedactionReason,
    },
    /// The customer's device has everything up to here.
    MessagesDeliveredUpTo {
        /// Place of the last message it has.
        seq: u32,
    },
    /// Somebody has read everything up to here.
    MessagesReadUpTo {
        /// Who, as `kind:id`.
        reader: String,
        /// Place of the last message they read.
        seq: u32,
    },
}
