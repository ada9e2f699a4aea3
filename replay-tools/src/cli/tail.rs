//! `letopis-replay tail`.

use std::{io::Write, ops::ControlFlow};

use anyhow::Result;
use clap::Args;
use event_store::Raw;
use replay_tools::{follow, inspect, newest};

use super::{
    Outcome, Place,
    filters::What,
    put,
    shown::{Look, Style},
    stop::Stop,
    told::{as_json, line},
};

const EXAMPLES: &str = "Examples:
  letopis-replay tail --data data                        the newest ten events
  letopis-replay tail -f --data data --types ticket.     what happens to tickets, as it happens; Ctrl-C ends it
  letopis-replay tail -n 100 --ticket 4711 --url 'esdb://host:2113?tls=false' --json

Exit code: 0 when all is told, 2 when the log cannot be read, 130 when it was ended by Ctrl-C.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TailArgs {
    #[command(flatten)]
    place: Place,
    /// How many of the newest events
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    lines: usize,
    /// Go on with what comes
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    look: Look,
    /// One line of JSON for each event
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    what: What,
}

pub(super) fn run(args: &TailArgs) -> Result<Outcome> {
    let source = args.place.source()?;
    let scope = args.what.scope(&source)?;
    let style = args.look.style();
    let mut out = std::io::stdout().lock();
    let (events, after) = newest(&source, &scope, args.lines)?;
    let stop = Stop::listen()?;
    for raw in events {
        if !say(&mut out, raw, style, args.json)? {
            return Ok(Outcome::Fine);
        }
    }
    if !args.follow {
        return Ok(Outcome::Fine);
    }
    // Nobody reads any more, or it cannot be written.
    let mut ended = Ok(true);
    follow(&source, &scope, after, stop.token(), &mut |event| {
        ended = say(&mut out, event.to_raw(), style, args.json);
        if matches!(ended, Ok(true)) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(if ended? { Outcome::Interrupted } else { Outcome::Fine })
}

/// Writes a line; whether somebody still reads.
fn say(out: &mut impl Write, raw: Raw, style: Style, json: bool) -> Result<bool> {
    let events = [raw];
    for told in inspect::tell(&events, &[]) {
        let text = if json {
            as_json(&told, style).to_string()
        } else {
            line(&told, style)
        };
        if !put(out, &format!("{text}\n"))? {
            return Ok(false);
        }
    }
    Ok(true)
}
