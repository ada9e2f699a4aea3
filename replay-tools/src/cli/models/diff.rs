//! `letopis-replay diff`: rebuilds into a scratch schema and compares with what serves, row for row.

use anyhow::{Context, Result, bail};
use clap::Args;
use projections::{
    Model, ProjectError,
    generation::{self, GenerationError, Scratch},
    status,
};
use replay_tools::diff::{self, DiffError, Report};
use serde_json::{Value, json};

use super::{
    ALL, Reach, Target, block_on, chosen, interrupted,
    rebuild::say,
    watch::{Hand, Standing, watch},
};
use crate::cli::{Outcome, tell};

/// Rows of a model that are told in full.
const TOLD: usize = 10;

#[derive(Debug, Args)]
pub(in crate::cli) struct DiffArgs {
    /// Read model, or `all`
    #[arg(value_name = "NAME", default_value = ALL)]
    name: String,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

pub(in crate::cli) fn run(args: &DiffArgs) -> Result<Outcome> {
    let models = chosen(&args.name)?;
    let reports = block_on(async {
        let target = args.reach.target().await?;
        let reports = all(&target, &models).await;
        target.close().await?;
        reports
    })?;
    let Some(reports) = reports else {
        say("interrupted; what was rebuilt for the comparison is removed")?;
        return Ok(Outcome::Interrupted);
    };
    let machine: Vec<Value> = reports
        .iter()
        .map(|(model, report)| json!({ "model": model.name, "equal": report.is_equal(), "report": report }))
        .collect();
    let text: Vec<String> = reports.iter().map(|(model, report)| in_words(model, report)).collect();
    tell(args.json, &machine, &text.join("\n"))?;
    Ok(if reports.iter().all(|(_, it)| it.is_equal()) {
        Outcome::Fine
    } else {
        Outcome::Problem
    })
}

fn in_words(model: &Model, report: &Report) -> String {
    let (name, position) = (model.name, report.position);
    let said = if report.is_equal() { "equal" } else { "DIFFERENT" };
    format!("{name} at position {position}: live and rebuilt are {said}\n{report}")
        .trim_end()
        .to_owned()
}

/// `None` when somebody asked to stop.
async fn all(target: &Target, models: &[Model]) -> Result<Option<Vec<(Model, Report)>>> {
    let mut reports = Vec::new();
    for model in models {
        match one(target, model).await? {
            Some(report) => reports.push((*model, report)),
            None => return Ok(None),
        }
    }
    Ok(Some(reports))
}

async fn one(target: &Target, model: &Model) -> Result<Option<Report>> {
    let (live, held) = begin(target, model).await?;
    let scratch = held.id();
    let mut hand = Hand::on(target, model, scratch);
    // One that serves follows the log only while somebody keeps it.
    let live_hand = Hand::on(target, model, live);
    let compared = tokio::select! {
        compared = fill_and_compare(target, model, (live, scratch)) => compared.map(Some),
        error = hand.fails() => return Err(remove(target, model, scratch).await.err().unwrap_or(error)),
        asked = interrupted() => asked.map(|()| None),
    };
    let ended = hand.end().await.and(live_hand.end().await);
    let removed = remove(target, model, scratch).await;
    // What went wrong first is told first.
    let report = match (compared, &removed) {
        (Err(error), Err(left)) => return Err(anyhow::anyhow!("{error:#}; and {left:#}")),
        (compared, _) => compared?,
    };
    removed.and(ended)?;
    Ok(report)
}

/// The build that serves, and a new one to compare it with.
async fn begin(target: &Target, model: &Model) -> Result<(i64, Scratch)> {
    let (name, version) = (model.name, model.version);
    let all = generation::all(&target.pool).await?;
    let live = all
        .iter()
        .find(|it| it.serving && it.model == name && it.version == version);
    let Some(live) = live else {
        bail!("no build of {name} version {version} serves: there is nothing to compare with");
    };
    let head = target.log.head().await?;
    match generation::begin_scratch(&target.pool, model, head).await {
        Err(ProjectError::Generation(error @ GenerationError::Building { .. })) => {
            bail!("{error}: compare when that is complete")
        }
        begun => Ok((live.id, begun?)),
    }
}

async fn remove(target: &Target, model: &Model, scratch: i64) -> Result<()> {
    let name = model.name;
    generation::discard(&target.pool, scratch).await.with_context(|| {
        format!("generation {scratch} of {name} is left: a server removes it, or the next letopis-replay diff {name}")
    })?;
    Ok(())
}

async fn fill_and_compare(target: &Target, model: &Model, (live, scratch): (i64, i64)) -> Result<Report> {
    watch(&target.pool, model, scratch, false).await?;
    let report = diff::builds(&target.pool, &target.log, model, (live, scratch), TOLD).await;
    if let Err(DiffError::Restless { .. }) = report
        && let Some(fault) = Standing::of(live, &status::all(&target.pool).await?).and_then(|it| it.fault)
    {
        let name = model.name;
        bail!(
            "generation {live} of {name}, which serves, does not move: {fault}; letopis-replay rebuild {name} mends it"
        );
    }
    Ok(report?)
}
