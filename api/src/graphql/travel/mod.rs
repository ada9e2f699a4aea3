//! Time travel: tickets and what they point at as they were at an instant, what differs between two moments, and why a
//! ticket has what it has.
//!
//! A single thing is folded from its streams of the log up to the instant, by the very functions that make the read models
//! ([`projections::past`]); lists come from the history of tickets, configuration from its revisions. Whoever may see a
//! ticket where it belongs now may see its past; nothing of the past is shown that could not be read today: what was erased
//! or withdrawn since stays so. Deliberately absent: what an event means.

mod diff;
mod explain;
mod lists;
mod moment;
mod neighbours;
mod past;
mod stream;
mod things;
mod ticket;
mod words;

pub(super) use diff::DiffQuery;
pub(super) use explain::{TicketExplanation, explain};
pub(super) use lists::{answerable, counted, listed_at, tallied};
pub(super) use moment::{instant, moment};
pub(super) use neighbours::neighbours;
pub(super) use past::Past;
pub(super) use things::{Record, organization, record, user, user_grants, view};
pub(super) use ticket::{Seen, decisions, estimates, histories, past_of};
