//! `letopis-replay rebuild`: a read model filled anew beside the one that serves.

use std::{io::Write, time::Duration};

use anyhow::{Context, Result, bail};
use clap::Args;
use projections::{
    Model, ProjectError,
    generation::{self, Generation, GenerationError, State},
    status,
};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use super::{
    LOOK, Reach, Target, block_on, chosen, interrupted, named,
    watch::{Hand, Standing, watch},
};
use crate::cli::Outcome;

/// A worker that has given no sign for so long is gone, and so is its lease.
const SIGN: Duration = Duration::from_secs(4);
/// What nobody has kept for so long no living worker will take.
const FREE: Duration = Duration::from_millis(1_500);

#[derive(Debug, Args)]
pub(in crate::cli) struct RebuildArgs {
    /// Read model to rebuild, or `all`
    #[arg(value_name = "NAME")]
    name: String,
    /// Parts that different workers may keep
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i16).range(1..=64))]
    partitions: i16,
    /// Leave the one that serves in its place; `swap` exchanges them
    #[arg(long)]
    no_swap: bool,
    /// Give up a rebuild that is not complete, and remove what it has filled
    #[arg(long, conflicts_with_all = ["partitions", "no_swap"])]
    abandon: bool,
    #[command(flatten)]
    reach: Reach,
}

pub(in crate::cli) fn run(args: &RebuildArgs) -> Result<Outcome> {
    if args.abandon {
        let model = named(&args.name)?;
        return block_on(abandon(&args.reach, &model));
    }
    let models = chosen(&args.name)?;
    block_on(async {
        let target = args.reach.target().await?;
        let mut outcome = Ok(Outcome::Fine);
        for model in &models {
            outcome = rebuild(&target, model, args).await;
            if !matches!(outcome, Ok(Outcome::Fine)) {
                break;
            }
        }
        target.close().await?;
        outcome
    })
}

async fn abandon(reach: &Reach, model: &Model) -> Result<Outcome> {
    let tables = reach.tables().await?;
    let name = model.name;
    match generation::abandon(&tables.pool, model).await? {
        Some(id) => say(&format!("{name}: generation {id} is abandoned and removed"))?,
        None => bail!("{name} has no rebuild that is not complete: there is nothing to abandon"),
    }
    Ok(Outcome::Fine)
}

async fn rebuild(target: &Target, model: &Model, args: &RebuildArgs) -> Result<Outcome> {
    let pool = &target.pool;
    let before = generation::all(pool).await?;
    let old = before
        .iter()
        .find(|it| it.serving && it.model == model.name && it.version == model.version)
        .or_else(|| before.iter().find(|it| it.current && it.model == model.name));
    let id = find_or_begin(target, model, args).await?;
    let known = Standing::of(id, &status::all(pool).await?).map_or(0, |it| it.events);
    let began = Instant::now();
    let mut hand = Hand::on(target, model, id);
    let ended = tokio::select! {
        standing = watch(pool, model, id, !args.no_swap) => standing.map(Some),
        error = hand.fails() => return Err(error),
        asked = interrupted() => asked.map(|()| None),
    };
    hand.end().await?;
    let Some(standing) = ended? else {
        return interrupt(pool, model, id).await;
    };
    let events = standing.events.saturating_sub(known);
    let seconds = began.elapsed().as_secs_f64();
    let left = generation::all(pool).await?;
    // One that somebody has damaged does not outlive the swap.
    let old = old.filter(|old| left.iter().any(|it| it.id == old.id));
    say(&done(model, id, old, &standing, events, seconds))?;
    Ok(Outcome::Fine)
}

async fn interrupt(pool: &PgPool, model: &Model, id: i64) -> Result<Outcome> {
    let name = model.name;
    let standing = Standing::of(id, &status::all(pool).await?);
    let place = standing.map_or_else(String::new, |it| format!(" ({})", it.in_words()));
    say(&format!(
        "{name}: interrupted; generation {id} stays as it is{place}: a running server goes on with it, and so does \
         letopis-replay rebuild {name}; give it up with letopis-replay rebuild {name} --abandon"
    ))?;
    Ok(Outcome::Interrupted)
}

fn done(model: &Model, id: i64, old: Option<&Generation>, standing: &Standing, events: u64, seconds: f64) -> String {
    let name = model.name;
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 52 bits")]
    let rate = events as f64 / seconds.max(1e-3);
    let parked = match standing.parked {
        0 => String::new(),
        count => format!("; {count} events wait, see letopis-replay parked list {name}"),
    };
    let next = match old {
        _complete if !standing.serving => {
            format!(
                "put it in place with letopis-replay swap {name} --to {id}, or remove it with letopis-replay release {name}"
            )
        }
        Some(old) if old.version == model.version && old.id != id => format!(
            "back with letopis-replay swap {name} --to {}; remove the old one with letopis-replay release {name}",
            old.id
        ),
        Some(_) | None => format!("remove what serves no more with letopis-replay release {name}"),
    };
    let state = if standing.serving { "serves" } else { "is complete" };
    format!("{name}: generation {id} {state}: {events} events in {seconds:.1} s, {rate:.0} events/s{parked}; {next}")
}

/// An unfinished build that nobody keeps, else a new one.
async fn find_or_begin(target: &Target, model: &Model, args: &RebuildArgs) -> Result<i64> {
    let pool = &target.pool;
    if let Some(build) = unfinished(pool, model).await? {
        nobody_keeps(pool, &build).await?;
        generation::destine(pool, build.id, !args.no_swap).await?;
        say(&format!("{}: going on with generation {}", model.name, build.id))?;
        return Ok(build.id);
    }
    let head = target.log.head().await?;
    match generation::begin(pool, model, args.partitions, head, !args.no_swap).await {
        Err(ProjectError::Generation(error @ GenerationError::Building { .. })) => {
            bail!(
                "{error}: wait for it, or give it up with letopis-replay rebuild {} --abandon",
                model.name
            )
        }
        begun => Ok(begun?),
    }
}

async fn unfinished(pool: &PgPool, model: &Model) -> Result<Option<Generation>> {
    let all = generation::all(pool).await?;
    Ok(all.into_iter().find(|it| {
        let ours = it.model == model.name && it.version == model.version;
        ours && !it.serving && !it.scratch && (it.state != State::Following || it.swaps)
    }))
}

/// Refuses when a living worker is at it. One that is gone may have left its lease, and one that lives may be about to
/// take it.
async fn nobody_keeps(pool: &PgPool, build: &Generation) -> Result<()> {
    let began = Instant::now();
    let (mut sign, mut free) = (None, None);
    loop {
        let all = status::all(pool).await?;
        let standing = Standing::of(build.id, &all).context("the build is gone: begin again")?;
        let parts = all.iter().filter(|it| it.generation == build.id);
        let newest = parts.map(|it| it.heartbeat_at).max();
        if let Some(worker) = &standing.worker {
            free = None;
            if sign.is_some_and(|it| it != newest) || began.elapsed() > SIGN {
                return Err(under_way(build, worker, &standing));
            }
            sign = Some(newest);
        } else if free.get_or_insert_with(Instant::now).elapsed() > FREE {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}

fn under_way(build: &Generation, worker: &str, standing: &Standing) -> anyhow::Error {
    let (name, id) = (&build.model, build.id);
    anyhow::anyhow!(
        "{name} is being rebuilt already, as generation {id}, by worker {worker} ({}): wait for it, or give it up with \
         letopis-replay rebuild {name} --abandon",
        standing.in_words()
    )
}

pub(super) fn say(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
