//! `letopis-replay export`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use replay_tools::evidence::export;

use super::{
    Keys, Outcome, Place,
    events::{self, EventsArgs},
    tell,
};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    keys: Keys,
    /// Ticket to give evidence of: its number, its uuid, or its id in the API
    #[arg(long, value_name = "TICKET", required = true)]
    evidence: Option<String>,
    /// Empty or new folder for the package
    #[arg(long, value_name = "DIR", required = true)]
    out: Option<PathBuf>,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    other: Option<Other>,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Write events to a file: lines of JSON that can be imported into another log, or a table for analysis
    Events(Box<EventsArgs>),
}

pub(super) fn run(args: &ExportArgs) -> Result<Outcome> {
    match (&args.other, &args.evidence, &args.out) {
        (Some(Other::Events(args)), ..) => events::run(args),
        (None, Some(ticket), Some(out)) => evidence(args, ticket, out),
        (None, ..) => bail!("say what to export: --evidence TICKET --out DIR, or the command events"),
    }
}

fn evidence(args: &ExportArgs, ticket: &str, out: &Path) -> Result<Outcome> {
    let source = args.place.source()?;
    let keys = args.keys.load(&args.place)?;
    let package = export(&source, &keys, ticket, out)?;
    let mut text = format!(
        "{}: {} sealed events of ticket {}\nread INSTRUCTIONS.md there, check with: bash {}",
        package.folder.display(),
        package.proven,
        package.ticket,
        package.folder.join("verify.sh").display()
    );
    if package.unsealed > 0 {
        text = format!(
            "{text}\n{} events are not yet sealed: run again after the next seal",
            package.unsealed
        );
    }
    tell(args.json, &package, &text)?;
    Ok(Outcome::Fine)
}
