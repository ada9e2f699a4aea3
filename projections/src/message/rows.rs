use chrono::{DateTime, Utc};
use domain::{
    conversation::{ConversationEvent, Via, Visibility},
    event::DomainEvent,
    personal::{DataSubject, Personal},
};
use event_store::Recorded;
use sqlx::FromRow;
use uuid::Uuid;

use crate::checkpoint::to_column;

/// A message as it is now.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct MessageRow {
    /// Id of the conversation.
    pub conversation_id: Uuid,
    /// Place in the conversation, from 1.
    pub seq: i32,
    /// Place in the log of the event that brought it.
    pub position: i64,
    /// Id of the message.
    pub message_id: Uuid,
    /// Id of the ticket.
    pub ticket_id: Uuid,
    /// Who wrote it, `kind:id`; `contact:` when nobody knows the customer.
    pub author: String,
    /// `received`, `answer` or `note`.
    pub sort: String,
    /// Its text now; `None` when it was withdrawn or the person is forgotten.
    pub body: Option<String>,
    /// The author's own name of it.
    pub client_message_id: Option<String>,
    /// Its name in the system it came from.
    pub external_id: Option<String>,
    /// Place of the message it answers.
    pub in_reply_to: Option<i32>,
    /// Colleagues whose attention is asked for.
    pub mentions: Vec<Uuid>,
    /// Files that belong to it.
    pub attachments: Vec<Uuid>,
    /// `human`, `macro` or `bot`.
    pub via: String,
    /// Of the macro or the bot.
    pub via_id: Option<Uuid>,
    /// When it arrived here.
    pub arrived_at: DateTime<Utc>,
    /// When it was written, if that is not when it arrived.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was last edited.
    pub edited_at: Option<DateTime<Utc>>,
    /// When its text was withdrawn.
    pub redacted_at: Option<DateTime<Utc>>,
    /// Why it was withdrawn.
    pub redaction_reason: Option<String>,
    /// Whose key seals the text.
    pub data_subject: Option<Uuid>,
}

/// How a conversation stands.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ThreadRow {
    /// Id of the conversation.
    pub conversation_id: Uuid,
    /// Id of the ticket.
    pub ticket_id: Uuid,
    /// The customer, if known.
    pub contact_id: Option<Uuid>,
    /// The inbox it came through, if known.
    pub inbox_id: Option<Uuid>,
    /// Where it is held.
    pub channel: String,
    /// Place of its newest message.
    pub last_seq: i32,
    /// Of the newest message or note.
    pub last_message_at: Option<DateTime<Utc>>,
    /// Of the newest message between customer and team.
    pub last_public_at: Option<DateTime<Utc>>,
    /// Of the customer's newest message.
    pub last_received_at: Option<DateTime<Utc>>,
    /// Of the team's newest answer.
    pub last_answer_at: Option<DateTime<Utc>>,
    /// Of the team's first answer.
    pub first_answer_at: Option<DateTime<Utc>>,
    /// Of the oldest message of the customer that nobody has answered.
    pub needs_answer_since: Option<DateTime<Utc>>,
    /// Up to where the customer's device has it.
    pub delivered_up_to: i32,
    /// Up to where the customer has read it.
    pub contact_read_up_to: i32,
}

/// Stored forms of what a message is.
pub(super) const RECEIVED: &str = "received";
pub(super) const ANSWER: &str = "answer";
pub(super) const NOTE: &str = "note";
/// Stored form of the means by which Letopis answers of itself.
const AUTO_REPLY: &str = "auto_reply";

/// A place as a column keeps it.
pub(super) fn place(seq: u32) -> i32 {
    i32::try_from(seq).unwrap_or(i32::MAX)
}

/// Whose key seals it; `None` when it lies open in the log.
pub(super) fn sealed_for(body: &Personal<String>) -> Option<Uuid> {
    let of = body.of();
    (of != DataSubject::NOBODY).then_some(of.0)
}

impl ThreadRow {
    /// The row of a conversation that an event begins; `None` for any other event.
    pub(super) fn born(id: Uuid, event: &ConversationEvent) -> Option<Self> {
        let ConversationEvent::Started {
            inbox_id,
            channel,
            contact_id,
            ticket_id,
        } = event
        else {
            return None;
        };
        Some(Self {
            conversation_id: id,
            ticket_id: ticket_id.0,
            contact_id: contact_id.map(|it| it.0),
            inbox_id: *inbox_id,
            channel: channel.clone(),
            last_seq: 0,
            last_message_at: None,
            last_public_at: None,
            last_received_at: None,
            last_answer_at: None,
            first_answer_at: None,
            needs_answer_since: None,
            delivered_up_to: 0,
            contact_read_up_to: 0,
        })
    }

