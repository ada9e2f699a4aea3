//! `letopis-replay projections`: how each part of each build is doing.

use anyhow::Result;
use clap::Args;
use projections::status::{self, Status};
use serde_json::{Value, json};

use super::{Reach, block_on};
use crate::cli::{Outcome, tell};

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

pub(in crate::cli) fn run(args: &StatusArgs) -> Result<Outcome> {
    let all = block_on(async {
        let tables = args.reach.tables().await?;
        Ok(status::all(&tables.pool).await?)
    })?;
    let machine: Vec<Value> = all.iter().map(for_machines).collect();
    tell(args.json, &machine, &table(&all))?;
    Ok(Outcome::Fine)
}

fn for_machines(it: &Status) -> Value {
    json!({
        "model": it.model, "version": it.version, "generation": it.generation, "state": it.state.as_str(),
        "serving": it.serving, "current": it.current, "part": it.partition, "parts": it.partitions,
        "position": it.position.0, "goal": it.goal.0, "head": it.head.0, "behind": it.behind(), "events": it.events,
        "lag_s": it.lag_s, "rate": it.rate, "fault": it.fault, "worker": it.worker,
        "parked_streams": it.parked_streams, "parked_events": it.parked_events,
    })
}

const HEADINGS: [&str; 13] = [
    "MODEL",
    "VERSION",
    "GENERATION",
    "STATE",
    "SERVING",
    "CURRENT",
    "PART",
    "POSITION",
    "BEHIND",
    "LAG",
    "RATE",
    "PARKED",
    "WORKER",
];

fn table(all: &[Status]) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(all.iter().map(row));
    let mut text = aligned(&rows);
    for it in all {
        if let Some(fault) = &it.fault {
            let line = format!("\n{} generation {} does not move: {fault}", it.model, it.generation);
            text.push_str(&line);
        }
    }
    text
}

fn row(it: &Status) -> [String; 13] {
    let yes = |is: bool| if is { "yes" } else { "-" }.to_owned();
    [
        it.model.clone(),
        it.version.to_string(),
        it.generation.to_string(),
        it.state.as_str().to_owned(),
        yes(it.serving),
        yes(it.current),
        format!("{}/{}", it.partition + 1, it.partitions),
        it.position.to_string(),
        it.behind().to_string(),
        format!("{:.1} s", it.lag_s),
        format!("{:.0}/s", it.rate),
        format!("{} in {}", it.parked_events, it.parked_streams),
        it.worker.clone().unwrap_or_else(|| "nobody".to_owned()),
    ]
}

/// Columns as wide as their widest cell.
pub(super) fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
