//! Saved views of tickets: those that come with the program, a person's own, a team's, and those for everybody.

mod built_in;
mod count;
mod input;
mod missing;
mod mutation;
mod object;
mod query;
mod saved;

pub(super) use count::{ViewCountsChange, changes};
pub(super) use mutation::ViewsMutation;
pub(crate) use mutation::refused;
pub(super) use object::View;
pub(super) use query::{ViewsQuery, by_ids};
