//! A conversation: the messages under a ticket, in the order in which they arrived.
//!
//! Messages are many, heavy and personal, and a ticket's status is light and contended, so they are aggregates apart.
//! What a message means for the ticket (it begins, goes on, is open again) is [`consequence`]: the second of two appends.
//! Deliberately absent: files, which a message only names.

mod body;
mod command;
mod consequence;
mod decide;
mod event;
mod state;
#[cfg(test)]
mod tests;

pub use body::Body;
pub use command::{ConversationCommand, NewMessage, Thread};
pub use consequence::{Cause, consequence};
pub use decide::{ConversationRefusal, EDIT_WINDOW};
pub use event::{ConversationEvent, RedactionReason, Via, Visibility};
pub use state::{Conversation, Known, Sort};
