//! What mutations about messages are given, and the commands that come of it.

use async_graphql::{Context, Enum, ID, InputObject, Result};
use chrono::{DateTime, Utc};
use commands::Command;
use domain::{
    actor::{Actor, ActorKind},
    attachment::MOST_FILES,
    conversation::{self, Body, ConversationCommand, NewMessage, Via, Visibility},
    ids::{AgentId, AttachmentId, ConversationId, MessageId, TicketId},
    values::{IdempotencyKey, ValueError},
};

use crate::{
    graphql::{
        Call, idempotency,
        ids::{Kind, required},
    },
    problem::Problem,
};

/// Colleagues that one note may mention.
const MENTIONS: usize = 50;

/// Why a text is to be shown no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "conversation::RedactionReason")]
pub(in crate::graphql) enum RedactionReason {
    /// It holds data of a person that should not be there.
    PersonalData,
    /// It holds a password, a card number or the like.
    Secret,
    /// It insults.
    Abuse,
    /// It was meant for another ticket.
    Mistake,
    /// Anything else.
    Other,
}

/// What all mutations have in common.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) idempotency_key: Option<String>,
    /// The author's own name of the message; stands in for the key.
    pub(super) client_message_id: Option<String>,
    pub(super) client_mutation_id: Option<String>,
    pub(super) ticket_id: ID,
}

/// Which message the payload shows.
#[derive(Debug, Clone, Copy)]
pub(super) enum About {
    /// The one with this id.
    Message(MessageId),
    /// The one at this place.
    Place(u32),
}

/// Who wishes it, and of which ticket.
#[derive(Debug)]
pub(in crate::graphql) struct Asker<'a> {
    pub(in crate::graphql) actor: &'a Actor,
    pub(in crate::graphql) ticket_id: TicketId,
    /// The client's name of the wish.
    pub(in crate::graphql) key: &'a str,
}

/// An input of a mutation.
pub(super) trait Wish {
    /// Name of the mutation; part of the command's id.
    const OPERATION: &'static str;

    fn frame(&self) -> Frame;

