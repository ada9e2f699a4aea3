//! Many workers: one keeps each part, another takes over, and never do two commit.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use projections::{Model, generation, status};
use tests::{
    poll, run,
    tallies::{SLOW, TALLIES},
};

use super::{
    Bench,
    chaos::{ALL, Other, SLOWLY},
};
use crate::vault::{close, reopen};

/// As the issue of this engine has it.
const TAKE_OVER: Duration = Duration::from_secs(5);

async fn keepers(bench: &Bench) -> Result<Vec<String>> {
    let all = status::all(&bench.pool).await?;
    Ok(all.into_iter().filter_map(|it| it.worker).collect())
}

#[test]
fn killed_workers_part_is_taken_over_within_five_seconds() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let models: &[Model] = &[TALLIES[0]];
        generation::ensure(&bench.pool, models, bench.log.head().await?).await?;
        let other = Other::start(&bench, ALL)?;
        let position = bench.tickets(0..3).await?;
        bench.shows(models, position).await?;
        let working = bench.work(models)?;
        other.kill()?;
        let since = Instant::now();
        let position = bench.ticket("after").await?;
        bench.shows(models, position).await?;
        ensure!(since.elapsed() < TAKE_OVER, "taken over after {:?}", since.elapsed());
        working.stop().await?;
        bench.equals_rebuild(models).await?;
        Ok(bench.node.stop().await?)
    })
}

#[test]
fn worker_paused_in_its_transaction_cannot_commit_when_it_wakes() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let models: &[Model] = &[SLOW];
        generation::ensure(&bench.pool, models, bench.log.head().await?).await?;
        let other = Other::start(&bench, SLOWLY)?;
        let position = bench.ticket("before").await?;
        bench.shows(models, position).await?;
        let working = bench.work(models)?;
        for round in 0..3 {
            let position = bench.ticket(&format!("round {round}")).await?;
            let asleep = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.1)%'
                          AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database())";
            poll("nobody works", async || {
                sqlx::query_scalar(asleep).fetch_one(&bench.pool).await.unwrap_or(false)
            })
            .await?;
            other.pause()?;
            let since = Instant::now();
            bench.shows(models, position).await?;
            ensure!(since.elapsed() < TAKE_OVER, "taken over after {:?}", since.elapsed());
            other.wake()?;
        }
        other.kill()?;
        working.stop().await?;
        bench.equals_rebuild(models).await?;
        Ok(bench.node.stop().await?)
    })
}

#[test]
fn part_of_a_worker_that_leaves_is_taken_over_at_once() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let models: &[Model] = &[TALLIES[0]];
        let mut working = bench.work(models)?;
        let position = bench.ticket("before").await?;
        bench.shows(models, position).await?;
        let mut pauses = Vec::new();
        for _ in 0..5 {
            let next = bench.work(models)?;
            poll("the other does not come", async || {
                let workers = sqlx::query_scalar("SELECT count(*) FROM ops.worker").fetch_one(&bench.pool);
                workers.await.is_ok_and(|it: i64| it == 2)
            })
            .await?;
            std::mem::replace(&mut working, next).stop().await?;
            let since = Instant::now();
            let keeper = "SELECT EXISTS (SELECT FROM ops.lease WHERE expires_at > clock_timestamp())";
            while !sqlx::query_scalar(keeper).fetch_one(&bench.pool).await? {
                ensure!(since.elapsed() < TAKE_OVER, "nobody takes over");
            }
            pauses.push(since.elapsed());
        }
        pauses.sort();
        // Half as long as it takes to find out without being told, on average.
        ensure!(pauses[2] < Duration::from_millis(125), "taken over after {pauses:?}");
        working.stop().await?;
        bench.equals_rebuild(models).await?;
        Ok(bench.node.stop().await?)
    })
}

#[test]
fn parts_are_shared_among_workers_and_make_up_the_whole() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let model: Model = TALLIES[0];
        bench.tickets(0..30).await?;
        let head = bench.log.head().await?;
        generation::begin(&bench.pool, &model, 4, head, true).await?;
        let working = [bench.work(&[model])?, bench.work(&[model])?];
        let position = bench.tickets(30..40).await?;
        bench.shows(&[model], position).await?;
        poll("one worker keeps everything", async || {
            let mut names = keepers(&bench).await.unwrap_or_default();
            names.sort();
            names.dedup();
            names.len() == 2
        })
        .await?;
        for one in working {
            one.stop().await?;
        }
        bench.equals_rebuild(&[model]).await?;
        Ok(bench.node.stop().await?)
    })
}

#[test]
fn database_that_vanishes_in_the_middle_is_waited_for() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let models: &[Model] = &[TALLIES[0], TALLIES[1]];
        let working = bench.work(models)?;
        let position = bench.tickets(0..5).await?;
        bench.shows(models, position).await?;
        let at = bench.url.parse()?;
        let mut admin = close(&at).await?;
        // The log goes on without it.
        let head = bench.log.head().await?;
        let seen = bench.vault.clone();
        ensure!(seen.status().await.is_err(), "the database is still there");
        ensure!(bench.log.head().await? == head);
        reopen(&mut admin, &at).await?;
        let position = bench.tickets(5..10).await?;
        bench.shows(models, position).await?;
        working.stop().await?;
        bench.equals_rebuild(models).await?;
        Ok(bench.node.stop().await?)
    })
}
