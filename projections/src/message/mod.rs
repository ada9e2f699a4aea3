//! What was said under a ticket, and how does its conversation stand? One row a message, one a conversation.

mod fold;
mod parts;
mod past;
mod read;
mod rows;
mod write;

use std::sync::Arc;

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::future::BoxFuture;
pub use parts::{Wanted, conversations};
pub use past::{Conversation, PartRow, Segment, Thread, ever_absorbed, from_events, parts_from_events};
pub use read::*;
pub use rows::{MessageRow, ThreadRow};
use sqlx::PgConnection;

use crate::{Model, ProjectError, Projection};

/// Name of the model.
pub const NAME: &str = "message";

/// The model.
pub const MODEL: Model = Model {
    name: NAME,
    version: 2,
    // Whoever waits for a ticket, or for a change of many, sees its messages too, at one position.
    types: &["ticket.", "assignment.", "conversation.", "subject.", "bulk."],
    tables: include_str!("../../../migrations/read_models/message/tables.sql"),
    indexes: include_str!("../../../migrations/read_models/message/indexes.sql"),
    analytics: include_str!("../../../migrations/read_models/message/analytics.sql"),
    make: || Box::new(Messages),
};

/// Keeps `message`, `ticket_part`, `ticket_thread`, `message_reader` and `message_change`.
#[derive(Debug)]
pub struct Messages;

impl Projection for Messages {
    fn apply<'a>(
        &'a self,
        events: &'a [Arc<Recorded<DomainEvent>>],
        tx: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ProjectError>> {
        Box::pin(write::apply(events, tx))
    }

    fn forget(&self) {}
}
