//! Read models built from the log into an empty database.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::Result;
use domain::access::Rights;
use event_store::{Delivery, EventLog, Position, Subscription};
use futures_util::{StreamExt, TryStreamExt, stream};
use projections::{Worker, ticket_list};
use tokio::time::interval;

use crate::{
    database::Database,
    fold::fold,
    limits::{COPY, Limits},
    load::{float, per_second},
    report::{Aim, progress},
    settings::Section,
    stack::Stack,
    workload::{STEPS, request},
};

const TICKETS: usize = 20_000;
/// So many times as many in the log that shows how time and memory grow.
const TIMES: usize = 4;
/// Memory is looked at so often.
const LOOK: Duration = Duration::from_millis(20);
/// Appends in flight while a log is written.
const IN_FLIGHT: usize = 64;
/// Types of events that read models are made of.
const TYPES: &[&str] = &["ticket.", "assignment."];
const BATCH: usize = 1000;
const BARE: &str = "bare subscription";
const FOLD: &str = "hand-written fold and UNNEST";
/// What the aims are for one table, and for all; they were set where `COPY` reached the last figure.
const TOGETHER: f64 = 50_000.0;
const SPREAD: f64 = 25_000.0;
const ALL: f64 = 25_000.0;
const COPY_THERE: f64 = 72_000.0;

/// The same events in two orders.
#[derive(Debug)]
pub(crate) struct Logs {
    /// A ticket's events lie together.
    together: Stack,
    /// They lie as far apart as they can.
    spread: Stack,
    /// Together, and many more of them.
    large: Stack,
}

impl Logs {
    pub(crate) async fn make() -> Result<Self> {
        progress("writing the logs");
        let together = lying_together(TICKETS).await?;
        let large = lying_together(TICKETS * TIMES).await?;
        let spread = Stack::start().await?;
        for step in 0..STEPS {
            let appends = stream::iter((0..TICKETS).map(|ticket| give(&spread, ticket, step)));
            appends.buffer_unordered(IN_FLIGHT).try_collect::<()>().await?;
        }
        Ok(Self {
            together,
            spread,
            large,
        })
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.together.stop().await?;
        self.large.stop().await?;
        self.spread.stop().await
    }
}

async fn lying_together(tickets: usize) -> Result<Stack> {
    let stack = Stack::start().await?;
    let ticket = async |ticket: usize| {
        for step in 0..STEPS {
            give(&stack, ticket, step).await?;
        }
        anyhow::Ok(())
    };
    stream::iter((0..tickets).map(ticket))
        .buffer_unordered(IN_FLIGHT)
        .try_collect::<()>()
        .await?;
    Ok(stack)
}

async fn give(stack: &Stack, ticket: usize, step: usize) -> Result<()> {
    stack
        .handler
        .execute(&Rights::all(), &request(&ticket.to_string(), step)?)
        .await?;
    Ok(())
}

pub(crate) async fn projector(logs: &Logs, limits: &mut Limits<'_>) -> Result<()> {
    catch_ups("a ticket's events together", &logs.together, limits, TOGETHER).await?;
    catch_ups("spread", &logs.spread, limits, SPREAD).await?;
    growth(logs, limits).await
}

/// How time and memory grow with the log.
async fn growth(logs: &Logs, limits: &mut Limits<'_>) -> Result<()> {
    progress("growth");
    let mut figures = Vec::new();
    for stack in [&logs.together, &logs.large] {
        let drained = Drained::of(&stack.log).await?;
        let before = resident();
        let (time, most) = {
            let mut most = before;
            let mut looks = interval(LOOK);
            let mut rebuild = pin!(catch_up(stack, None, drained.last));
            let time = loop {
                tokio::select! {
                    time = &mut rebuild => break time?,
                    _ = looks.tick() => most = most.max(resident()),
                }
            };
            (time, most)
        };
        figures.push((drained.events, time, most));
    }
    let [(few, short, _), (many, long, most)] = figures[..] else {
        return Ok(());
    };
    let exponent = (long.as_secs_f64() / short.as_secs_f64()).ln() / (float(many) / float(few)).ln();
    let row = format!("all read models, {many} events over {few}: exponent of the time");
    limits
        .report
        .row(Section::Projector, &row, "")
        .value(exponent)
        .aim(Aim::AtMost(1.05));
    if most > 0 {
        let row = format!("this process at its largest, {many} events, log and Letopis together");
        limits
            .report
            .row(Section::Projector, &row, "MB")
            .value(float(most) / 1e6)
            .aim(Aim::AtMost(300.0));
    }
    Ok(())
}

/// Bytes of memory that this process has; 0 where the system does not tell.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|it| it.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}

async fn catch_ups(name: &str, stack: &Stack, limits: &mut Limits<'_>, one: f64) -> Result<()> {
    progress(&format!("catch-up, {name}"));
    let copy = limits.copy().await?;
    let drained = Drained::of(&stack.log).await?;
    let bare = per_second(drained.events, drained.time);
    let by_hand = fold(TICKETS, one < TOGETHER).await?;
    for (what, value) in [(BARE, bare), (FOLD, by_hand)] {
        limits
            .report
            .row(Section::Limits, &format!("{what}, {name}"), "events/s")
            .value(value);
    }
    for (models, names, aim) in [
        ("ticket_list", Some(ticket_list::NAME), one),
        ("all read models", None, ALL),
    ] {
        let fsync = limits.fsync().await?;
        let rate = per_second(drained.events, catch_up(stack, names, drained.last).await?);
        limits
            .report
            .row(Section::Projector, &format!("{models}, {name}"), "events/s")
            .value(rate)
            .fsync(fsync)
            .ratio(COPY, rate / copy)
            .ratio(BARE, rate / bare)
            .ratio(FOLD, rate / by_hand)
            .aim(Aim::Ratio {
                least: aim / COPY_THERE,
                of: COPY,
                value: aim,
            });
    }
    Ok(())
}

async fn catch_up(stack: &Stack, only: Option<&str>, until: Position) -> Result<Duration> {
    let database = Database::unfilled().await?;
    let worker = Worker::new(stack.log.clone(), stack.vault.clone(), database.options.clone());
    let worker = match only {
        Some(name) => worker.only(&[name]),
        None => worker,
    };
    let start = Instant::now();
    worker.catch_up(until).await?;
    let time = start.elapsed();
    database.remove().await?;
    Ok(time)
}

/// A log read to its end and forgotten.
struct Drained {
    events: usize,
    /// Of the last event that concerns a read model.
    last: Position,
    time: Duration,
}

impl Drained {
    async fn of(log: &EventLog) -> Result<Self> {
        let start = Instant::now();
        let mut subscription = Subscription::start(log, Position::START, TYPES);
        let (mut events, mut last) = (0, Position::START);
        loop {
            for delivery in subscription.next_batch(BATCH).await? {
                match delivery {
                    Delivery::Event(event) => {
                        events += 1;
                        last = event.position;
                    }
                    Delivery::Passed(_) => {}
                    Delivery::CaughtUp => {
                        let time = start.elapsed();
                        return Ok(Self { events, last, time });
                    }
                }
            }
        }
    }
}
