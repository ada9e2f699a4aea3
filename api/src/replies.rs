//! Finishes replies: a message that is in the log while its ticket does not know of it yet, or withdrawn while its files
//! are still there; or a ticket that was merged, unmerged or split while the questions it took along are not noted yet.
//!
//! Only a crash between two appends leaves such a message; what is appended before the next start, by an import for one,
//! may be any number of events, so it is kept how far this came. Several servers may do this at once, and the command
//! itself does it too; the ids of the events tell that it is one thing.

use std::sync::Arc;

use anyhow::Result;
use commands::Handler;
use domain::event::DomainEvent;
use event_store::Recorded;
use tracing::debug;

use crate::following::Duty;

/// Finishes what messages mean for their tickets.
pub(crate) struct Replies {
    handler: Arc<Handler>,
}

impl Replies {
    /// Finishes with the commands of `handler`.
    pub(crate) fn new(handler: Arc<Handler>) -> Self {
        Self { handler }
    }
}

impl Duty for Replies {
    const NAME: &'static str = "replies";
    const TYPES: &'static [&'static str] = &[
        "conversation.message_received",
        "conversation.message_posted",
        "conversation.message_redacted",
        "ticket.merged",
        "ticket.unmerged",
        "ticket.split_off",
    ];

    async fn take(&self, recorded: &Recorded<DomainEvent>) -> Result<()> {
        if self.handler.finish_reply(recorded).await? {
            let position = recorded.position.0;
            debug!(position, "what follows from a message or a merge is done");
        }
        Ok(())
    }
}
