use chrono::TimeDelta;

use super::{
    Body, Conversation, ConversationCommand, ConversationEvent, Known, NewMessage, Sort, Thread,
    state::{digest, digest_of_all},
};
use crate::{
    actor::ActorKind,
    decider::{Context, Decider},
    ids::MessageId,
    personal::{DataSubject, Personal},
};

/// How long after it was written the author may give a message another text.
pub const EDIT_WINDOW: TimeDelta = TimeDelta::minutes(15);

/// A rule that forbids a wish about a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConversationRefusal {
    /// There is no such message.
    #[error("there is no such message in this ticket")]
    MessageNotFound,
    /// A closed ticket takes no answers.
    #[error("the ticket is closed: reopen it first")]
    TicketClosed,
    /// The author's name of a message belongs to another text.
    #[error("this client message id belongs to another message: choose a new one")]
    ClientMessageIdReused,
    /// Somebody else wrote it.
    #[error("the message is somebody else's: only its author may edit it")]
    NotYours,
    /// It was written too long ago.
    #[error("the message can no longer be edited: that is possible for 15 minutes")]
    EditWindowOver,
    /// It is not shown any more.
    #[error("the text of the message was withdrawn")]
    Redacted,
    /// What the customer sees cannot answer what they may not see.
    #[error("a message to the customer cannot answer an internal note")]
    AnswersNote,
    /// Whoever is mentioned does not work here.
    #[error("there is no such colleague to mention")]
    MentionUnknown,
    /// Nothing of the customer is wanted.
    #[error("messages of this customer are not taken any more")]
    Blocked,
    /// A customer's words cannot be written in the future.
    #[error("the message would be written in the future: give an earlier instant, or none")]
    SentInFuture,
}

impl Decider for Conversation {
    type Command = ConversationCommand;
    type Event = ConversationEvent;
    type Refusal = ConversationRefusal;

    const CATEGORY: &'static str = "conversation";

    fn decide(
        state: Option<&Self>,
        command: &ConversationCommand,
        context: &Context,
    ) -> Result<Vec<ConversationEvent>, ConversationRefusal> {
        match (command, state) {
            (ConversationCommand::Receive { thread, message, .. }, state) => {
                add(state, thread.as_ref(), message, Sort::Received, command, context)
            }
            (
                ConversationCommand::Post {
                    thread,
                    message,
                    visibility,
                    ..
                },
                state,
            ) => add(
                state,
                thread.as_ref(),
                message,
                Sort::from(*visibility),
                command,
                context,
            ),
            (_, None) => Err(ConversationRefusal::MessageNotFound),
            (ConversationCommand::Edit { message_id, body }, Some(it)) => it.edit(*message_id, body, context),
            (ConversationCommand::Redact { message_id, reason }, Some(it)) => {
                let seq = it.message(*message_id)?.seq;
                let event = ConversationEvent::MessageRedacted { seq, reason: *reason };
                Ok(if it.redacted.contains(&seq) {
                    vec![]
                } else {
                    vec![event]
                })
            }
            (ConversationCommand::MarkDelivered { seq }, Some(it)) => it.mark(
                *seq,
                it.delivered_up_to,
                ConversationEvent::MessagesDeliveredUpTo { seq: *seq },
            ),
            (ConversationCommand::MarkRead { seq }, Some(it)) => {
                let reader = context.actor.to_string();
                let known = it.read_up_to.get(&reader).copied().unwrap_or_default();
                it.mark(*seq, known, ConversationEvent::MessagesReadUpTo { reader, seq: *seq })
            }
        }
    }

    fn evolve(state: Option<Self>, event: &ConversationEvent) -> Option<Self> {
        if let ConversationEvent::Started {
            ticket_id, contact_id, ..
        } = event
        {
            return Some(Self::begun(*ticket_id, *contact_id));
        }
        let mut state = state?;
        state.take(event);
        Some(state)
    }
}

/// Adds a message, and begins the conversation with the first.
fn add(
    state: Option<&Conversation>,
    thread: Option<&Thread>,
    message: &NewMessage,
    sort: Sort,
    command: &ConversationCommand,
    context: &Context,
) -> Result<Vec<ConversationEvent>, ConversationRefusal> {
    let text = digest_of_all(message.message_id, message.body.as_str(), &message.attachments);
    if let Some(known) = state.and_then(|it| it.known.get(&message.message_id)) {
        let same = known.sort == sort && known.digest.is_none_or(|it| it == text);
        return if same {
            Ok(vec![])
        } else {
            Err(ConversationRefusal::ClientMessageIdReused)
        };
    }
    // Without its ticket there is nothing to talk under.
    let thread = thread.ok_or(ConversationRefusal::MessageNotFound)?;
    if thread.closed && sort == Sort::Answer {
        return Err(ConversationRefusal::TicketClosed);
    }
    let in_reply_to = answered(state, message, sort)?;
    let seq = state.map_or(0, |it| it.last_seq).saturating_add(1);
    let started = ConversationEvent::Started {
        inbox_id: thread.inbox_id,
        channel: thread.channel.clone(),
        contact_id: thread.contact_id,
        ticket_id: thread.ticket_id,
    };
    let event = event(thread, command, (seq, in_reply_to), context)?;
    Ok(match state {
        Some(_) => vec![event],
        None => vec![started, event],
    })
}

