//! Proof of a log: whether it is what was written and sealed, evidence of one ticket that others can check; and whether
//! a read model is what the log makes of it.
//!
//! Used by the program `letopis-replay`, by the benchmarks and by the tests. Deliberately absent: everything that writes
//! to a log; what is proven is the stored bytes.

pub mod batch;
pub mod diff;
pub mod evidence;
pub mod source;
pub mod verify;

pub use source::{Folder, Source, SourceError};
pub use verify::{Problem, Report, Settings, verify, verify_stream};
