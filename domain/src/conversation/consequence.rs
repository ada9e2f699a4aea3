use super::{ConversationEvent, Via, Visibility};
use crate::{
    ticket::{Pause, Status, TicketCommand},
    values::{HoldReason, ReopenCause},
};

/// What a message is to its ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The customer wrote.
    Customer,
    /// The team answered the customer.
    Answer,
}

impl Cause {
    /// What the event is to the ticket; `None` when it is nothing.
    pub fn of(event: &ConversationEvent) -> Option<Self> {
        match event {
            ConversationEvent::MessageReceived { .. } => Some(Self::Customer),
            ConversationEvent::MessagePosted {
                visibility: Visibility::Public,
                via: Via::Human | Via::Macro { .. } | Via::Bot { .. },
                ..
            } => Some(Self::Answer),
            // What is said of itself is no answer.
            ConversationEvent::MessagePosted { .. }
            | ConversationEvent::Started { .. }
            | ConversationEvent::MessageEdited { .. }
            | ConversationEvent::MessageRedacted { .. }
            | ConversationEvent::MessagesDeliveredUpTo { .. }
            | ConversationEvent::MessagesReadUpTo { .. } => None,
        }
    }
}

/// What is to become of a ticket in that status, out of sight or not, after a message; `None` when it stays as it is.
///
/// It depends on these two alone, so whoever comes later (a repetition, the process after a crash) comes to the same
/// as long as nobody has changed them since.
pub fn consequence(cause: Cause, status: Status, snoozed: bool) -> Option<TicketCommand> {
    match (cause, status) {
        (Cause::Customer, Status::Resolved(_) | Status::Closed) => Some(TicketCommand::Reopen {
            cause: ReopenCause::CustomerReply,
        }),
        (Cause::Customer, Status::New | Status::Open | Status::Waiting(_))
            if snoozed || matches!(status, Status::Waiting(hold) if hold.reason == HoldReason::Customer) =>
        {
            Some(TicketCommand::Pause(Pause::EndByReply))
        }
        (Cause::Answer, Status::New) => Some(TicketCommand::Start),
        (Cause::Customer, Status::New | Status::Open | Status::Waiting(_))
        | (Cause::Answer, Status::Open | Status::Waiting(_) | Status::Resolved(_) | Status::Closed) => None,
    }
}
