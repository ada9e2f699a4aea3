//! A ticket: an asynchronous piece of work with number, priority, category and resolution.
//!
//! Control state only; messages belong to conversations, ownership to [`crate::assignment`].

mod classify;
mod command;
mod decide;
mod event;
mod evolve;
mod join;
mod mark;
mod pause;
mod place;
mod promise;
mod refusal;
mod state;
#[cfg(test)]
mod tests;
mod track;
mod words;

pub use classify::{Chosen, Decision, Grounds, HeldRule};
pub use command::{Join, Mark, Pause, TicketCommand, Track};
pub(crate) use decide::data_subject;
pub use event::{TicketEvent, TicketSource};
pub use place::TicketPlace;
pub use promise::ReplyPromise;
pub use refusal::{FOLLOWERS, FieldFault, LEVELS, LINKS, TAGS, TicketRefusal};
pub use state::{Estimate, EstimateBasis, Hold, Snooze, Status, StatusCategory, Ticket, TrackingLink};
pub use words::{Relation, Verdict, WakeCause};