    /// The command, and which message it is about.
    fn command(self, asker: &Asker<'_>) -> Result<(ConversationCommand, About), Problem>;
}

/// The key of a wish: as usual, or else the author's own name of the message.
pub(super) fn key(ctx: &Context<'_>, frame: &Frame) -> Result<(IdempotencyKey, bool), Problem> {
    let headed = ctx.data_opt::<Call>().is_some_and(|it| it.idempotency_key.is_some());
    match &frame.client_message_id {
        Some(name) if frame.idempotency_key.is_none() && !headed => {
            let key = IdempotencyKey::try_new(name).map_err(|it| client_name(&it))?;
            Ok((key, true))
        }
        Some(_) | None => Ok((idempotency::key(ctx, frame.idempotency_key.as_deref())?, false)),
    }
}

fn client_name(error: &ValueError) -> Problem {
    let (russian, english) = (
        "от 1 до 200 символов, не только пробелы",
        "1 to 200 characters, not blank",
    );
    Problem::bad_input("clientMessageId", &error.value, russian, english).about("clientMessageId")
}

fn body(text: &str) -> Result<Body, Problem> {
    Body::try_new(text).map_err(|it| {
        let russian =
            "от 1 до 100000 символов, не только пробелы, без управляющих символов кроме перевода строки и табуляции";
        Problem::bad_input("body", &it.value, russian, it.accepted).about("body")
    })
}

fn message_id(field: &'static str, id: &ID) -> Result<MessageId, Problem> {
    required(Kind::Message, field, id)
        .map(MessageId)
        .map_err(|it| it.about(field))
}

/// A new message as its input says it.
fn new(
    asker: &Asker<'_>,
    client_message_id: Option<String>,
    text: &str,
    in_reply_to: Option<&ID>,
    files: Option<&[ID]>,
) -> Result<NewMessage, Problem> {
    if let Some(name) = &client_message_id {
        IdempotencyKey::try_new(name).map_err(|it| client_name(&it))?;
    }
    let conversation = ConversationId::of_ticket(asker.ticket_id);
    let name = client_message_id.as_deref().unwrap_or(asker.key);
    Ok(NewMessage {
        message_id: MessageId::named_by(conversation, &asker.actor.to_string(), name),
        body: body(text)?,
        client_message_id,
        attachments: attached(files.unwrap_or_default())?,
        in_reply_to: in_reply_to.map(|it| message_id("inReplyTo", it)).transpose()?,
    })
}

fn attached(ids: &[ID]) -> Result<Vec<AttachmentId>, Problem> {
    let bad = |value: &str, russian, english| {
        Err(Problem::bad_input("attachmentIds", value, russian, english).about("attachmentIds"))
    };
    if ids.len() > MOST_FILES {
        return bad(&ids.len().to_string(), "не больше 15 файлов", "at most 15 files");
    }
    let mut files = Vec::with_capacity(ids.len());
    for id in ids {
        let file = required(Kind::Attachment, "attachmentIds", id).map_err(|it| it.about("attachmentIds"))?;
        let file = AttachmentId(file);
        if files.contains(&file) {
            return bad(id, "каждый файл один раз", "each file once");
        }
        files.push(file);
    }
    Ok(files)
}

fn mentioned(ids: Option<Vec<ID>>) -> Result<Vec<AgentId>, Problem> {
    let ids = ids.unwrap_or_default();
    if ids.len() > MENTIONS {
        let (russian, english) = ("не больше 50 сотрудников", "at most 50 colleagues");
        return Err(Problem::bad_input("mentions", &ids.len().to_string(), russian, english).about("mentions"));
    }
    let id = |it: &ID| required(Kind::Agent, "mentions", it).map_err(|it| it.about("mentions"));
    ids.iter().map(|it| id(it).map(AgentId)).collect()
}

fn place(number: i32) -> Result<u32, Problem> {
    u32::try_from(number).map_err(|_negative| {
        let (russian, english) = ("место сообщения, от 1", "the place of a message, from 1");
        Problem::bad_input("upTo", &number.to_string(), russian, english).about("upTo")
    })
}

macro_rules! wishes {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident: $operation:literal $(named by $client:ident)? {
            $($(#[doc = $field_doc:literal])* $field:ident: $type:ty),* $(,)?
        }
        ($self:ident, $asker:ident) => $command:expr;
    )+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, InputObject)]
            pub(in crate::graphql) struct $name {
                /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed,
                /// unless the header `Idempotency-Key` gives it, or there is a `clientMessageId`.
                idempotency_key: Option<String>,
                /// Id of the ticket.
                ticket_id: ID,
                $(
                    /// Your own name of the message, 1 to 200 characters, among your messages of the ticket: sent again it is
                    /// one message, and with another text it is refused. By default the key.
                    $client: Option<String>,
                )?
                $($(#[doc = $field_doc])* $field: $type,)*
                /// Comes back in the payload.
                client_mutation_id: Option<String>,
            }

            impl Wish for $name {
                const OPERATION: &'static str = $operation;

                fn frame(&self) -> Frame {
                    Frame {
                        idempotency_key: self.idempotency_key.clone(),
                        client_message_id: None::<String>$(.or(self.$client.clone()))?,
                        client_mutation_id: self.client_mutation_id.clone(),
                        ticket_id: self.ticket_id.clone(),
                    }
                }

                fn command($self, $asker: &Asker<'_>) -> Result<(ConversationCommand, About), Problem> {
                    $command
                }
            }
        )+
    };
}

