//! What is told about tickets beyond the steps of their life: marks, snoozes, verdicts, merging, splitting, archiving,
//! and the links by which they are followed without signing in.

mod field;
mod input;
mod label;
mod mutation;
mod named;
mod neighbours;
mod payload;
mod personal;
mod summary;
mod tracked;
mod words;

pub(super) use field::{TicketFieldTest, TicketFieldValue, values};
pub(super) use label::{default_labels, stands_for};
pub(super) use mutation::LifeMutation;
pub(super) use named::Named;
pub(super) use neighbours::{Neighbours, TicketLink};
pub(super) use personal::{is_staff, me};
pub(super) use summary::{said, summary};
pub(super) use tracked::{TrackedMutation, TrackedQuery};
pub(super) use words::Judgement;
