//! An event log in one process that speaks the EventStoreDB gRPC protocol.
//!
//! What is here: [`Node`] keeps its events in one SQLite file, makes every append durable before it answers
//! (one commit for all that wait), checks a CRC32C of each event it hands out, and serves the official clients over
//! cleartext HTTP/2: server features, gossip, and everything about streams: append (one at a time and in batches),
//! reads and catch-up subscriptions of streams and of `$all` with filters and links, delete, tombstone, metadata.
//! `letopis serve` starts it when no other event store is configured; the program `event-store-node` is nothing but
//! it. [`offline`] reads, checks, counts and copies a data directory, whether a node runs on it or not, and restores one.
//!
//! What is deliberately absent: clustering, users and access rights (credentials are ignored), projections in the
//! store, persistent subscriptions, scavenging (what is truncated or deleted is hidden, never removed), TLS.
//!
//! Invariants:
//! * Positions are dense, start at 1 and follow the order of commits; commit and prepare position are the same.
//! * The file `acknowledged` holds a position that was durable when it was written, and no append is answered before
//!   it holds that of the append. A log that ends earlier has lost something and is not opened.
//! * What was written last is checked before the node starts, everything else behind it once: rows, the indexes that
//!   find them, names. Events that a filter passes over are read without their checksum, which would mean reading
//!   their data; the check covers them.
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
mod whole;

pub use accept::{Incoming, Socket};
pub use error::NodeError;
pub use node::{Node, NodeConfig};
