//! Commands as a frontend gives them: an answer means that the change is in the tables.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context, Result, ensure};
use domain::ids::foreign;
use serde_json::{Value, json};
use tests::{App, KEY};

use crate::{
    database::remove,
    http::Connection,
    limits::{BARE, Limits},
    load::{Client, drive, float},
    report::{Aim, progress},
    settings::{Section, Settings},
    workload::{STEPS, SUBJECT},
};

pub(crate) async fn measure(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    let app = App::start().await?;
    let address = app.client.base.trim_start_matches("http://").parse()?;
    let stale = Arc::new(AtomicUsize::new(0));
    for &clients in &settings.clients {
        let bare = limits.bare(clients).await?;
        progress(&format!("GraphQL at {clients}"));
        let fsync = limits.fsync().await?;
        let figures = drive(frontends(address, clients, &stale).await?, settings.window).await?;
        let handler = limits.handler(clients);
        let row = limits
            .report
            .row(Section::Graphql, &format!("mutations at {clients:>2}"), "commands/s")
            .figures(figures)
            .fsync(fsync)
            .ratio(BARE, figures.rate / bare);
        if let Some(handler) = handler {
            row.ratio("handler", figures.rate / handler);
        }
        if clients == 16 {
            row.aim(Aim::Ratio {
                least: 3_000.0 / 6_800.0,
                of: BARE,
                value: 3_000.0,
            });
        }
    }
    limits
        .report
        .row(Section::Graphql, "answers that were stale, of all", "answers")
        .value(float(stale.load(Ordering::Relaxed)))
        .aim(Aim::AtMost(0.0));
    let (_folder, url) = app.stop().await?;
    remove(&url.parse()?).await
}

async fn frontends(address: SocketAddr, clients: usize, stale: &Arc<AtomicUsize>) -> Result<Vec<Frontend>> {
    let mut frontends = Vec::with_capacity(clients);
    for client in 0..clients {
        frontends.push(Frontend {
            connection: Connection::open(address, "/graphql", KEY).await?,
            client: format!("{clients}-{client}"),
            step: 0,
            ticket: Value::Null,
            stale: Arc::clone(stale),
        });
    }
    Ok(frontends)
}

/// A connection with a ticket in hand.
struct Frontend {
    connection: Connection,
    client: String,
    step: usize,
    /// Id of the ticket, as the server gave it.
    ticket: Value,
    stale: Arc<AtomicUsize>,
}

impl Client for Frontend {
    async fn step(&mut self) -> Result<()> {
        let (mutation, input) = self.wish();
        let kind = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
        let query = format!(
            "mutation($input: {kind}Input!) {{ payload: {mutation}(input: $input) {{ ticket {{ id number subject status \
             priority version assigneeId }} position stale userErrors {{ code message field }} }} }}"
        );
        let body = json!({"query": query, "variables": {"input": input}}).to_string();
        let mut answer = self.connection.post(&body).await?;
        let payload = answer.pointer_mut("/data/payload").context("no payload")?;
        ensure!(payload["userErrors"] == json!([]), "{mutation} is refused: {payload}");
        if payload["stale"] != false {
            self.stale.fetch_add(1, Ordering::Relaxed);
        }
        if self.step.is_multiple_of(STEPS) {
            self.ticket = payload["ticket"]["id"].take();
        }
        self.step += 1;
        Ok(())
    }
}

impl Frontend {
    /// The same commands as [`crate::workload`].
    fn wish(&self) -> (&'static str, Value) {
        let key = format!("{}-{}", self.client, self.step);
        let ticket = &self.ticket;
        match self.step % STEPS {
            0 => (
                "openTicket",
                json!({"idempotencyKey": key, "subject": SUBJECT, "type": "INCIDENT"}),
            ),
            1 => (
                "changeTicketPriority",
                json!({"idempotencyKey": key, "ticketId": ticket, "priority": "HIGH"}),
            ),
            2 => {
                let agent = foreign("bench", "agent", "1");
                (
                    "assignTicket",
                    json!({"idempotencyKey": key, "ticketId": ticket, "agentId": agent}),
                )
            }
            3 => (
                "putTicketOnHold",
                json!({"idempotencyKey": key, "ticketId": ticket, "reason": "CUSTOMER"}),
            ),
            4 => ("resumeTicket", json!({"idempotencyKey": key, "ticketId": ticket})),
            _ => ("resolveTicket", json!({"idempotencyKey": key, "ticketId": ticket})),
        }
    }
}
