//! People who work here, roles, API keys and sessions.

mod door;
mod door_objects;
mod input;
mod mutation;
mod objects;
mod problems;
mod query;
mod refusals;
mod tell;
mod visitor_objects;
mod visitor_problems;
mod visitors;

pub(super) use door::DoorMutation;
pub(super) use mutation::PeopleMutation;
pub(super) use objects::User;
pub(super) use query::{PeopleQuery, users};
pub(super) use refusals::{Denial, RefusalsQuery, SignInFailure};
pub(super) use visitors::VisitorMutation;
