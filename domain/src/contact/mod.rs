//! A customer: what they are called, how they are reached, which records of them are one. Stream `contact-<id>`.
//!
//! Merging changes neither record: the one that goes in says where it is shown, the other which it shows, so that
//! unmerging gives back exactly what was. A record that shows others is not merged itself, so there are no chains.
//! Deliberately absent: tickets, custom fields, and that no two contacts have the same handle ([`crate::claim`]).

mod command;
mod decide;
mod event;
mod state;
mod values;

pub use command::{Change, ContactCommand, NewHandle, ProfileChanges};
pub use decide::{ContactRefusal, HANDLES};
pub use event::{ContactEvent, ContactKind, HandleWords, IdentifiedBy, Profile};
pub use state::{Contact, Held};
pub use values::{Locale, Name, Note, Purpose, Reason, TimeZone};

#[cfg(test)]
mod tests;
