//! `letopis-replay swap` and `release`: another build in place of the one that serves, and the end of those that do not.

use anyhow::{Context, Result, bail};
use clap::Args;
use projections::{
    Model,
    generation::{self, State},
    status,
};
use tokio::time::sleep;

use super::{
    LOOK, Reach, Target, block_on, interrupted, named,
    rebuild::say,
    watch::{Hand, Standing},
};
use crate::cli::Outcome;

/// Positions that the build may lie behind when the serving one is made to stand.
const CLOSE: u64 = 1_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct SwapArgs {
    /// Read model
    #[arg(value_name = "NAME")]
    name: String,
    /// Build that is to serve; `projections` lists them
    #[arg(long, value_name = "GENERATION")]
    to: i64,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReleaseArgs {
    /// Read model
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    reach: Reach,
}

pub(in crate::cli) fn swap(args: &SwapArgs) -> Result<Outcome> {
    let model = named(&args.name)?;
    block_on(async {
        let target = args.reach.target().await?;
        let outcome = exchange(&target, &model, args.to).await;
        target.close().await?;
        outcome
    })
}

async fn exchange(target: &Target, model: &Model, to: i64) -> Result<Outcome> {
    let pool = &target.pool;
    let all = generation::all(pool).await?;
    let serving = all
        .iter()
        .find(|it| it.serving && it.model == model.name && it.version == model.version);
    let next = all.iter().find(|it| it.id == to && it.model == model.name);
    if next.is_some_and(|it| it.serving && it.version == model.version) {
        say(&format!("{}: generation {to} serves already", model.name))?;
        return Ok(Outcome::Fine);
    }
    // Without a running server nobody else brings it up to the one that serves.
    let hand = next
        .filter(|it| it.state == State::Following && it.version == model.version)
        .map(|_| Hand::on(target, model, to));
    let swapped = tokio::select! {
        swapped = arrive_and_swap(target, model, to, serving.map(|it| it.id)) => swapped.map(|()| true),
        asked = interrupted() => asked.map(|()| false),
    };
    if let Some(hand) = hand {
        hand.end().await?;
    }
    if !swapped? {
        say(&format!("{}: interrupted; nothing is swapped", model.name))?;
        return Ok(Outcome::Interrupted);
    }
    let left = generation::all(pool).await?;
    let serving = serving.filter(|old| left.iter().any(|it| it.id == old.id));
    let back = serving.map_or_else(String::new, |old| {
        format!("; back with letopis-replay swap {} --to {}", model.name, old.id)
    });
    say(&format!("{}: generation {to} serves{back}", model.name))?;
    Ok(Outcome::Fine)
}

async fn arrive_and_swap(target: &Target, model: &Model, to: i64, serving: Option<i64>) -> Result<()> {
    if let Some(serving) = serving {
        loop {
            let all = status::all(&target.pool).await?;
            let position = |id| Standing::of(id, &all).map(|it| it.position.0);
            let incomplete = Standing::of(to, &all).is_none_or(|it| it.state != State::Following);
            let Some(ahead) = position(serving) else { break };
            if incomplete || position(to).is_none_or(|it| it + CLOSE >= ahead) {
                break;
            }
            sleep(LOOK).await;
        }
    }
    Ok(generation::swap(&target.pool, model, to).await?)
}

pub(in crate::cli) fn release(args: &ReleaseArgs) -> Result<Outcome> {
    let model = named(&args.name)?;
    block_on(async {
        let tables = args.reach.tables().await?;
        let released = generation::release(&tables.pool, &model)
            .await
            .context("nothing is removed")?;
        if released.is_empty() {
            bail!(
                "{} has no build to remove: all of them serve, are shown to analysts, are being built, or are the way back \
                 from tables that are gone",
                model.name
            );
        }
        let ids: Vec<String> = released.iter().map(ToString::to_string).collect();
        say(&format!("{}: removed generations {}", model.name, ids.join(", ")))?;
        Ok(Outcome::Fine)
    })
}
