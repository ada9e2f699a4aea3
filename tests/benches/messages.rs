//! Agents who answer at the same time, each under a ticket of their own, through the whole server until the message shows.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, KEY};

use crate::{
    database::remove,
    http::Connection,
    limits::Limits,
    load::{Client, drive},
    report::{Aim, progress},
    settings::{Section, Settings},
};

const WRITERS: usize = 50;
const POST: &str =
    "mutation($i: PostMessageInput!) { postMessage(input: $i) { message { id seq } stale userErrors { code } } }";

pub(crate) async fn measure(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    progress(&format!("messages of {WRITERS} writers"));
    let app = App::start().await?;
    let address = app.client.base.trim_start_matches("http://").parse()?;
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let opened = app.client.open(&format!("m{number}"), "Не печатает принтер").await?;
        writers.push(Writer {
            connection: Connection::open(address, "/graphql", KEY).await?,
            ticket: opened["ticket"]["id"].clone(),
            said: 0,
        });
    }
    let figures = drive(writers, settings.window).await?;
    let row = format!("postMessage, {WRITERS} writers");
    limits
        .report
        .row(Section::Messages, &row, "messages/s")
        .figures(figures);
    limits
        .report
        .row(Section::Messages, &format!("{row}, p99"), "ms")
        .value(figures.latency.p99)
        .aim(Aim::AtMost(15.0));
    let (_folder, url) = app.stop().await?;
    remove(&url.parse()?).await
}

/// Somebody who answers again and again.
struct Writer {
    connection: Connection,
    ticket: Value,
    said: u64,
}

impl Client for Writer {
    async fn step(&mut self) -> Result<()> {
        self.said += 1;
        let input = json!({"ticketId": self.ticket, "clientMessageId": self.said.to_string(),
            "body": "Здравствуйте! Посмотрели, **чиним**: к вечеру принтер снова будет печатать."});
        let body = json!({"query": POST, "variables": {"i": input}}).to_string();
        let answer = self.connection.post(&body).await?;
        let told = answer["data"]["postMessage"].as_object().context(answer.to_string())?;
        ensure!(told.get("userErrors") == Some(&json!([])), "{answer}");
        Ok(())
    }
}
