//! The event store's client alone: appends of ready bytes to the embedded node, nothing decided, nothing encoded.

use std::time::Duration;

use anyhow::Result;
use domain::ids::{foreign, stream_name};
use event_store::{EventLog, Expected, NewEvent};
use uuid::Uuid;

use crate::{
    load::{Client, Figures, drive},
    stack::Stack,
    workload::STEPS,
};

/// Which of a ticket's events goes into its second stream, as an assignment does.
const ASIDE: usize = 2;
const PAYLOAD: usize = 150;
const METADATA: usize = 550;

/// One event an append, streams as long as those of the commands.
pub(crate) async fn bare(clients: usize, window: Duration) -> Result<Figures> {
    let stack = Stack::start().await?;
    let figures = bare_on(&stack.log, clients, window).await?;
    stack.stop().await?;
    Ok(figures)
}

/// The same on any log.
pub(crate) async fn bare_on(log: &EventLog, clients: usize, window: Duration) -> Result<Figures> {
    drive((0..clients).map(|client| Bare::new(log.clone(), client)), window).await
}

struct Bare {
    log: EventLog,
    client: usize,
    step: usize,
}

impl Bare {
    fn new(log: EventLog, client: usize) -> Self {
        Self { log, client, step: 0 }
    }
}

impl Client for Bare {
    async fn step(&mut self) -> Result<()> {
        let (ticket, step) = (self.step / STEPS, self.step % STEPS);
        let key = format!("{}-{ticket}", self.client);
        let id = foreign("bench", "ticket", &key);
        let category = if step == ASIDE { "assignment" } else { "ticket" };
        let before = if step > ASIDE { step - 1 } else { step };
        let expected = match before {
            0 => Expected::NoStream,
            ASIDE if step == ASIDE => Expected::NoStream,
            revision => Expected::Exact(revision as u64 - 1),
        };
        self.log
            .append(&stream_name(category, id), expected, &[event(id, step)])
            .await?;
        self.step += 1;
        Ok(())
    }
}

/// One of about 700 bytes.
pub(crate) fn event(ticket: Uuid, step: usize) -> NewEvent {
    NewEvent {
        id: Uuid::new_v5(&ticket, step.to_string().as_bytes()),
        event_type: "ticket.prioritized".to_owned(),
        payload: object(PAYLOAD),
        metadata: object(METADATA),
    }
}

/// A JSON object of about this many bytes.
fn object(size: usize) -> Vec<u8> {
    format!(r#"{{"x":"{}"}}"#, "x".repeat(size)).into_bytes()
}
