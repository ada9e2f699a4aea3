//! The read side: projectors follow the log and keep tables, readers ask them. A table is written and read in one folder.
//!
//! Called by `api`. Deliberately absent: decisions, and any look at another projection's table.

pub mod checkpoint;
mod error;
mod projection;
pub mod ticket_history;
pub mod ticket_list;
mod ticket_row;
mod worker;

pub use error::ProjectError;
pub use projection::Projection;
use sqlx::migrate::Migrator;
pub use ticket_row::{TicketRow, from_events, priority_rank};
pub use worker::Worker;

/// The tables of all read models.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// Postgres channel on which each batch is announced, as `<projection>:<position>`.
pub const CHANNEL: &str = "letopis_projections";

/// THE list of read models.
pub fn registry() -> Vec<Box<dyn Projection>> {
    vec![
        Box::<ticket_list::TicketList>::default(),
        Box::<ticket_history::TicketHistory>::default(),
    ]
}
