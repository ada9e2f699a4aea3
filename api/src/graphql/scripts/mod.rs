//! Canned replies filled for a ticket, and macros run on it: previewed, run, taken back; and the scripts that Letopis comes
//! with.

mod input;
mod mutation;
mod objects;
mod problems;
mod query;

pub(super) use input::ScriptLanguage;
pub(super) use mutation::ScriptsMutation;
pub(crate) use problems::macro_run as macro_problem;
pub(super) use query::ScriptsQuery;
