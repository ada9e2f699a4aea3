//! Proof of a log: whether it is what was written and sealed, evidence of one ticket that others can check; whether a read
//! model is what the log makes of it; what a period would have been under other rules; and ways to look into a log, to take its events out and to put them into another.
//!
//! Used by the program `letopis-replay`, by the benchmarks and by the tests. Deliberately absent: everything that decides;
//! only [`import`] writes to a log, and only to one that has nothing of its own.

pub mod batch;
mod decode_check;
pub mod diff;
mod event;
pub mod evidence;
pub mod export;
pub mod import;
pub mod inspect;
mod newest;
pub mod package;
mod scope;
pub mod source;
pub mod stats;
mod ticket;
pub mod verify;
mod walk;
pub mod what_if;

pub use decode_check::{Checked, Kind, Unread, decode_check};
pub use event::Event;
pub use newest::{follow, newest};
pub use scope::{Bound, NoBound, Scope, ScopeError};
pub use source::{Folder, Source, SourceError};
pub use ticket::{find_ticket, ticket_streams};
pub use verify::{Problem, Report, Settings, seal_stream, verify, verify_stream};
pub use walk::{Each, End, Watch};
