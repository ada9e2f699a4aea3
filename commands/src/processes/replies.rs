//! Finishes replies: a message that is in the log while its ticket does not know of it yet.
//!
//! Only a crash between two appends leaves such a message, so it lies near the end of the log as the crash left it. Hence
//! no memory is kept of how far the process came: at each start it looks back a little, and then follows the log. Several
//! servers may do this at once, and the command itself does it too; the ids of the events tell that it is one thing.

use std::{sync::Arc, time::Duration};

use event_store::{Delivery, EventLog, Position, Raw, Subscription, decode};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{CommandError, Handler};

/// Events before the end of the log that are looked at when it starts: far more than can be appended between the two
/// steps of a command.
const LOOK_BACK: usize = 1000;
/// Events taken at a time.
const BATCH: usize = 256;
const PAUSE: Duration = Duration::from_secs(1);
/// Events that may mean something for a ticket.
const TYPES: &[&str] = &[
    "conversation.message_received",
    "conversation.message_posted",
    "conversation.message_redacted",
];

/// Finishes what messages mean for their tickets.
#[derive(Debug)]
pub struct Replies {
    log: EventLog,
    handler: Arc<Handler>,
    /// Everything up to here is finished; `None` before the first look.
    done: Option<Position>,
}

impl Replies {
    /// Over the log that `handler` writes.
    pub fn new(log: EventLog, handler: Arc<Handler>) -> Self {
        Self {
            log,
            handler,
            done: None,
        }
    }

    /// Follows the log until `stopped`.
    pub async fn run(mut self, stopped: CancellationToken) {
        let work = async {
            loop {
                if let Err(error) = self.go_on().await {
                    warn!(%error, "messages are not followed up for now");
                }
                sleep(PAUSE).await;
            }
        };
        tokio::select! { () = stopped.cancelled() => {}, () = work => {} }
    }

    async fn go_on(&mut self) -> Result<(), CommandError> {
        let after = match self.done {
            Some(position) => position,
            None => self.log.before_end(LOOK_BACK).await.map_err(CommandError::Log)?,
        };
        self.done = Some(after);
        let mut events = Subscription::start(&self.log, after, TYPES);
        loop {
            for delivery in events.next_batch(BATCH).await.map_err(CommandError::Log)? {
                if let Delivery::Event(raw) = delivery {
                    self.finish(&raw).await?;
                }
            }
        }
    }

    async fn finish(&mut self, raw: &Raw) -> Result<(), CommandError> {
        match decode(raw) {
            Ok(message) if self.handler.finish_reply(&message).await? => {
                info!(
                    position = raw.position.0,
                    "a message that a crash had cut off reached its ticket"
                );
            }
            Ok(_) => {}
            // Of a newer program, which finishes it itself.
            Err(error) => warn!(%error, position = raw.position.0, "a message is not followed up"),
        }
        self.done = Some(raw.position);
        Ok(())
    }
}
