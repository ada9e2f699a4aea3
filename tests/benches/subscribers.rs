//! One change, and thousands who watch: GraphQL subscribers beside plain sockets, each server in its own process and
//! both before the same audience.
//!
//! A time is taken from just before the change is sent to the server until one of the audience has its message whole:
//! with GraphQL that holds the command, its append, the projections and the notification too.

use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{KEY, Program};
use tokio::time::sleep;

use crate::{
    audience::{Audience, Greeting},
    database::Database,
    http::Connection,
    limits::Limits,
    load::{Figures, Latency, float},
    plain::Plain,
    report::{Aim, progress},
    settings::Section,
};

const AUDIENCE: usize = 5_000;
/// Changes whose times count.
const CHANGES: usize = 20;
/// Changes before them: code and buffers get warm.
const FIRST: usize = 5;
/// Between two changes, so that none meets the other's tail.
const PAUSE: Duration = Duration::from_millis(100);
/// The ratios' name.
const PLAIN: &str = "plain";
const MUTATION: &str = "mutation($input: ChangeTicketSubjectInput!) {
    changeTicketSubject(input: $input) { position stale userErrors { code } }
}";
const SUBSCRIPTION: &str = "subscription($after: Position) {
    ticketChanged(after: $after) {
        position type at actor
        ticket { id number version subject status priority assigneeId updatedAt } previous { version status priority }
    }
}";

pub(crate) async fn measure(limits: &mut Limits<'_>) -> Result<()> {
    progress("subscribers");
    let graphql = graphql().await?;
    progress("plain WebSockets");
    let plain = plain(graphql.length).await?;
    let report = &mut *limits.report;
    report.note(format!(
        "Subscribers: {AUDIENCE} sockets, {CHANGES} changes, messages of {} bytes in both cases.",
        graphql.length
    ));
    let row = format!("p99 with {AUDIENCE} plain WebSockets, a message pushed");
    report.row(Section::Subscribers, &row, "ms").figures(plain.figures);
    let row = format!("p99 with {AUDIENCE} GraphQL subscribers, a ticket changed");
    report
        .row(Section::Subscribers, &row, "ms")
        .figures(graphql.figures)
        .ratio(PLAIN, graphql.figures.rate / plain.figures.rate)
        .aim(Aim::Times { most: 1.5, of: PLAIN });
    report
        .row(Section::Subscribers, "memory of a plain WebSocket", "KB")
        .value(plain.kilobytes);
    report
        .row(Section::Subscribers, "memory of a GraphQL subscriber", "KB")
        .value(graphql.kilobytes)
        .ratio(PLAIN, graphql.kilobytes / plain.kilobytes)
        .aim(Aim::AtMost(20.0));
    Ok(())
}

/// What one server came to.
struct Outcome {
    /// The value is the 99th percentile.
    figures: Figures,
    /// Resident memory of the server for each of the audience.
    kilobytes: f64,
    /// Bytes of a message.
    length: usize,
}

async fn graphql() -> Result<Outcome> {
    let (folder, database) = (tempfile::tempdir()?, Database::new().await?);
    let data = folder.path().to_string_lossy().into_owned();
    let url = sqlx::ConnectOptions::to_url_lossy(&database.options).to_string();
    let program = Program::serve(&["--data", &data, "--database-url", &url]).await?;
    let address: SocketAddr = program.client.base.trim_start_matches("http://").parse()?;
    let opened = program.client.open("subscribers", "Changes before many eyes").await?;
    let ticket = opened["ticket"]["id"].clone();
    let mut sender = Sender {
        connection: Connection::open(address, "/graphql", KEY).await?,
        body: Box::new(move |change| {
            let input = json!({"idempotencyKey": change.to_string(), "ticketId": ticket,
                "subject": format!("Changes before many eyes, {change:04}")});
            json!({"query": MUTATION, "variables": {"input": input}}).to_string()
        }),
        sent: 0,
    };
    // The server has its buffers and caches before its memory is read.
    let mut after = Value::Null;
    for _ in 0..FIRST {
        after = sender.send().await?["data"]["changeTicketSubject"]["position"].take();
    }
    ensure!(after.is_string(), "the change is refused");
    let greeting = subscription(address, &after);
    let outcome = before_all(program.id().context("the server has ended")?, &greeting, sender).await?;
    program.kill().await?;
    database.remove().await?;
    Ok(outcome)
}

/// Subscribes behind a position.
fn subscription(address: SocketAddr, after: &Value) -> Greeting {
    Greeting {
        address,
        path: "/graphql/ws",
        header: "sec-websocket-protocol: graphql-transport-ws\r\n",
        messages: vec![
            json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {KEY}")}}).to_string(),
            // With a position, so that whoever is late gets the first change too.
            json!({"type": "subscribe", "id": "1",
                "payload": {"query": SUBSCRIPTION, "variables": {"after": after}}})
            .to_string(),
        ],
    }
}

async fn plain(length: usize) -> Result<Outcome> {
    let server = Plain::start().await?;
    let mut sender = Sender {
        connection: Connection::open(server.address, "/push", KEY).await?,
        body: Box::new(move |_| "x".repeat(length)),
        sent: 0,
    };
    for _ in 0..FIRST {
        sender.send().await?;
    }
    let greeting = Greeting {
        address: server.address,
        path: "/ws",
        header: "",
        messages: Vec::new(),
    };
    let outcome = before_all(server.id()?, &greeting, sender).await?;
    server.stop().await?;
    Ok(outcome)
}

async fn before_all(server: u32, greeting: &Greeting, mut sender: Sender) -> Result<Outcome> {
    let before = resident(server)?;
    let mut audience = Audience::gather(AUDIENCE, greeting).await?;
    let mut samples = Vec::with_capacity(AUDIENCE * CHANGES);
    let mut length = 0;
    for change in 0..FIRST + CHANGES {
        sleep(PAUSE).await;
        let sent = Instant::now();
        sender.send().await?;
        let (received, bytes) = audience.all().await?;
        if change >= FIRST {
            samples.extend(received.into_iter().map(|it| it - sent));
        }
        length = bytes;
    }
    let grown = resident(server)?.saturating_sub(before);
    let latency = Latency::of(samples).context("nothing was received")?;
    Ok(Outcome {
        figures: Figures {
            rate: latency.p99,
            latency,
        },
        kilobytes: float(grown) * 1.024 / float(AUDIENCE),
        length,
    })
}

/// Makes one change after the other.
struct Sender {
    connection: Connection,
    body: Box<dyn Fn(usize) -> String + Send>,
    sent: usize,
}

impl Sender {
    async fn send(&mut self) -> Result<Value> {
        let body = (self.body)(self.sent);
        self.sent += 1;
        self.connection.post(&body).await
    }
}

/// Resident memory of a process in KiB.
fn resident(id: u32) -> Result<usize> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).context("memory is read from /proc, on Linux")?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let line = line.context("no resident memory")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
