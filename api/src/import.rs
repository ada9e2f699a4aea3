//! `letopis import`: another system's history into this log, beside a running server or without one.

use std::{io::Write, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use channels::servicenow::{self, ImportOptions, Progress, Summary};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    config::{Config, Flags},
    target::Target,
};

const BAR: &str = "{bar:30} {bytes}/{total_bytes} {msg} time left {eta}";
/// Redraws in a second.
const DRAWS: u8 = 4;

/// From which system, and what.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    source: Source,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// A `ServiceNow` incident log as CSV, one row for each update of an incident.
    ServicenowCsv(ServicenowArgs),
}

#[derive(Debug, Args)]
struct ServicenowArgs {
    /// The file.
    file: PathBuf,
    /// Where rows go that cannot be placed [default: ./NAME.rejects.csv].
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Incidents under way at a time.
    #[arg(long, default_value_t = ImportOptions::CONCURRENCY)]
    concurrency: usize,
    #[command(flatten)]
    flags: Flags,
}

/// Runs an import to its end and says what came of it.
///
/// # Errors
/// When the log or the file cannot be used; what was appended before stays, and a second run goes on.
pub async fn run(args: &ImportArgs) -> Result<()> {
    let Source::ServicenowCsv(args) = &args.source;
    let options = ImportOptions {
        file: args.file.clone(),
        rejects: args.rejects.clone().unwrap_or_else(|| rejects_of(&args.file)),
        concurrency: args.concurrency,
    };
    let target = Target::open(&Config::load(&args.flags)?).await?;
    let imported = import(&target, &options).await;
    target.close().await?;
    tell(&imported?, &options)
}

async fn import(target: &Target, options: &ImportOptions) -> Result<Summary> {
    target.check().await?;
    let handler = target.handler().await?;
    let bar = Bar::new();
    let imported = servicenow::import(&handler, options, |it| bar.show(it)).await;
    bar.0.finish_and_clear();
    Ok(imported?)
}

fn rejects_of(file: &std::path::Path) -> PathBuf {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    PathBuf::from(format!("{name}.rejects.csv"))
}

/// Bytes, rate in events and time left; nothing when nobody looks.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(DRAWS));
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn show(&self, progress: Progress) {
        let seconds = self.0.elapsed().max(Duration::from_millis(1)).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = progress.events as f64 / seconds;
        self.0.set_length(progress.bytes_total);
        self.0.set_position(progress.bytes_read);
        self.0
            .set_message(format!("{} incidents, {rate:.0} events/s,", progress.incidents));
    }
}

fn tell(summary: &Summary, options: &ImportOptions) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for note in &summary.notes {
        writeln!(out, "note: {note}")?;
    }
    writeln!(out, "{} rows, {} incidents", summary.rows, summary.incidents)?;
    writeln!(
        out,
        "{} imported, {} extended, {} there before, {} rejected; {} events appended",
        summary.imported, summary.extended, summary.already_there, summary.rejected_incidents, summary.events_appended
    )?;
    if summary.rejected_rows > 0 {
        writeln!(
            out,
            "{} rows rejected, see {}",
            summary.rejected_rows,
            options.rejects.display()
        )?;
    }
    out.flush().context("the summary cannot be written")
}
