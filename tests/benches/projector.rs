//! Read models built from the log into an empty database.

use std::time::{Duration, Instant};

use anyhow::Result;
use commands::Role;
use event_store::{Delivery, EventLog, Position, Subscription};
use futures_util::{StreamExt, TryStreamExt, stream};
use projections::{Worker, ticket_list};

use crate::{
    database::Database,
    import::Imported,
    limits::{COPY, Limits},
    load::per_second,
    report::{Aim, progress},
    settings::Section,
    stack::Stack,
    workload::{STEPS, request},
};

const TICKETS: usize = 5_000;
/// Appends in flight while the spread log is written.
const IN_FLIGHT: usize = 64;
/// Types of events that read models are made of.
const TYPES: &[&str] = &["ticket.", "assignment."];
const BATCH: usize = 1000;
const BARE: &str = "bare subscription";
/// The aim of 20,000 events/s was set where `COPY` reached this.
const COPY_THERE: f64 = 72_000.0;

/// A log in which the events of a ticket lie as far apart as they can.
#[derive(Debug)]
pub(crate) struct Spread {
    pub(crate) stack: Stack,
}

impl Spread {
    pub(crate) async fn make() -> Result<Self> {
        progress("writing the spread log");
        let stack = Stack::start().await?;
        for step in 0..STEPS {
            let handler = &stack.handler;
            let append = async |ticket: usize| {
                let request = request(&ticket.to_string(), step)?;
                handler.execute(Role::Admin, &request).await?;
                anyhow::Ok(())
            };
            let appends = stream::iter((0..TICKETS).map(append));
            appends.buffer_unordered(IN_FLIGHT).try_collect::<()>().await?;
        }
        Ok(Self { stack })
    }
}

pub(crate) async fn projector(imported: &Imported, spread: &Spread, limits: &mut Limits<'_>) -> Result<()> {
    catch_ups("as imported", &imported.stack, limits, true).await?;
    catch_ups("spread", &spread.stack, limits, false).await
}

async fn catch_ups(name: &str, stack: &Stack, limits: &mut Limits<'_>, aimed: bool) -> Result<()> {
    progress(&format!("catch-up, {name}"));
    let copy = limits.copy().await?;
    let drained = Drained::of(&stack.log).await?;
    let bare = per_second(drained.events, drained.time);
    limits
        .report
        .row(Section::Limits, &format!("bare subscription, log {name}"), "events/s")
        .value(bare);
    for (models, names) in [("ticket_list", Some(ticket_list::NAME)), ("all read models", None)] {
        let fsync = limits.fsync().await?;
        let rate = per_second(drained.events, catch_up(stack, names, drained.last).await?);
        let row = limits
            .report
            .row(Section::Projector, &format!("{models}, log {name}"), "events/s")
            .value(rate)
            .fsync(fsync)
            .ratio(COPY, rate / copy)
            .ratio(BARE, rate / bare);
        if aimed && names.is_some() {
            row.aim(Aim::Ratio {
                least: 20_000.0 / COPY_THERE,
                of: COPY,
                value: 20_000.0,
            });
        }
    }
    Ok(())
}

async fn catch_up(stack: &Stack, only: Option<&str>, until: Position) -> Result<Duration> {
    let database = Database::new().await?;
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
