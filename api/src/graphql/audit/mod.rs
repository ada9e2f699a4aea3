//! Who did what, when, from where, and what was it before.

mod input;
mod object;
mod query;

pub(super) use object::AuditEntry;
pub(super) use query::AuditQuery;
