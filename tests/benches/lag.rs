//! How long after its append a change shows in the ticket list, with all projections at work.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use api::live::Live;
use domain::access::Rights;
use event_store::Position;
use projections::Worker;
use sqlx::PgPool;
use tokio::{
    task::JoinHandle,
    time::{Interval, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    database::Database,
    handler::{Commander, commanders},
    limits::Limits,
    load::{Client, Figures, Latency, drive, float},
    report::{Aim, progress},
    settings::{Section, Settings},
    stack::Stack,
};

const CLIENTS: usize = 16;
/// Parts of the top rate, as the row calls them, and the 99th percentile wanted there in milliseconds.
const PACES: [(f64, &str, f64); 2] = [(0.5, "half", 25.0), (0.9, "nine tenths", 100.0)];

pub(crate) async fn measure(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    progress("live lag");
    let followed = Followed::start().await?;
    let fsync = limits.fsync().await?;
    let top = drive(commanders(&followed.stack.handler, CLIENTS, "top"), settings.window).await?;
    let handler = limits.handler(CLIENTS);
    let row = limits
        .report
        .row(
            Section::Lag,
            "commands at 16 through the handler, flat out",
            "commands/s",
        )
        .figures(top)
        .fsync(fsync);
    if let Some(handler) = handler {
        row.ratio("handler", top.rate / handler).aim(Aim::Ratio {
            least: 0.8,
            of: "handler",
            value: 0.8 * handler,
        });
    }
    for (part, name, bound) in PACES {
        followed.caught_up().await?;
        let figures = followed.paced(top.rate * part, settings.window, name).await?;
        // The bound is on the latency, so that is the value.
        limits
            .report
            .row(Section::Lag, &format!("p99 of the lag at {name} of that rate"), "ms")
            .figures(figures)
            .aim(Aim::AtMost(bound));
    }
    followed.stop().await
}

/// A log with its projections and the handler beside them.
struct Followed {
    stack: Stack,
    database: Database,
    live: Live,
    stopping: CancellationToken,
    worker: JoinHandle<Result<(), projections::ProjectError>>,
}

impl Followed {
    async fn start() -> Result<Self> {
        let stack = Stack::start().await?;
        let database = Database::new().await?;
        let stopping = CancellationToken::new();
        let live = Live::start(PgPool::connect_with(database.options.clone()).await?, stopping.clone()).await?;
        let worker = tokio::spawn(
            Worker::new(stack.log.clone(), stack.vault.clone(), database.options.clone()).run(stopping.clone()),
        );
        Ok(Self {
            stack,
            database,
            live,
            stopping,
            worker,
        })
    }

    /// Waits until nothing is left to project: the next measurement begins with that.
    async fn caught_up(&self) -> Result<()> {
        let head = self.stack.log.head().await?;
        // The newest event may be one that no projection is about; it is then passed much later.
        let near = Position(head.0.saturating_sub(1));
        while !self.live.shows(near).await {}
        Ok(())
    }

    /// Commands at a steady rate; the figures are the lag's, the value its 99th percentile.
    async fn paced(&self, rate: f64, window: Duration, tag: &str) -> Result<Figures> {
        let lags = Arc::new(Lags::default());
        let every = Duration::from_secs_f64(float(CLIENTS) / rate);
        let clients = commanders(&self.stack.handler, CLIENTS, tag)
            .into_iter()
            .map(|it| Paced {
                commander: it,
                beat: interval(every),
                live: self.live.clone(),
                lags: Arc::clone(&lags),
            });
        drive(clients, window).await?;
        lags.watching.close();
        lags.watching.wait().await;
        let samples = lags.samples.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let latency = Latency::of(samples).context("no lag was measured")?;
        Ok(Figures {
            rate: latency.p99,
            latency,
        })
    }

    async fn stop(self) -> Result<()> {
        self.stopping.cancel();
        self.worker.await??;
        self.database.remove().await?;
        self.stack.stop().await
    }
}

#[derive(Default)]
struct Lags {
    samples: Mutex<Vec<Duration>>,
    watching: TaskTracker,
}

/// Gives its commands by a clock, whether or not the earlier ones are visible.
struct Paced {
    commander: Commander,
    beat: Interval,
    live: Live,
    lags: Arc<Lags>,
}

impl Client for Paced {
    async fn step(&mut self) -> Result<()> {
        self.beat.tick().await;
        let request = self.commander.script.next()?;
        let outcome = self.commander.handler.execute(&Rights::all(), &request).await?;
        let (acknowledged, live, lags) = (Instant::now(), self.live.clone(), Arc::clone(&self.lags));
        self.lags.watching.spawn(async move {
            // What is not visible after the time that `shows` waits counts with that time: far beyond any bound.
            live.shows(outcome.position).await;
            let mut samples = lags.samples.lock().unwrap_or_else(PoisonError::into_inner);
            samples.push(acknowledged.elapsed());
        });
        Ok(())
    }
}
