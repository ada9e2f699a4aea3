//! `letopis-replay export`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use replay_tools::evidence::export;

use super::{Keys, Outcome, Place, tell};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    keys: Keys,
    /// Ticket to give evidence of: its number, its uuid, or its id in the API
    #[arg(long, value_name = "TICKET")]
    evidence: String,
    /// Empty or new folder for the package
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ExportArgs) -> Result<Outcome> {
    let source = args.place.source()?;
    let keys = args.keys.load(&args.place)?;
    let package = export(&source, &keys, &args.evidence, &args.out)?;
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