/// Place of the message that a new one answers.
fn answered(
    state: Option<&Conversation>,
    message: &NewMessage,
    sort: Sort,
) -> Result<Option<u32>, ConversationRefusal> {
    let Some(id) = message.in_reply_to else { return Ok(None) };
    let known = state.and_then(|it| it.known.get(&id));
    match (known, sort) {
        (None, _) => Err(ConversationRefusal::MessageNotFound),
        // Who may not see a note is not to learn that there is one.
        (Some(known), Sort::Received) if known.sort == Sort::Note => Err(ConversationRefusal::MessageNotFound),
        (Some(known), Sort::Answer) if known.sort == Sort::Note => Err(ConversationRefusal::AnswersNote),
        (Some(known), Sort::Received | Sort::Answer | Sort::Note) => Ok(Some(known.seq)),
    }
}

fn event(
    thread: &Thread,
    command: &ConversationCommand,
    (seq, in_reply_to): (u32, Option<u32>),
    context: &Context,
) -> Result<ConversationEvent, ConversationRefusal> {
    let subject = data_subject(thread);
    let sealed = |body: &Body| Personal::new(subject, body.as_str().to_owned());
    match command {
        ConversationCommand::Receive { sent_at: Some(at), .. } if *at > context.at => {
            Err(ConversationRefusal::SentInFuture)
        }
        ConversationCommand::Receive {
            message,
            external_id,
            sent_at,
            ..
        } => Ok(ConversationEvent::MessageReceived {
            seq,
            message_id: message.message_id,
            client_message_id: message.client_message_id.clone(),
            external_id: external_id.clone(),
            contact_id: thread.contact_id,
            body: sealed(&message.body),
            attachments: message.attachments.clone(),
            in_reply_to,
            sent_at: *sent_at,
        }),
        ConversationCommand::Post {
            message,
            visibility,
            mentions,
            via,
            ..
        } => Ok(ConversationEvent::MessagePosted {
            seq,
            message_id: message.message_id,
            client_message_id: message.client_message_id.clone(),
            author: context.actor.to_string(),
            visibility: *visibility,
            body: sealed(&message.body),
            attachments: message.attachments.clone(),
            mentions: mentions.clone(),
            in_reply_to,
            via: *via,
            posted_at: context.at,
        }),
        ConversationCommand::Edit { .. }
        | ConversationCommand::Redact { .. }
        | ConversationCommand::MarkDelivered { .. }
        | ConversationCommand::MarkRead { .. } => Err(ConversationRefusal::MessageNotFound),
    }
}

/// Whose key seals what is said under a ticket: the customer's, or the ticket's own while nobody knows the customer.
/// What the team writes is about the customer too, and goes with them.
fn data_subject(thread: &Thread) -> DataSubject {
    DataSubject(thread.contact_id.map_or(thread.ticket_id.0, |it| it.0))
}

impl Conversation {
    fn message(&self, id: MessageId) -> Result<&Known, ConversationRefusal> {
        self.known.get(&id).ok_or(ConversationRefusal::MessageNotFound)
    }

    fn edit(
        &self,
        id: MessageId,
        body: &Body,
        context: &Context,
    ) -> Result<Vec<ConversationEvent>, ConversationRefusal> {
        let known = self.message(id)?;
        let hidden = context.actor.kind == ActorKind::Contact && known.sort == Sort::Note;
        let fresh = self.fresh(known.seq);
        match fresh {
            _ if hidden => Err(ConversationRefusal::MessageNotFound),
            _ if known.sort == Sort::Received => Err(ConversationRefusal::NotYours),
            _ if self.redacted.contains(&known.seq) => Err(ConversationRefusal::Redacted),
            Some(it) if it.author != context.actor.to_string() => Err(ConversationRefusal::NotYours),
            Some(it) if it.digest == Some(digest(id, body.as_str())) => Ok(vec![]),
            Some(it) if context.at - it.at <= EDIT_WINDOW => Ok(vec![ConversationEvent::MessageEdited {
                seq: known.seq,
                body: Personal::new(self.data_subject(), body.as_str().to_owned()),
            }]),
            Some(_) | None => Err(ConversationRefusal::EditWindowOver),
        }
    }

    fn data_subject(&self) -> DataSubject {
        DataSubject(self.contact_id.map_or(self.ticket_id.0, |it| it.0))
    }

    /// A watermark goes forward only, and no further than there are messages.
    fn mark(
        &self,
        seq: u32,
        known: u32,
        event: ConversationEvent,
    ) -> Result<Vec<ConversationEvent>, ConversationRefusal> {
        if seq == 0 || seq > self.last_seq {
            return Err(ConversationRefusal::MessageNotFound);
        }
        Ok(if seq > known { vec![event] } else { vec![] })
    }
}
