//! Agents who answer at the same time, each under a ticket of their own, through the whole server until the message shows.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, KEY};
use tokio::time::{Interval, interval_at};

use crate::{
    database::remove,
    http::Connection,
    limits::Limits,
    load::{Client, Figures, Latency, drive},
    report::{Aim, progress},
    settings::{Section, Settings},
};

const WRITERS: usize = 50;
/// How often somebody writes who writes steadily.
const EVERY: Duration = Duration::from_secs(1);
const POST: &str =
    "mutation($i: PostMessageInput!) { postMessage(input: $i) { message { id seq } stale userErrors { code } } }";

pub(crate) async fn measure(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    progress(&format!("messages of {WRITERS} writers"));
    let app = App::start().await?;
    steady(&app, settings, limits).await?;
    flat_out(&app, settings, limits).await?;
    let (_folder, url) = app.stop().await?;
    remove(&url.parse()?).await
}

/// Writers who write at the pace of people, far more often than people do.
async fn steady(app: &App, settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let writers = writers(app, "s").await?;
    // Only now: a clock that began before the tickets were opened would let all catch up at once.
    let now = Instant::now();
    let apart = EVERY / u32::try_from(WRITERS)?;
    let mut number = 0;
    let paced = writers.into_iter().map(|writer| {
        number += 1;
        Paced {
            writer,
            beat: interval_at((now + apart * number).into(), EVERY),
            taken: Arc::clone(&taken),
        }
    });
    let paced: Vec<Paced> = paced.collect();
    let rate = drive(paced, settings.window).await?.rate;
    let samples = taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let latency = Latency::of(samples).context("no message was answered")?;
    let row = format!("postMessage, {WRITERS} writers, each once a second");
    say(limits, &row, Figures { rate, latency });
    Ok(())
}

/// Writers who write again as soon as the last is answered: what the whole can do.
async fn flat_out(app: &App, settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    let figures = drive(writers(app, "f").await?, settings.window).await?;
    let row = format!("postMessage, {WRITERS} writers without a pause");
    say(limits, &row, figures);
    Ok(())
}

fn say(limits: &mut Limits<'_>, row: &str, figures: Figures) {
    limits.report.row(Section::Messages, row, "messages/s").figures(figures);
    let p99 = format!("{row}, p99");
    limits
        .report
        .row(Section::Messages, &p99, "ms")
        .value(figures.latency.p99)
        .aim(Aim::AtMost(15.0));
}

async fn writers(app: &App, tag: &str) -> Result<Vec<Writer>> {
    let address = app.client.base.trim_start_matches("http://").parse()?;
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let opened = app
            .client
            .open(&format!("{tag}{number}"), "Не печатает принтер")
            .await?;
        writers.push(Writer {
            connection: Connection::open(address, "/graphql", KEY).await?,
            ticket: opened["ticket"]["id"].clone(),
            said: 0,
        });
    }
    Ok(writers)
}

/// Somebody who answers by a clock.
struct Paced {
    writer: Writer,
    beat: Interval,
    /// How long each answer took, the wait for the clock not counted.
    taken: Arc<Mutex<Vec<Duration>>>,
}

impl Client for Paced {
    async fn step(&mut self) -> Result<()> {
        self.beat.tick().await;
        let start = Instant::now();
        self.writer.step().await?;
        // The first comes while the program still works on the opening of fifty tickets.
        if self.writer.said > 1 {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.push(start.elapsed());
        }
        Ok(())
    }
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
