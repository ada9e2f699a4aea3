//! What `letopis serve` runs when nothing is configured: a data directory and a private Postgres in it.
//!
//! `serve` and the import call it. The embedded log node is a package of its own (`event-store-node`); here is only
//! where it keeps its files and where it tells others its address. Nothing here runs when `DATABASE_URL` is set.

mod data_dir;
mod postgres;
mod running;
#[cfg(test)]
mod tests;

pub use data_dir::{DataDir, DataDirError};
pub use postgres::{Postgres, PostgresError};
pub(crate) use running::Embedded;
