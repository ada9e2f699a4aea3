//! Who did what, when, from where, and what was it before.

mod input;
mod object;
mod plain;
mod query;

pub(crate) use input::AuditFilter;
pub(super) use object::AuditEntry;
pub(crate) use plain::{PlainEntry, PlainValue};
pub(super) use query::AuditQuery;
