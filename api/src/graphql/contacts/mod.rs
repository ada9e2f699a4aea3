//! Customers and the organizations they belong to.

mod filter;
mod input;
mod mutation;
mod query;
pub(super) mod related;
mod types;

pub use mutation::ContactsMutation;
pub use query::ContactsQuery;
pub(super) use types::{Contact, ContactKind, Organization};
