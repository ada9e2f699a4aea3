//! Changes of many tickets: begun, watched, cancelled and undone.

mod input;
mod mutation;
mod object;
mod query;

pub(super) use mutation::BulkMutation;
pub(crate) use mutation::refused;
pub(super) use object::{BulkItem, BulkOperation};
pub(super) use query::{BulkQuery, by_ids, changes};
