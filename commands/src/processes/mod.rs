//! Processes: what Letopis does of itself, by what has happened and by the time.

mod log_seal;
mod macro_runs;

pub use log_seal::{SealError, Sealer};
pub use macro_runs::MacroRuns;