    /// The row of a message that an event adds; `None` for any other event.
    pub(super) fn message(&self, recorded: &Recorded<DomainEvent>, event: &ConversationEvent) -> Option<MessageRow> {
        match event {
            ConversationEvent::MessageReceived {
                seq,
                message_id,
                client_message_id,
                external_id,
                contact_id,
                body,
                attachments,
                in_reply_to,
                sent_at,
            } => Some(MessageRow {
                author: format!("contact:{}", contact_id.map(|it| it.to_string()).unwrap_or_default()),
                client_message_id: client_message_id.clone(),
                external_id: external_id.clone(),
                in_reply_to: in_reply_to.map(place),
                attachments: attachments.iter().map(|it| it.0).collect(),
                sent_at: *sent_at,
                ..self.bare(place(*seq), message_id.0, (RECEIVED, body), recorded)
            }),
            ConversationEvent::MessagePosted {
                seq,
                message_id,
                client_message_id,
                author,
                visibility,
                body,
                attachments,
                mentions,
                in_reply_to,
                via,
                posted_at: _,
            } => {
                let sort = match visibility {
                    Visibility::Public => ANSWER,
                    Visibility::Note => NOTE,
                };
                let (via, via_id) = means(*via);
                Some(MessageRow {
                    author: author.clone(),
                    client_message_id: client_message_id.clone(),
                    in_reply_to: in_reply_to.map(place),
                    attachments: attachments.iter().map(|it| it.0).collect(),
                    mentions: mentions.iter().map(|it| it.0).collect(),
                    via: via.to_owned(),
                    via_id,
                    ..self.bare(place(*seq), message_id.0, (sort, body), recorded)
                })
            }
            ConversationEvent::Started { .. }
            | ConversationEvent::MessageEdited { .. }
            | ConversationEvent::MessageRedacted { .. }
            | ConversationEvent::MessagesDeliveredUpTo { .. }
            | ConversationEvent::MessagesReadUpTo { .. } => None,
        }
    }

    fn bare(
        &self,
        seq: i32,
        id: Uuid,
        (sort, body): (&str, &Personal<String>),
        recorded: &Recorded<DomainEvent>,
    ) -> MessageRow {
        MessageRow {
            conversation_id: self.conversation_id,
            seq,
            position: to_column(recorded.position),
            message_id: id,
            ticket_id: self.ticket_id,
            author: String::new(),
            sort: sort.to_owned(),
            body: body.known().cloned(),
            client_message_id: None,
            external_id: None,
            in_reply_to: None,
            mentions: Vec::new(),
            attachments: Vec::new(),
            via: means(Via::Human).0.to_owned(),
            via_id: None,
            arrived_at: recorded.metadata.at,
            sent_at: None,
            edited_at: None,
            redacted_at: None,
            redaction_reason: None,
            data_subject: sealed_for(body),
        }
    }

    /// Takes a new message in.
    pub(super) fn add(&mut self, message: &MessageRow) {
        let at = Some(message.arrived_at);
        self.last_seq = self.last_seq.max(message.seq);
        self.last_message_at = at;
        match message.sort.as_str() {
            RECEIVED => {
                (self.last_public_at, self.last_received_at) = (at, at);
                self.needs_answer_since = self.needs_answer_since.or(at);
            }
            ANSWER if message.via == AUTO_REPLY => self.last_public_at = at,
            ANSWER => {
                (self.last_public_at, self.last_answer_at) = (at, at);
                self.first_answer_at = self.first_answer_at.or(at);
                self.needs_answer_since = None;
            }
            _ => {}
        }
    }
}

impl ThreadRow {
    /// This thread with another conversation that is shown in it; watermarks are of its own alone.
    pub(super) fn with(self, other: Self, thread: Uuid) -> Self {
        let (own, other) = if other.conversation_id == thread {
            (other, self)
        } else {
            (self, other)
        };
        let last_answer_at = own.last_answer_at.max(other.last_answer_at);
        let unanswered = |at: &DateTime<Utc>| last_answer_at.is_none_or(|answered| *at > answered);
        // What was waiting in one conversation may have been answered in the other; what came there later was not.
        let waits = |it: &Self| {
            it.needs_answer_since
                .filter(unanswered)
                .or(it.last_received_at.filter(unanswered))
        };
        let needs_answer_since = [waits(&own), waits(&other)].into_iter().flatten().min();
        Self {
            last_message_at: own.last_message_at.max(other.last_message_at),
            last_public_at: own.last_public_at.max(other.last_public_at),
            last_received_at: own.last_received_at.max(other.last_received_at),
            first_answer_at: [own.first_answer_at, other.first_answer_at].into_iter().flatten().min(),
            needs_answer_since,
            last_answer_at,
            ..own
        }
    }
}

fn means(via: Via) -> (&'static str, Option<Uuid>) {
    match via {
        Via::Human => ("human", None),
        Via::Macro { macro_id } => ("macro", Some(macro_id)),
        Via::Bot { bot_id } => ("bot", Some(bot_id)),
        Via::AutoReply { inbox_id } => (AUTO_REPLY, Some(inbox_id)),
    }
}

impl MessageRow {
    /// Whether it is of the team for itself.
    pub fn is_note(&self) -> bool {
        self.sort == NOTE
    }

    /// Whether the customer wrote it.
    pub fn is_received(&self) -> bool {
        self.sort == RECEIVED
    }
}
