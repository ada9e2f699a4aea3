//! `letopis-replay export events`.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use replay_tools::{
    Scope, Source,
    export::{Exported, to_file, to_stream, to_table},
};

use super::{
    Outcome, Place, bar,
    filters::{What, When},
    stop::Stop,
    tell,
};

const EXAMPLES: &str = "Examples:
  letopis-replay export events --data data --out log.ndjson             the whole log, to be imported elsewhere
  letopis-replay export events --data data --out log.ndjson --resume    go on with it, also after a crash, or with
                                                                        what has come since
  letopis-replay export events --data data --out march.parquet --from 2026-03-01 --to 2026-04-01 --types ticket.
  letopis-replay export events --data data --ticket 4711 --out - | jq .type

The lines hold everything: position, stream, revision, id, type, metadata and payload byte for byte, each line with a
checksum; the last line counts them. Personal data stays sealed. A table has the same and the columns decided and actor.
Exit code: 0 when everything asked for is written, 2 when it could not be, 130 when it was interrupted.";

/// The word for standard output.
const STANDARD_OUTPUT: &str = "-";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct EventsArgs {
    #[command(flatten)]
    place: Place,
    /// File to make, or `-` for standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Lines of JSON, which can be imported, or a table [default: by the file's name]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Go on behind the last whole line of a file that is there; it must be of this log and of the same filters
    #[arg(long)]
    resume: bool,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    when: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Newline-delimited JSON
    Ndjson,
    /// Apache Parquet
    Parquet,
}

impl EventsArgs {
    fn is_standard_output(&self) -> bool {
        self.out.as_os_str() == STANDARD_OUTPUT
    }

    fn format(&self) -> Result<Format> {
        let by_name = if self.out.extension().is_some_and(|it| it == "parquet") {
            Format::Parquet
        } else {
            Format::Ndjson
        };
        let format = self.format.unwrap_or(by_name);
        if format == Format::Parquet && self.is_standard_output() {
            bail!("--format parquet needs a file: --out - takes lines");
        }
        if format == Format::Parquet && self.resume {
            bail!("--resume goes on with lines (--format ndjson): a table is written anew");
        }
        if self.resume && self.is_standard_output() {
            bail!("--resume needs the file to go on with: give its name to --out");
        }
        Ok(format)
    }
}

pub(super) fn run(args: &EventsArgs) -> Result<Outcome> {
    let format = args.format()?;
    let source = args.place.source()?;
    let scope = args.what.within(&args.when, &source)?;
    let stop = Stop::listen()?;
    let bar = if args.is_standard_output() && std::io::stdout().is_terminal() {
        ProgressBar::hidden()
    } else {
        bar(source.head().unwrap_or_default())
    };
    let exported = write(args, format, &source, &scope, (&stop, &bar));
    bar.finish_and_clear();
    let exported = exported?;
    let text = in_words(&exported, &args.out);
    if args.is_standard_output() {
        let line = if args.json {
            serde_json::to_string(&exported)?
        } else {
            text
        };
        // Standard error may be closed, then nobody reads it.
        drop(writeln!(std::io::stderr(), "{line}"));
    } else {
        tell(args.json, &exported, &text)?;
    }
    Ok(if exported.complete {
        Outcome::Fine
    } else {
        Outcome::Interrupted
    })
}

fn write(
    args: &EventsArgs,
    format: Format,
    source: &Source,
    scope: &Scope,
    (stop, bar): (&Stop, &ProgressBar),
) -> Result<Exported> {
    let watch = &mut stop.watch(bar);
    Ok(match format {
        Format::Ndjson if args.is_standard_output() => to_stream(source, scope, &mut std::io::stdout().lock(), watch)?,
        Format::Ndjson => to_file(source, scope, &args.out, args.resume, watch)?,
        Format::Parquet => to_table(source, scope, &args.out, watch)?,
    })
}

fn in_words(exported: &Exported, out: &Path) -> String {
    let Exported {
        events,
        written,
        position,
        bytes,
        ..
    } = exported;
    let mut lines = Vec::new();
    if let Some(line) = exported.cut_line {
        lines.push(format!("line {line}, the last, was torn: it was cut off"));
    }
    if let Some(after) = exported.resumed_after {
        lines.push(format!("gone on behind position {after} with {written} events"));
    }
    let name = out.display();
    lines.push(format!(
        "{name}: {events} events up to position {position}, {bytes} bytes"
    ));
    if !exported.complete {
        lines.push("interrupted: it is not complete; lines can be gone on with by --resume".to_owned());
    }
    lines.join("\n")
}