wishes! {
    /// A message between customer and team.
    PostMessageInput: "postMessage" named by client_message_id {
        /// What is said, in Markdown: 1 to 100,000 characters.
        body: String,
        /// Id of the message it answers.
        in_reply_to: Option<ID>,
        /// Ids of the files that belong to it, uploaded before, at most 15.
        attachment_ids: Option<Vec<ID>>,
    }
    (self, asker) => {
        let message = new(asker, self.client_message_id, &self.body, self.in_reply_to.as_ref(), self.attachment_ids.as_deref())?;
        let about = About::Message(message.message_id);
        let command = if asker.actor.kind == ActorKind::Contact {
            ConversationCommand::Receive { thread: None, message, external_id: None, sent_at: None }
        } else {
            ConversationCommand::Post {
                thread: None,
                message,
                visibility: Visibility::Public,
                mentions: Vec::new(),
                via: Via::Human,
            }
        };
        Ok((command, about))
    };
    /// An internal note.
    AddNoteInput: "addNote" named by client_message_id {
        /// What is noted, in Markdown: 1 to 100,000 characters.
        body: String,
        /// Id of the message it is about.
        in_reply_to: Option<ID>,
        /// Ids of the files that belong to it, uploaded before, at most 15.
        attachment_ids: Option<Vec<ID>>,
        /// Ids of the colleagues whose attention it asks for, at most 50.
        mentions: Option<Vec<ID>>,
    }
    (self, asker) => {
        let message = new(asker, self.client_message_id, &self.body, self.in_reply_to.as_ref(), self.attachment_ids.as_deref())?;
        let about = About::Message(message.message_id);
        let mentions = mentioned(self.mentions)?;
        let command = ConversationCommand::Post {
            thread: None,
            message,
            visibility: Visibility::Note,
            mentions,
            via: Via::Human,
        };
        Ok((command, about))
    };
    /// What the customer wrote elsewhere.
    ReceiveMessageInput: "receiveMessage" named by client_message_id {
        /// What the customer wrote, in Markdown: 1 to 100,000 characters.
        body: String,
        /// Id of the message it answers.
        in_reply_to: Option<ID>,
        /// Ids of the files that belong to it, uploaded before, at most 15.
        attachment_ids: Option<Vec<ID>>,
        /// Its name in the system it came from, 1 to 200 characters.
        external_id: Option<String>,
        /// When it was written, if that is not now; not in the future.
        sent_at: Option<DateTime<Utc>>,
    }
    (self, asker) => {
        let external_id = self.external_id.map(external).transpose()?;
        let message = new(asker, self.client_message_id, &self.body, self.in_reply_to.as_ref(), self.attachment_ids.as_deref())?;
        let about = About::Message(message.message_id);
        let sent_at = self.sent_at;
        Ok((ConversationCommand::Receive { thread: None, message, external_id, sent_at }, about))
    };
    /// Another text of a message of one's own.
    EditMessageInput: "editMessage" {
        /// Id of the message.
        message_id: ID,
        /// The whole new text, in Markdown: 1 to 100,000 characters.
        body: String,
    }
    (self, _asker) => {
        let message_id = message_id("messageId", &self.message_id)?;
        let body = body(&self.body)?;
        Ok((ConversationCommand::Edit { message_id, body }, About::Message(message_id)))
    };
    /// A message whose text is to be shown no longer.
    RedactMessageInput: "redactMessage" {
        /// Id of the message.
        message_id: ID,
        /// Why.
        reason: RedactionReason,
    }
    (self, _asker) => {
        let message_id = message_id("messageId", &self.message_id)?;
        let reason = self.reason.into();
        Ok((ConversationCommand::Redact { message_id, reason }, About::Message(message_id)))
    };
    /// How far whoever asks has read.
    MarkReadInput: "markRead" {
        /// Place (`seq`) of the last message you have read.
        up_to: i32,
    }
    (self, _asker) => {
        let seq = place(self.up_to)?;
        Ok((ConversationCommand::MarkRead { seq }, About::Place(seq)))
    };
    /// How much the customer's device has.
    MarkDeliveredInput: "markDelivered" {
        /// Place (`seq`) of the last message that arrived there.
        up_to: i32,
    }
    (self, _asker) => {
        let seq = place(self.up_to)?;
        Ok((ConversationCommand::MarkDelivered { seq }, About::Place(seq)))
    };
}

/// What a customer writes who is not signed in, as the command of the one whom the asker names.
pub(in crate::graphql) fn of_customer(
    asker: &Asker<'_>,
    client_message_id: Option<String>,
    text: &str,
) -> Result<Command, Problem> {
    let message = new(asker, client_message_id, text, None, None)?;
    let command = ConversationCommand::Receive {
        thread: None,
        message,
        external_id: None,
        sent_at: None,
    };
    Ok(told(asker.ticket_id, command))
}

fn external(name: String) -> Result<String, Problem> {
    match IdempotencyKey::try_new(&name) {
        Ok(_) => Ok(name),
        Err(error) => {
            let (russian, english) = (
                "от 1 до 200 символов, не только пробелы",
                "1 to 200 characters, not blank",
            );
            Err(Problem::bad_input("externalId", &error.value, russian, english).about("externalId"))
        }
    }
}

/// The command as the handler takes it.
pub(super) fn told(ticket_id: TicketId, command: ConversationCommand) -> Command {
    Command::Conversation(ticket_id, command)
}
