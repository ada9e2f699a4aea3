//! An event log in one process that speaks the EventStoreDB gRPC protocol.
//!
//! What is here: [`Node`] keeps its events in one SQLite file, makes every append durable before it answers
//! (one commit for all that wait), checks a CRC32C of each event it reads, and serves the official clients over
//! cleartext HTTP/2: server features, gossip, append, reads and catch-up subscriptions of streams and of `$all`.
//! `letopis serve` starts it when no other event store is configured.
//!
//! What is deliberately absent: clustering, users and access rights (credentials are ignored), projections in the
//! store, persistent subscriptions, links, truncation through `$$` metadata streams, delete and tombstone, batch
//! append, regular expressions in filters other than the client's "no system events", TLS.
//!
//! Invariants:
//! * Positions are dense, start at 1 and follow the order of commits; commit and prepare position are the same.
//! * One thread writes. A failed commit ends it for good: what the disk holds is then unknown.
//! * A subscription never drops, repeats or reorders an event, and never ends with OK.

mod accept;
mod clock;
mod error;
mod gossip;
mod health;
mod node;
pub mod offline;
mod proto;
mod router;
mod server_features;
mod service;
mod storage;

pub use accept::{Incoming, Socket};
pub use error::NodeError;
pub use node::{Node, NodeConfig};
