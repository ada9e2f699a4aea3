//! A ticket as it was, by how much has happened to it.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use commands::Clock;
use serde_json::json;
use tests::App;

use crate::{
    limits::Limits,
    load::drive,
    reads::readers,
    report::{Aim, progress},
    settings::{Section, Settings},
};

/// Events of a ticket, and milliseconds that a look at its past may take.
const TICKETS: [(usize, f64); 2] = [(50, 10.0), (5000, 60.0)];
const THEN: &str = "query($id: ID!, $at: DateTime) { ticket(id: $id, asOf: $at) {
    id number subject status priority version openedAt updatedAt asOf } }";

pub(crate) async fn measure(
    app: &App,
    address: SocketAddr,
    settings: &Settings,
    limits: &mut Limits<'_>,
) -> Result<()> {
    for (events, most) in TICKETS {
        let name = format!("a ticket with {events} events as it was in the middle");
        progress(&name);
        let (ticket, at) = changed(app, events).await?;
        let asked = json!({"query": THEN, "variables": {"id": ticket, "at": at}}).to_string();
        let figures = drive(readers(address, "/graphql", &asked, 1).await?, settings.window).await?;
        limits.report.row(Section::Reads, &name, "reads/s").figures(figures);
        limits
            .report
            .row(Section::Reads, &format!("{name}, p99"), "ms")
            .value(figures.latency.p99)
            .aim(Aim::AtMost(most));
    }
    Ok(())
}

/// A ticket with so many events, and the instant of the one in the middle.
async fn changed(app: &App, events: usize) -> Result<(String, String)> {
    let ticket = app.client.ticket(&format!("travel {events}"), &json!({})).await?;
    let mut middle = None;
    for number in 1..events {
        let priority = if number % 2 == 0 { "LOW" } else { "HIGH" };
        let key = format!("travel {events} {number}");
        app.client
            .must("changeTicketPriority", &key, &ticket, &json!({"priority": priority}))
            .await?;
        if number == events / 2 {
            middle = Some(Clock::System.now().to_rfc3339());
        }
    }
    Ok((ticket, middle.context("too few events")?))
}
