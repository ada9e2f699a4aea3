//! Finishes replies: a message that is in the log while its ticket does not know of it yet, or withdrawn while its files
//! are still there.
//!
//! Only a crash between two appends leaves such a message; what is appended before the next start, by an import for one,
//! may be any number of events. So how far it came is kept in `ops.process_cursor`; without it, it looks back a little.
//! Several servers may do this at once, and the command itself does it too; the ids of the events tell that it is one
//! thing.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use commands::{CommandError, Handler};
use event_store::{Delivery, EventLog, Position, Raw, Subscription, decode};
use sqlx::PgPool;
use tokio::time::sleep;
use tracing::{info, warn};

/// Name of its row in `ops.process_cursor`.
const NAME: &str = "replies";
/// Events before the end of the log that are looked at when nothing is known of how far it came: far more than can be
/// appended between the two steps of a command.
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
pub(crate) struct Replies {
    log: EventLog,
    pool: PgPool,
    handler: Arc<Handler>,
}

impl Replies {
    /// Over the log that `handler` writes.
    pub(crate) fn new(log: EventLog, pool: PgPool, handler: Arc<Handler>) -> Self {
        Self { log, pool, handler }
    }

    /// Follows the log for ever.
    pub(crate) async fn follow(self) {
        loop {
            if let Err(error) = self.go_on().await {
                warn!(%error, "messages are not followed up for now");
            }
            sleep(PAUSE).await;
        }
    }

    async fn go_on(&self) -> Result<()> {
        let after = match self.place().await? {
            Some(position) => position,
            None => self.log.before_end(LOOK_BACK).await?,
        };
        // From here on, even if this server ends before anything comes.
        self.keep(after).await?;
        let mut events = Subscription::start(&self.log, after, TYPES);
        loop {
            let mut last = None;
            for delivery in events.next_batch(BATCH).await? {
                if let Delivery::Event(raw) = delivery {
                    self.finish(&raw).await?;
                    last = Some(raw.position);
                }
            }
            if let Some(position) = last {
                self.keep(position).await?;
            }
        }
    }

    /// What cannot be done however often it is tried holds up nobody else.
    async fn finish(&self, raw: &Raw) -> Result<()> {
        let message = match decode(raw) {
            Ok(message) => message,
            // Of a newer program, which finishes it itself.
            Err(error) => {
                warn!(%error, position = raw.position.0, "a message is not followed up");
                return Ok(());
            }
        };
        match self.handler.finish_reply(&message).await {
            Ok(true) => info!(
                position = raw.position.0,
                "what a crash had cut off of a message is done"
            ),
            Ok(false) => {}
            Err(error @ (CommandError::Decode(_) | CommandError::Encode(_) | CommandError::Refused(_))) => {
                warn!(%error, position = raw.position.0, "a message cannot be followed up");
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn place(&self) -> Result<Option<Position>, sqlx::Error> {
        const PLACE: &str = "SELECT position FROM ops.process_cursor WHERE process = $1";
        let position: Option<i64> = sqlx::query_scalar(PLACE).bind(NAME).fetch_optional(&self.pool).await?;
        Ok(position.map(|it| Position(it.cast_unsigned())))
    }

    /// Never backwards: another server may be ahead.
    async fn keep(&self, position: Position) -> Result<(), sqlx::Error> {
        const KEEP: &str = "INSERT INTO ops.process_cursor AS it (process, position) VALUES ($1, $2)
            ON CONFLICT (process) DO UPDATE SET position = GREATEST(it.position, EXCLUDED.position)";
        let position = position.0.cast_signed();
        sqlx::query(KEEP).bind(NAME).bind(position).execute(&self.pool).await?;
        Ok(())
    }
}
