//! `letopis-replay import`.

use std::{fs, path::PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use replay_tools::import::{Imported, Seals, Target, import};

use super::{Outcome, bar, stop::Stop, tell};

const EXAMPLES: &str = "Examples:
  letopis-replay export events --data old --out log.ndjson
  letopis-replay import log.ndjson --data new            then: letopis-replay verify --data new --public-key old/keys/…
  letopis-replay import log.ndjson --url 'esdb://host:2113?tls=false' --seals drop

The whole file is checked first: form, checksums, revisions, hash chains, its end. Only then anything is written, and only
into an empty log. Broken off, the same command goes on, as long as the log holds nothing but the beginning of the file.

Kept: ids, types, bytes, streams, revisions, order; so hash chains and the instants of decisions too. A folder also keeps
when the old log took each event, and the positions when the file has them from 1 on without gaps, so that seals verify.
A server gives positions of its own and takes everything now: the seals in the file no longer fit there.
Not in the file: keys, the vault, files, seals.ndjson. Copy them before Letopis is started on the new log.
Exit code: 0 when everything is there, 2 when it was refused or failed, 130 when it was interrupted.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ImportArgs {
    /// Lines of `export events`, of a whole log or of its beginning (--to)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    goal: Goal,
    /// What becomes of seals when positions change; without it such an import is refused when there are seals
    #[arg(long, value_enum, value_name = "WHAT")]
    seals: Option<Choice>,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Goal {
    /// Data folder for a new log, which is made in DIR/log; no server may run on it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Server with an empty log, such as `esdb://host:2113?tls=false`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// Take them along: `verify` will say that they do not fit
    Keep,
    /// Leave them out: the new log is sealed anew from its beginning
    Drop,
}

pub(super) fn run(args: &ImportArgs) -> Result<Outcome> {
    let target = match (&args.goal.data, &args.goal.url) {
        (Some(data), _) => Target::folder(data),
        (None, url) => Target::server(url.as_deref().unwrap_or_default())?,
    };
    let seals = args.seals.map(|it| match it {
        Choice::Keep => Seals::Keep,
        Choice::Drop => Seals::Drop,
    });
    let stop = Stop::listen()?;
    // In bytes of the file: once to check it, once to write.
    let bar = bar(fs::metadata(&args.file).map_or(0, |it| it.len()));
    let imported = import(&args.file, &target, seals, &mut stop.watch(&bar));
    bar.finish_and_clear();
    let imported = imported?;
    tell(args.json, &imported, &in_words(&imported, &target))?;
    Ok(if imported.complete {
        Outcome::Fine
    } else {
        Outcome::Interrupted
    })
}

fn in_words(imported: &Imported, target: &Target) -> String {
    let Imported {
        events,
        written,
        streams,
        chains,
        seals,
        ..
    } = imported;
    let mut lines = Vec::new();
    if imported.complete {
        let before = events - written;
        lines.push(format!(
            "{target} has all {events} events: {written} written now, {before} there before"
        ));
        lines.push(format!("{streams} streams, {chains} of them hash chains, which fit"));
    } else {
        lines.push(format!(
            "interrupted: {written} events were written; the same command goes on"
        ));
    }
    if let Some((there, here)) = imported.moved {
        lines.push(format!("positions are others: what was at {there} is at {here}"));
    }
    if imported.seals_dropped {
        lines.push(format!(
            "{seals} seals were left out: keep the file and seals.ndjson as proof of the time before"
        ));
    } else if imported.moved.is_some() && *seals > 0 {
        lines.push(format!(
            "{seals} seals vouch for other positions: `verify` will say that they do not fit"
        ));
    }
    if imported.store_events > 0 {
        lines.push(format!(
            "{} events of the store itself were left out",
            imported.store_events
        ));
    }
    if imported.complete && !imported.recorded_kept {
        lines.push("the log says that it took them now; when they were decided is kept".to_owned());
    }
    lines.join("\n")
}
