//! Ten read models, three workers in processes of their own, killed and paused at random while commands go on.

use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use projections::{Model, generation, registry};
use tests::{run, tallies::TALLIES};
use tokio::time::sleep;

use super::{Bench, STEPS, write};

const WORKERS: usize = 3;
const CLIENTS: usize = 4;
/// How long the chaos lasts; five minutes by `LETOPIS_CHAOS_SECONDS=300`.
const SECONDS: u64 = 10;
/// Which models another process keeps: see its program.
pub(super) const ALL: &str = "all";
pub(super) const SLOWLY: &str = "slow";

fn ten() -> Vec<Model> {
    [registry(), TALLIES.to_vec()].concat()
}

/// A worker in a process of its own.
pub(super) struct Other(Child);

impl Other {
    pub(super) fn start(bench: &Bench, models: &str) -> Result<Self> {
        let child = Command::new(env!("CARGO_BIN_EXE_worker"))
            .arg(models)
            .env("LETOPIS_TEST_LOG", bench.node.connection_string())
            .env("LETOPIS_TEST_DATABASE", &bench.url)
            .env("LETOPIS_TEST_DATA", bench.data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }

    fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").args([name, &self.0.id().to_string()]).status()?;
        ensure!(sent.success(), "kill {name} failed");
        Ok(())
    }

    pub(super) fn pause(&self) -> Result<()> {
        self.signal("-STOP")
    }

    pub(super) fn wake(&self) -> Result<()> {
        self.signal("-CONT")
    }

    pub(super) fn kill(mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // A paused one would outlive the test; one that has ended cannot be killed.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Repeatable randomness.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

async fn rage(bench: &Bench, length: Duration, dice: &mut Dice) -> Result<(usize, usize)> {
    let mut others = Vec::new();
    for _ in 0..WORKERS {
        others.push(Other::start(bench, ALL)?);
    }
    let (mut killed, mut paused) = (0, 0);
    let end = Instant::now() + length;
    while Instant::now() < end {
        sleep(Duration::from_millis(200 + dice.below(800))).await;
        let victim = usize::try_from(dice.below(others.len() as u64))?;
        if dice.below(2) == 0 {
            let replaced = std::mem::replace(&mut others[victim], Other::start(bench, ALL)?);
            replaced.kill()?;
            killed += 1;
        } else {
            others[victim].pause()?;
            // Now shorter than a lease, now longer.
            sleep(Duration::from_millis(dice.below(5000))).await;
            others[victim].wake()?;
            paused += 1;
        }
    }
    for other in others {
        other.kill()?;
    }
    Ok((killed, paused))
}

#[test]
fn tables_equal_a_rebuild_whatever_is_killed_or_paused_under_load() -> Result<()> {
    run(async {
        let seconds = std::env::var("LETOPIS_CHAOS_SECONDS")
            .ok()
            .map(|it| it.parse())
            .transpose()?;
        let length = Duration::from_secs(seconds.unwrap_or(SECONDS));
        let bench = Arc::new(Bench::start().await?);
        generation::ensure(&bench.pool, &ten(), bench.log.head().await?).await?;
        let over = Arc::new(AtomicBool::new(false));
        let clients = (0..CLIENTS).map(|client| {
            let (bench, over) = (Arc::clone(&bench), Arc::clone(&over));
            tokio::spawn(async move {
                let mut tickets = 0;
                while !over.load(Ordering::Relaxed) {
                    write(&bench.handler, &format!("{client}-{tickets}"), 0..STEPS).await?;
                    tickets += 1;
                    sleep(Duration::from_millis(5)).await;
                }
                anyhow::Ok(tickets)
            })
        });
        let clients: Vec<_> = clients.collect();
        let mut dice = Dice(0x2026_1121);
        let (killed, paused) = rage(&bench, length, &mut dice).await?;
        over.store(true, Ordering::Relaxed);
        let tickets = try_join_all(clients).await?.into_iter().sum::<Result<usize>>()?;
        ensure!(killed > 0 && paused > 0 && tickets > 0);
        let said = format!("{tickets} tickets, {killed} workers killed, {paused} paused");
        bench.equals_rebuild(&ten()).await.context(said)?;
        let bench = Arc::into_inner(bench).context("somebody still works")?;
        Ok(bench.node.stop().await?)
    })
}
