//! Proof of a log: whether it is what was written and sealed, and evidence of one ticket that others can check.
//!
//! Used by the program `letopis-replay` and by the benchmarks. Deliberately absent: everything that writes to a log, and
//! the read models; what is proven is the stored bytes.

pub mod batch;
pub mod evidence;
pub mod source;
pub mod verify;

pub use source::{Folder, Source, SourceError};
pub use verify::{Problem, Report, Settings, verify, verify_stream};
