//! A ticket: an asynchronous piece of work with number, priority, category and resolution.
//!
//! Control state only; messages belong to conversations, ownership to [`crate::assignment`].

mod command;
mod decide;
mod event;
mod place;
mod state;
#[cfg(test)]
mod tests;

pub use command::TicketCommand;
pub use decide::TicketRefusal;
pub use event::{TicketEvent, TicketSource};
pub use place::TicketPlace;
pub use state::{Hold, Status, StatusCategory, Ticket};
