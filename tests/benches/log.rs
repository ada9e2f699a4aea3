//! The event log through its client: durable appends beside what disk and transport allow, catch-up, stream reads.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use event_store::{Delivery, EventLog, Expected, Position, Subscription};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    appends::{bare_on, event},
    limits::{GROUP, Limits},
    load::{Client, Figures, drive, per_second},
    memory::MemoryNode,
    report::{Aim, progress},
    settings::{Section, Settings},
    stack::Stack,
};

const STREAMS: usize = 10_000;
const EVENTS: usize = 20;
/// Appends in flight while the log is written.
const IN_FLIGHT: usize = 16;
const BATCH: usize = 1000;
const MEMORY: &str = "in-memory node";
const CAPPED: &str = "group commit capped by the in-memory node";
const CATCH_UP: f64 = 200_000.0;

pub(crate) async fn measure(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    let mut clients = settings.clients.clone();
    if !clients.contains(&256) {
        clients.push(256);
    }
    for clients in clients {
        appends(clients, settings.window, limits).await?;
    }
    reads(settings, limits).await
}

async fn appends(clients: usize, window: Duration, limits: &mut Limits<'_>) -> Result<()> {
    let group = limits.group(clients).await?;
    progress(&format!("appends to a node in memory at {clients}"));
    let memory = in_memory(clients, window).await?;
    let name = format!("appends to a node in memory, at {clients:>3}");
    limits.report.row(Section::Limits, &name, "appends/s").figures(memory);
    let fsync = limits.fsync().await?;
    let durable = limits.bare(clients).await?;
    let cap = group.min(memory.rate);
    let row = limits
        .report
        .row(Section::Log, &format!("durable appends at {clients:>3}"), "appends/s")
        .value(durable)
        .fsync(fsync)
        .ratio(GROUP, durable / group)
        .ratio(MEMORY, durable / memory.rate)
        .ratio(CAPPED, durable / cap);
    if clients == 64 {
        row.aim(Aim::Share { least: 0.6, of: CAPPED });
    }
    Ok(())
}

async fn in_memory(clients: usize, window: Duration) -> Result<Figures> {
    let node = MemoryNode::start().await?;
    bare_on(&EventLog::new(&node.url())?, clients, window).await
}

async fn reads(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    progress("writing a log to read");
    let stack = Stack::start().await?;
    fill(&stack.log).await?;
    progress("catch-up");
    let rate = catch_up(&stack.log).await?;
    limits
        .report
        .row(Section::Log, "catch-up of a subscription to everything", "events/s")
        .value(rate)
        .aim(Aim::AtLeast(CATCH_UP));
    for clients in [1, 16] {
        progress(&format!("stream reads at {clients}"));
        let readers = (0..clients).map(|client| Reader {
            log: stack.log.clone(),
            next: client * STREAMS / clients,
        });
        let figures = drive(readers, settings.window).await?;
        let name = format!("reads of a stream of {EVENTS} events at {clients:>2}");
        limits.report.row(Section::Log, &name, "reads/s").figures(figures);
    }
    stack.stop().await
}

fn name(stream: usize) -> String {
    format!("ticket-{stream}")
}

async fn fill(log: &EventLog) -> Result<()> {
    let append = async |stream: usize| {
        let id = domain::ids::foreign("bench", "stream", &stream.to_string());
        let events: Vec<_> = (0..EVENTS).map(|step| event(id, step)).collect();
        log.append(&name(stream), Expected::NoStream, &events).await?;
        anyhow::Ok(())
    };
    let appends = stream::iter((0..STREAMS).map(append));
    appends.buffer_unordered(IN_FLIGHT).try_collect::<()>().await
}

/// Events a second from the first to the last.
async fn catch_up(log: &EventLog) -> Result<f64> {
    let start = Instant::now();
    let mut subscription = Subscription::start(log, Position::START, &["ticket."]);
    let mut events = 0;
    loop {
        for delivery in subscription.next_batch(BATCH).await? {
            match delivery {
                Delivery::Event(_) => events += 1,
                Delivery::Passed(_) => {}
                Delivery::CaughtUp => {
                    ensure!(events == STREAMS * EVENTS, "{events} events were delivered");
                    return Ok(per_second(events, start.elapsed()));
                }
            }
        }
    }
}

struct Reader {
    log: EventLog,
    next: usize,
}

impl Client for Reader {
    async fn step(&mut self) -> Result<()> {
        let events = self.log.read_stream(&name(self.next % STREAMS), 0).await?;
        ensure!(events.len() == EVENTS, "{} events were read", events.len());
        // Far from the one before, so that pages are not shared.
        self.next += 7919;
        Ok(())
    }
}
