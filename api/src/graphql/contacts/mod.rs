//! Customers and the organizations they belong to.

mod filter;
mod input;
mod mutation;
mod query;
pub(super) mod related;
mod types;

pub(super) use mutation::ContactsMutation;
pub(super) use query::ContactsQuery;
pub(super) use types::{Contact, ContactKind, Organization};
