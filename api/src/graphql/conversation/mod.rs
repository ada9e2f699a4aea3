//! The conversation under a ticket, as frontends see it.
//!
//! What a customer may see is decided in one place: [`wanted`] says for each ticket whether the team's notes are shown, and
//! every way to a message (list, single message, answer to a message, change) asks it.

mod changes;
mod html;
mod input;
mod message;
mod mutation;
mod page;
mod problems;
mod sight;

pub(in crate::graphql) use changes::{MessageChange, changes};
pub(in crate::graphql) use input::{Asker, of_customer};
pub(in crate::graphql) use message::{Message, by_ids, in_past};
pub(in crate::graphql) use mutation::ConversationMutation;
pub(in crate::graphql) use page::{Cache, MessageConnection, Standing, connection, newest};
pub(crate) use problems::conversation as refused;
pub(in crate::graphql) use sight::wanted;
