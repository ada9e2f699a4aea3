//! People's data: asked to be erased, held, erased, and looked for.

mod input;
mod mutation;
mod object;
mod query;
mod retention;

pub(super) use mutation::PrivacyMutation;
pub(crate) use mutation::refused;
pub(super) use object::PersonPrivacy;
pub(super) use query::PrivacyQuery;
pub(crate) use query::person as person_id;
