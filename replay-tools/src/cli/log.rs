//! `letopis-replay log`: what the embedded node's files say of themselves.

use std::path::PathBuf;

use anyhow::Result;
use chrono::DateTime;
use clap::{Args, Subcommand};
use event_store_node::{
    NodeError,
    offline::{self, Count, Report, Stats, Verified},
};
use indicatif::ProgressBar;
use replay_tools::Folder;
use serde_json::{Map, Value, json};

use super::{Outcome, bar, tell};

#[derive(Debug, Subcommand)]
pub(super) enum LogCommand {
    /// Check every event's checksum, gaps, indexes, and that the log reaches its acknowledged end
    Verify(Files),
    /// Count events and bytes by type and by category
    Stats(Files),
    /// Copy the log as it is at one moment, also under a running server, and check the copy
    ///
    /// The copy opens as the `log` folder of a data folder. Keys and seals.ndjson are not in it: copy them to another
    /// place than the log.
    Backup {
        #[command(flatten)]
        files: Files,
        /// Empty or new folder for the copy
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct Files {
    /// Data folder of Letopis, or of a node alone
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
}

impl Files {
    fn log(&self) -> PathBuf {
        Folder::new(&self.data).log().to_owned()
    }
}

/// Damaged events told at most.
const FAULTS: usize = 20;

pub(super) fn run(command: &LogCommand) -> Result<Outcome> {
    let bar = bar(0);
    let (files, answer) = match command {
        LogCommand::Verify(files) => (
            files,
            offline::examine(&files.log(), FAULTS, &mut moving(&bar)).map(examined),
        ),
        LogCommand::Stats(files) => (
            files,
            offline::stats(&files.log()).map(|it| without_faults(counted(&it))),
        ),
        LogCommand::Backup { files, to } => (
            files,
            offline::backup(&files.log(), to, &mut moving(&bar)).map(|it| without_faults(checked(&it))),
        ),
    };
    bar.finish_and_clear();
    let (faults, answer) = match answer {
        Ok((faults, answer, text)) if faults.is_empty() => {
            tell(files.json, &answer, &text)?;
            return Ok(Outcome::Fine);
        }
        Ok((faults, answer, _)) => (faults, answer),
        Err(fault) if is_of_the_log(&fault) => (vec![fault], json!({})),
        Err(fault) => return Err(fault.into()),
    };
    tell_faults(files.json, &faults, answer)?;
    Ok(Outcome::Problem)
}

/// Faults of the log, the answer in JSON, the same in words.
type Answer = (Vec<NodeError>, Value, String);

fn without_faults((answer, text): (Value, String)) -> Answer {
    (Vec::new(), answer, text)
}

fn examined(Verified { report, faults }: Verified) -> Answer {
    let (answer, text) = checked(&report);
    (faults, answer, text)
}

/// Whether the log itself is at fault, and not the question.
fn is_of_the_log(fault: &NodeError) -> bool {
    matches!(
        fault,
        NodeError::Damaged { .. }
            | NodeError::Behind { .. }
            | NodeError::MarkerMissing { .. }
            | NodeError::MarkerDamaged { .. }
            | NodeError::Empty { .. }
    )
}

fn tell_faults(json: bool, faults: &[NodeError], mut answer: Value) -> Result<()> {
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    answer["problem"] = said.first().cloned().into();
    answer["problems"] = json!(said);
    let lines: Vec<String> = said.iter().map(|it| format!("PROBLEM: {it}")).collect();
    tell(json, &answer, &lines.join("\n"))
}

fn moving(bar: &ProgressBar) -> impl FnMut(u64, u64) {
    |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    }
}

fn checked(report: &Report) -> (Value, String) {
    let Report {
        events,
        streams,
        bytes,
        head,
        acknowledged,
        format,
    } = *report;
    let answer = json!({
        "events": events, "streams": streams, "bytes": bytes, "head": head, "acknowledged": acknowledged,
        "format": format,
    });
    let known = acknowledged.map_or_else(|| "unknown".to_owned(), |it| it.to_string());
    let text = format!(
        "{events} events in {streams} streams, {bytes} bytes, format {format}\nhead at position {head}, acknowledged up to \
         {known}\neverything fits"
    );
    (answer, text)
}

fn counted(stats: &Stats) -> (Value, String) {
    let instant = |at: Option<i64>| {
        at.and_then(|it| DateTime::from_timestamp_micros(it / 10))
            .map(|it| it.to_rfc3339())
    };
    let (first, last) = (instant(stats.first_created), instant(stats.last_created));
    let mut lines = vec![format!(
        "{} events in {} streams, format {}\nfrom {} to {}\n{} bytes in events.db, {} in its write-ahead log",
        stats.events,
        stats.streams,
        stats.format,
        first.as_deref().unwrap_or("-"),
        last.as_deref().unwrap_or("-"),
        stats.files.data,
        stats.files.write_ahead
    )];
    let mut tables = Map::new();
    for (name, counts) in [("types", &stats.types), ("categories", &stats.categories)] {
        lines.push(format!("\n{:>12} {:>14}  {name}", "events", "bytes"));
        let mut table = Map::new();
        for (key, Count { events, bytes }) in counts {
            lines.push(format!("{events:>12} {bytes:>14}  {key}"));
            table.insert(key.to_string(), json!({ "events": events, "bytes": bytes }));
        }
        tables.insert(name.to_owned(), Value::Object(table));
    }
    let answer = json!({
        "events": stats.events, "streams": stats.streams, "format": stats.format, "first": first, "last": last,
        "bytes": stats.files.data, "write_ahead_bytes": stats.files.write_ahead,
        "types": tables.get("types"), "categories": tables.get("categories"),
    });
    (answer, lines.join("\n"))
}
