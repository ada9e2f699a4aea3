//! `letopis-replay verify`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use event_store::{SealCopy, SealFile, open_regular};
use replay_tools::{Problem, Report, Settings, Source, verify, verify_stream};
use serde_json::json;

use super::{Keys, Outcome, Place, bar, tell};

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    keys: Keys,
    /// Copy of the seals, best one kept elsewhere [default: seals.ndjson of the data folder]; when none of a sealed log
    /// is in it, that is exit code 1
    #[arg(long, value_name = "FILE")]
    seals: Option<PathBuf>,
    /// Look at the hash chain of this stream alone
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// How many problems to tell, the first of the log first
    #[arg(long, value_name = "N", default_value_t = 20)]
    problems: usize,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &VerifyArgs) -> Result<Outcome> {
    // Before the log: a running server copies a seal after it has appended it.
    let copies = copies(args)?;
    let source = args.place.source()?;
    if let Some(name) = &args.stream {
        return stream(&source, name, args.json);
    }
    let settings = Settings {
        keys: args.keys.load(&args.place)?,
        copies,
        problems: args.problems,
    };
    let bar = bar(source.head().unwrap_or_default());
    let report = verify(&source, &settings, &mut |position| bar.set_position(position))?;
    bar.finish_and_clear();
    let given = settings.copies.is_some();
    tell(args.json, &report, &in_words(&report, given))?;
    // Who names a copy relies on it; the folder's own may be younger than its first seal.
    let uncompared = args.seals.is_some() && report.seals > 0 && !report.compared_with_copy;
    Ok(if report.problem_count == 0 && !uncompared {
        Outcome::Fine
    } else {
        Outcome::Problem
    })
}

fn copies(args: &VerifyArgs) -> Result<Option<SealCopy>> {
    match (&args.seals, args.place.folder()) {
        (Some(path), _) => {
            let named = || format!("--seals {}: name a copy of seals.ndjson", path.display());
            open_regular(path).with_context(named)?;
            Ok(SealFile::new(path.clone()).read_copy()?)
        }
        (None, Some(folder)) => Ok(folder.seals().read_copy()?),
        (None, None) => Ok(None),
    }
}

fn stream(source: &Source, name: &str, json: bool) -> Result<Outcome> {
    let (events, problem) = verify_stream(source, name)?;
    let text = match &problem {
        None if events == 0 => format!("there is no stream {name}"),
        None => format!("{name}: {events} events, the hash chain is whole"),
        Some(problem) => in_a_line(problem),
    };
    tell(
        json,
        &json!({ "stream": name, "events": events, "problem": problem }),
        &text,
    )?;
    // A name mistyped, or a stream that is gone as a whole: neither proves anything.
    Ok(if problem.is_none() && events > 0 {
        Outcome::Fine
    } else {
        Outcome::Problem
    })
}

/// What was compared with the copy of the seals; `given`: there is one.
fn comparison(report: &Report, given: bool) -> String {
    let Report {
        seals,
        compared_seals,
        compared_up_to,
        ..
    } = report;
    let said = match (*seals, given) {
        (0, _) if *compared_seals == 0 => "nothing is sealed: an end that was cut off would not show".to_owned(),
        (_, false) => "no copy of the seals was given: an end cut off together with its seals would not show".to_owned(),
        (_, true) if !report.compared_with_copy => {
            "NOTHING WAS COMPARED with the copy of the seals, which has none that could be: an end cut off together with \
             its seals would not show"
                .to_owned()
        }
        (_, true) => format!("compared with {compared_seals} seals of the copy, up to position {compared_up_to}"),
    };
    match report.copy_cut_at_line {
        Some(line) => format!("{said}\nline {line} of the copy, its last, is cut: it was not compared"),
        None => said,
    }
}

fn in_words(report: &Report, given: bool) -> String {
    let mut lines = vec![
        format!(
            "{} events in {} streams, {} of them hash chains",
            report.events, report.streams, report.chains
        ),
        format!(
            "{} seals, up to position {}; not yet sealed: {}",
            report.seals, report.sealed_up_to, report.unsealed
        ),
    ];
    lines.push(comparison(report, given));
    lines.extend(report.problems.iter().map(in_a_line));
    let behind = if report.whole {
        ""
    } else {
        "; what lies behind was not looked at"
    };
    lines.push(match report.problem_count {
        0 => "everything fits".to_owned(),
        count => format!("{count} problems, the first {} told{behind}", report.problems.len()),
    });
    lines.join("\n")
}

fn in_a_line(problem: &Problem) -> String {
    match problem.position {
        Some(position) => format!("PROBLEM at position {position}: {}", problem.what),
        None => format!("PROBLEM: {}", problem.what),
    }
}
