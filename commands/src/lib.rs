//! The write side: a command meets the folded state of its stream, the domain decides, the events are appended.
//!
//! Called by `api` (mutations) and by `channels` (imports). Deliberately absent: everything that reads tables; a
//! decision rests on the log alone.

mod accounts;
mod addresses;
mod attachments;
mod authorize;
mod bulk;
mod cache;
mod caches;
mod claims;
mod classifier;
mod clock;
mod contacts;
mod conversations;
mod denials;
mod erasure;
mod error;
mod folded;
mod grants;
mod handler;
mod history;
mod numbers;
mod organisation;
mod places;
pub mod processes;
mod questions;
mod readings;
mod reception;
mod router;
mod scripts;
mod tickets;
mod views;
mod visitors;
mod what_if;

pub use attachments::File;
pub use authorize::{Forbidden, Need, Read, authorize, authorize_in, needs, permit, permit_in, reads};
pub use bulk::{Standing, command_of, undo_of};
pub use claims::{Claims, Taken};
pub use clock::Clock;
pub use error::{CommandError, Refusal};
pub use folded::Stored;
pub use handler::{Handler, Outcome, Sharing};
pub use history::{History, HistoryError, Present};
pub use reception::Estimated;
pub use router::{Command, Request, from_address, within};
pub use scripts::{Filled, Installed, MacroWish, PreviewedStep, RunError, RunReport, Values, words};
