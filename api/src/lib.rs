//! The composition root: configuration, the server, GraphQL over HTTP and WebSocket.
//!
//! Everything the binary `letopis` does, as a library, so that tests run it in their own process. Deliberately absent:
//! rules (in `domain`) and tables (in `projections`).

pub mod auth;
pub mod beginning;
mod bulk;
pub mod config;
mod contact_problems;
pub mod counts;
mod database;
mod desk;
pub mod embedded;
mod erasures;
mod error;
mod estimates;
mod export;
pub mod files;
mod flaw;
mod following;
pub mod geo;
pub mod graphql;
pub mod http;
pub mod import;
mod key;
pub mod live;
mod looks;
pub mod migrate;
pub mod observatory;
pub mod open_files;
pub mod outbox;
pub mod problem;
mod provider;
pub mod read_models;
mod reception;
mod replies;
mod retention;
mod roles;
pub mod schema_check;
pub mod server;
mod settings;
mod target;
pub mod telemetry;
mod thread_watch;
mod ticket_problems;
pub mod tickets;
mod timers;
pub mod vault;
mod watch;
mod what_if;

pub use error::ServeError;
pub use provider::Provider;
pub use settings::Origin;

/// Bytes of stack of each thread that works on requests: the way through the schema's resolvers is deep, and without
/// optimisation deeper than the usual 2 MiB.
pub const STACK: usize = 8 * 1024 * 1024;
