//! `letopis import`: another system's history into this log, beside a running server or without one.

use std::{io::Write, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use channels::servicenow::{self, ImportOptions, Progress, Summary};
use clap::{Args, Subcommand};
use commands::{Clock, Handler, Sharing};
use event_store::EventLog;
use event_store_node::{Node, NodeConfig};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    config::{Config, Flags},
    embedded::DataDir,
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
    let handler = Handler::new(target.log.clone(), Clock::System, Sharing::Shared).await?;
    let bar = Bar::new();
    let imported = servicenow::import(&handler, &options, |it| bar.show(it)).await;
    bar.0.finish_and_clear();
    target.close().await?;
    tell(&imported?, &options)
}

fn rejects_of(file: &std::path::Path) -> PathBuf {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    PathBuf::from(format!("{name}.rejects.csv"))
}

/// The log to write to, and the node if this process had to start it.
struct Target {
    log: EventLog,
    node: Option<(Node, DataDir)>,
}

impl Target {
    /// The configured log; else the one of the server that runs on the data folder; else the folder's own node.
    async fn open(config: &Config) -> Result<Self> {
        if let Some(url) = &config.event_store_url {
            return Ok(Self {
                log: EventLog::new(url)?,
                node: None,
            });
        }
        if let Some(url) = DataDir::running_node(&config.data)? {
            return Ok(Self {
                log: EventLog::new(&url)?,
                node: None,
            });
        }
        let data = DataDir::open(&config.data)?;
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let node = Node::start(NodeConfig {
            data: data.log(),
            listen,
        })
        .await?;
        let url = node.connection_string();
        data.publish_node_url(&url)?;
        Ok(Self {
            log: EventLog::new(&url)?,
            node: Some((node, data)),
        })
    }

    async fn close(self) -> Result<()> {
        if let Some((node, _locked_until_now)) = self.node {
            node.stop().await?;
        }
        Ok(())
    }
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
