//! How many tickets meet a condition, kept while they change: asking adds a few rows up, however many tickets there are.
//!
//! A counter is made when somebody first asks for it, with one count; from then on each part of the build adds to a row
//! of its own what its batches change, in the transaction of the tickets' rows. What the count saw and what the parts
//! note must not overlap, so the counter is made first, then the transactions under way are waited for, then both are read
//! in one snapshot: `base = count - noted`, and from then on the number is `base + noted`.

mod delta;
mod read;

pub(super) use delta::Counters;
pub use read::{Counted, counts};
