//! `letopis-replay what-if`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use domain::what_if::{Definition, MOST_NAMED, Report};
use indicatif::ProgressBar;
use projections::what_if::{Replay, schema};
use replay_tools::what_if::{definition, in_words};
use serde_json::json;
use uuid::Uuid;

use super::{
    Outcome, bar,
    models::{
        block_on,
        decision::now,
        reach::{Reach, Target},
    },
    stop::Stop,
    tell,
};

const EXAMPLES: &str = r#"Examples:
  letopis-replay what-if rules.toml --data data
  letopis-replay what-if rules.toml --data data --top 50 --json | jq .metrics

A file (everything but `from` may be left out; without `until` the period ends now):
  from = 2026-03-01T00:00:00Z
  until = 2026-04-01T00:00:00Z
  [priority]                     # which points mean which priority
  medium_from = 10
  high_from = 20
  urgent_from = 50
  [[rules]]                      # all rules, in the place of those of the time
  name = { en = "Money" }
  words = ["refund", "charged twice"]
  category_key = "payment"
  points = 25
  [[categories]]                 # in use, or out of it, throughout
  key = "payment"
  retired = false
  [classifier]                   # or: off = true
  version = 2
  threshold = 0.8

Exit code: 0 when it was told, 2 when it could not be, 130 when it was interrupted."#;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct WhatIfArgs {
    /// What is to be tried (TOML)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many of the tickets that differ most are named, at most 100
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST_NAMED)))]
    top: u32,
    /// Leave the tables from which the figures were counted, in a schema of their own, whose name is told
    #[arg(long)]
    keep: bool,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

pub(super) fn run(args: &WhatIfArgs) -> Result<Outcome> {
    let now = now();
    let named = || format!("{}", args.file.display());
    let definition = definition(&args.file, now).with_context(named)?;
    let stop = Stop::listen()?;
    let bar = bar(1000);
    // No two programs have the same process id in the same nanosecond of one machine.
    let name = format!("{} {}", now.to_rfc3339(), std::process::id());
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
    let report = block_on(async {
        let target = args.reach.target().await?;
        let report = replay(&target, &definition, (id, args), &stop, &bar).await;
        target.close().await?;
        report
    });
    bar.finish_and_clear();
    let Some(report) = report? else {
        return Ok(Outcome::Interrupted);
    };
    let kept = args.keep.then(|| schema(id));
    let rows = kept.as_ref().map(|schema| {
        format!(
            "

the rows are in table {schema}.outcome: drop the schema when you have looked"
        )
    });
    let text = in_words(&report) + &rows.unwrap_or_default();
    let mut machine = serde_json::to_value(&report)?;
    machine["from"] = json!(definition.from);
    machine["until"] = json!(definition.until);
    machine["schema"] = json!(kept);
    tell(args.json, &machine, &text)?;
    Ok(Outcome::Fine)
}

/// `None` when somebody asked to stop.
async fn replay(
    target: &Target,
    definition: &Definition,
    (id, args): (Uuid, &WhatIfArgs),
    stop: &Stop,
    bar: &ProgressBar,
) -> Result<Option<Report>> {
    let mut replay = Replay::begin(&target.log, &target.vault, definition.clone()).await?;
    while let Some(thousandths) = replay.step().await? {
        bar.set_position(thousandths.into());
        if stop.token().is_cancelled() {
            return Ok(None);
        }
    }
    Ok(Some(replay.finish(&target.pool, id, args.top, args.keep).await?))
}
