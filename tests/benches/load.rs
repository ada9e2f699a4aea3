//! Closed loops: as many tasks as clients, each giving its next command when the last is answered.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

/// Part of the window that runs before it, uncounted: connections are made and caches filled.
const WARM_UP: u32 = 8;

/// One client.
pub(crate) trait Client: Send + 'static {
    /// Its next command, from giving it to its answer.
    fn step(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// What a window of load came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Commands answered in a second.
    pub(crate) rate: f64,
    pub(crate) latency: Latency,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Latency {
    /// `None` when nothing was measured.
    pub(crate) fn of(mut samples: Vec<Duration>) -> Option<Self> {
        samples.sort_unstable();
        let at = |percent: usize| {
            samples
                .get(samples.len() * percent / 100)
                .map(|it| it.as_secs_f64() * 1000.0)
        };
        Some(Self {
            p50: at(50)?,
            p99: at(99)?,
        })
    }
}

/// Runs all clients for `window` and a warm-up before it.
pub(crate) async fn drive<C: Client>(clients: impl IntoIterator<Item = C>, window: Duration) -> Result<Figures> {
    let from = Instant::now() + window / WARM_UP;
    let until = from + window;
    let mut tasks = JoinSet::new();
    for mut client in clients {
        tasks.spawn(async move {
            let mut taken = Vec::new();
            loop {
                let start = Instant::now();
                client.step().await?;
                let end = Instant::now();
                if end >= until {
                    return anyhow::Ok(taken);
                }
                if end >= from {
                    taken.push(end - start);
                }
            }
        });
    }
    let mut all = Vec::new();
    while let Some(taken) = tasks.join_next().await {
        all.extend(taken??);
    }
    let rate = per_second(all.len(), window);
    let latency = Latency::of(all).context("no command was answered in time: make BENCH_SECONDS larger")?;
    Ok(Figures { rate, latency })
}

/// Things in a second.
pub(crate) fn per_second(count: usize, time: Duration) -> f64 {
    float(count) / time.as_secs_f64()
}

/// Exact below 2³², which no count here comes near.
pub(crate) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
