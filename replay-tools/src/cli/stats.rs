//! `letopis-replay stats`.

use std::{collections::BTreeMap, fmt::Display};

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use replay_tools::stats::{Count, Stats, Step, Time, stats};

use super::{
    Outcome, Place, bar,
    filters::{What, When},
    shown::plain,
    stop::Stop,
    tell,
};

const EXAMPLES: &str = "Examples:
  letopis-replay stats --data data                             everything, by type, category and hour
  letopis-replay stats --data data --by day --types ticket.opened --time decided
  letopis-replay stats --url 'esdb://host:2113?tls=false' --from 2026-03-01 --json | jq .times

Exit code: 0 when it was counted, 2 when it could not be, 130 when it was interrupted.";

/// Rows of a table of times, the newest; JSON has all of them.
const TIMES: usize = 48;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StatsArgs {
    #[command(flatten)]
    place: Place,
    /// How time is divided (UTC)
    #[arg(long, value_enum, value_name = "STEP", default_value = "hour")]
    by: By,
    /// Which time counts
    #[arg(long, value_enum, value_name = "TIME", default_value = "recorded")]
    time: Which,
    /// How many of the longest streams are named
    #[arg(long, value_name = "N", default_value_t = 10)]
    longest: usize,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    when: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Hour,
    Day,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// When the log took an event
    Recorded,
    /// When it was decided; of an imported history, when it happened there
    Decided,
}

pub(super) fn run(args: &StatsArgs) -> Result<Outcome> {
    let source = args.place.source()?;
    let scope = args.what.within(&args.when, &source)?;
    let by = match args.by {
        By::Hour => Step::Hour,
        By::Day => Step::Day,
    };
    let time = match args.time {
        Which::Recorded => Time::Recorded,
        Which::Decided => Time::Decided,
    };
    let stop = Stop::listen()?;
    let bar = bar(source.head().unwrap_or_default());
    let counted = stats(&source, &scope, (by, time), args.longest, &mut stop.watch(&bar));
    bar.finish_and_clear();
    let counted = counted?;
    tell(args.json, &counted, &in_words(&counted, by))?;
    Ok(if counted.complete {
        Outcome::Fine
    } else {
        Outcome::Interrupted
    })
}

fn in_words(stats: &Stats, step: Step) -> String {
    let instant = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), |it| it.to_rfc3339());
    let position = |at: Option<u64>| at.map_or_else(|| "-".to_owned(), |it| it.to_string());
    let Count { events, bytes } = stats.total;
    let mut lines = vec![
        format!(
            "{events} events in {} streams, {bytes} bytes of payload and metadata",
            stats.streams
        ),
        format!(
            "positions {} to {}",
            position(stats.first_position),
            position(stats.last_position)
        ),
        format!("from {} to {}", instant(stats.first), instant(stats.last)),
    ];
    if stats.timeless > 0 {
        lines.push(format!("{} events do not say when they were decided", stats.timeless));
    }
    if !stats.complete {
        lines.push("interrupted: only these were counted".to_owned());
    }
    table(&mut lines, "types", largest(&stats.types));
    table(&mut lines, "categories", largest(&stats.categories));
    let (name, form) = match step {
        Step::Hour => ("hours (UTC)", "%Y-%m-%d %H:00"),
        Step::Day => ("days (UTC)", "%Y-%m-%d"),
    };
    let hidden = stats.times.len().saturating_sub(TIMES);
    let shown = stats
        .times
        .iter()
        .skip(hidden)
        .map(|(at, count)| (at.format(form), *count));
    table(&mut lines, name, shown);
    if hidden > 0 {
        lines.push(format!(
            "{hidden} earlier ones are not shown: ask for --by day, --from, or --json"
        ));
    }
    lines.push(format!("\n{:>12}  longest streams", "events"));
    lines.extend(
        stats
            .longest
            .iter()
            .map(|it| format!("{:>12}  {}", it.events, plain(&it.stream))),
    );
    lines.join("\n")
}

/// The most events first.
fn largest(counts: &BTreeMap<String, Count>) -> Vec<(String, Count)> {
    let mut all: Vec<_> = counts.iter().map(|(name, count)| (plain(name), *count)).collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(count.events));
    all
}

fn table(lines: &mut Vec<String>, name: &str, rows: impl IntoIterator<Item = (impl Display, Count)>) {
    lines.push(format!("\n{:>12} {:>14}  {name}", "events", "bytes"));
    let row = |(key, Count { events, bytes })| format!("{events:>12} {bytes:>14}  {key}");
    lines.extend(rows.into_iter().map(row));
}
