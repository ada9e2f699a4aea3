//! A data directory seen from outside: read, check, count, copy, with or without a node running on it.
//!
//! Nothing here changes the log but [`Restore`], which needs it for itself; SQLite may leave its empty `-wal` and `-shm`
//! files beside it. Reads are short, so that a running node's write-ahead log can be emptied meanwhile; only [`backup`]
//! holds it back until it is done.

mod accept;
mod backup;
mod restore;
mod scan;
mod source;
mod stats;
mod stream;
mod verify;

pub use accept::accept;
pub use backup::backup;
pub use restore::Restore;
pub use scan::{StoredEvent, end, scan};
pub use stats::{Count, Files, Stats, stats};
pub use stream::stream;
pub use verify::{Report, Verified, examine, verify};
