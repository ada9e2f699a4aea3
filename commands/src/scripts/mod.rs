//! Texts with places, and macros: what is put in them for a ticket, and how their steps are taken.

mod finish;
mod plan;
mod preview;
mod rehearse;
mod run;
mod starter;
mod status;
mod undo;
mod values;
pub mod words;

pub use preview::PreviewedStep;
pub use run::{MacroWish, RunError, RunReport};
pub use starter::Installed;
pub use values::{Filled, Values};
