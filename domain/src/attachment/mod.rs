//! A file: announced, stored, looked at by a scanner, attached to a message, read, and in the end discarded.
//!
//! Only what is known of it; its bytes lie outside of the log, sealed under a key of their own, which is sealed here under
//! the customer's: with that key, everything is forgotten. Deliberately absent: reading, sniffing and storing bytes.

mod command;
mod decide;
mod event;
mod media;
mod state;
#[cfg(test)]
mod tests;
mod values;

pub use command::{AttachmentCommand, Found, Limits, NewBytes};
pub use decide::AttachmentRefusal;
pub use event::{AttachmentEvent, DiscardReason, Picture, ScanVerdict};
pub use media::{USUAL_TYPES, admits, canonical, settle};
pub use state::{Attached, Attachment, Preview, Scan, Stored};
pub use values::{FileName, MediaType};

/// Files that one message may have.
pub const MOST_FILES: usize = 15;
