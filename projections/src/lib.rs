//! The read side: projectors follow the log and keep tables, readers ask them. A table is written and read in one folder.
//!
//! Called by `api` and `replay-tools`. Deliberately absent: decisions, and any look at another projection's table.
//!
//! A read model has builds, each in a schema of its own ([`generation`]); a build has parts, each with a checkpoint that
//! one worker moves under a lease ([`Worker`]). SQL names tables without their schema: `search_path` chooses the build.

mod analytics;
pub mod attachment;
pub mod audit_entry;
mod batch;
mod build;
pub mod bulk_operation;
pub mod catalogue;
pub mod checkpoint;
pub mod contact_card;
mod error;
mod fault;
mod fields;
pub mod generation;
mod lane;
mod late;
mod lease;
pub mod list;
pub mod macro_run;
pub mod message;
mod model;
pub mod organisation;
pub mod organization;
pub mod parked;
pub mod past;
pub mod people;
pub mod person_data;
pub mod person_privacy;
mod projection;
mod pulse;
pub mod remains;
pub mod resolution_estimate;
pub mod retention;
pub mod saved_view;
pub mod search;
pub mod status;
pub mod ticket_decision;
pub mod ticket_history;
pub mod ticket_list;
mod ticket_row;
mod unit;
pub mod what_if;
pub mod what_if_run;
mod words;
mod worker;

pub use error::ProjectError;
pub use fields::{Bound, Fields};
pub use late::Turn;
pub use model::{Model, search_path};
pub use past::from_events;
pub use projection::Projection;
use sqlx::migrate::Migrator;
pub use ticket_row::{TicketRow, priority_rank};
pub use words::{Words, words};
pub use worker::Worker;

/// The tables beside the read models.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// Postgres channel on which each batch of a serving build is announced, as `<model>:<version>:<part>:<position>`, and
/// each swap, as `<model>:<version>:swapped`.
pub const CHANNEL: &str = "letopis_projections";

/// What a swap is announced by.
pub const SWAPPED: &str = "swapped";

/// THE list of read models.
pub fn registry() -> Vec<Model> {
    vec![
        ticket_list::MODEL,
        ticket_history::MODEL,
        contact_card::MODEL,
        organization::MODEL,
        organisation::MODEL,
        people::MODEL,
        message::MODEL,
        search::MODEL,
        attachment::MODEL,
        ticket_decision::MODEL,
        macro_run::MODEL,
        saved_view::MODEL,
        bulk_operation::MODEL,
        resolution_estimate::MODEL,
        person_privacy::MODEL,
        what_if_run::MODEL,
        audit_entry::MODEL,
    ]
}
