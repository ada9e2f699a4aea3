//! Customers and the organizations they belong to.

mod by_id;
mod filter;
mod input;
mod mutation;
mod past;
mod query;
mod types;

pub(super) use by_id::{by_ids, organizations, shown};
pub(super) use mutation::ContactsMutation;
pub(super) use query::ContactsQuery;
pub(super) use types::{Contact, ContactKind, Organization};
