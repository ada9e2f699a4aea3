//! `make bench`: what Letopis does in a second, beside what this machine can do at all.
//!
//! Every run measures every section, and each limit close to what is held against it, so that a ratio compares two
//! figures of one minute on one disk; the table shows medians over the runs. Postgres is the harness's cluster, the
//! event log the embedded node, and the load generator shares the cores with both.
//!
//! Settings from the environment: `BENCH_RUNS` (3), `BENCH_SECONDS` a measurement (4), `BENCH_CLIENTS` at a time
//! (`1,16,64`), `BENCH_ONLY`, some of `limits,log,proof,handler,graphql,reads,subscribers,lists,messages,audit,privacy,lag,import,projector`, and
//! `LETOPIS_SHARED_DATA` for the real incident log. The section `subscribers` needs 11,000 open files.

mod appends;
mod audience;
mod audit;
mod copy;
mod database;
mod disk;
mod fold;
mod graphql;
mod handler;
mod http;
mod import;
mod lag;
mod limits;
mod lists;
mod load;
mod log;
mod memory;
mod messages;
mod plain;
mod privacy;
mod projector;
mod proof;
mod reads;
mod report;
mod settings;
mod stack;
mod subscribers;
mod travel;
mod workload;

use std::env;

use anyhow::{Result, bail};
use tests::Cluster;

use crate::{
    import::{Incidents, import},
    limits::Limits,
    projector::{Logs, projector},
    report::{Report, progress, say},
    settings::{Section, Settings},
};

/// The programs' own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "bench: measures Letopis and tells it as a table; takes minutes and both cores

Settings come from the environment:
  BENCH_RUNS=3               how often everything is measured
  BENCH_SECONDS=4            length of a measurement
  BENCH_CLIENTS=1,16,64      clients at a time
  BENCH_ONLY=SECTION,...     some of limits,log,proof,handler,graphql,reads,subscribers,lists,messages,audit,privacy,lag,import,projector
  BENCH_TICKETS=25000,1000000  tickets among which lists are read
  BENCH_ENTRIES=5000000      entries of the audit
  LETOPIS_SHARED_DATA=DIR    where the real incident log is";

fn main() -> Result<()> {
    // This program is its own counterpart: see `plain`.
    let is_counterpart = match env::args().nth(1).as_deref() {
        None => false,
        Some(plain::ARGUMENT) => true,
        Some("--help" | "-h") => return say(USAGE),
        Some(other) => bail!("{other:?} is no argument: there are none but --help"),
    };
    api::open_files::raise_limit();
    tests::run(async {
        if is_counterpart {
            return plain::serve().await;
        }
        let settings = Settings::read()?;
        Cluster::shared().await?.be_as_served().await?;
        let mut report = Report::default();
        let measured = measure(&settings, &mut report).await;
        // What was measured before a failure took long to come by.
        report.print()?;
        measured
    })
}

async fn measure(settings: &Settings, report: &mut Report) -> Result<()> {
    let incidents = Incidents::find()?;
    report.note(incidents.says());
    let wants = |section| settings.sections.contains(&section);
    let logs = if wants(Section::Projector) {
        Some(Logs::make().await?)
    } else {
        None
    };
    for run in 1..=settings.runs {
        progress(&format!("run {run} of {}", settings.runs));
        let mut limits = Limits::new(settings.window, report);
        if wants(Section::Log) {
            log::measure(settings, &mut limits).await?;
        }
        if wants(Section::Proof) {
            proof::measure(&mut limits).await?;
        }
        if wants(Section::Handler) {
            handler::measure(settings, &mut limits).await?;
        }
        if wants(Section::Graphql) {
            graphql::measure(settings, &mut limits).await?;
        }
        if wants(Section::Reads) {
            reads::measure(settings, &mut limits).await?;
        }
        if wants(Section::Subscribers) {
            subscribers::measure(&mut limits).await?;
        }
        if wants(Section::Lists) {
            lists::measure(settings, &mut limits).await?;
        }
        if wants(Section::Messages) {
            messages::measure(settings, &mut limits).await?;
        }
        if wants(Section::Audit) {
            audit::measure(settings, &mut limits).await?;
        }
        if wants(Section::Privacy) {
            privacy::measure(settings, &mut limits).await?;
        }
        if wants(Section::Lag) {
            lag::measure(settings, &mut limits).await?;
        }
        if wants(Section::Limits) {
            limits.all(settings).await?;
        }
        if wants(Section::Import) {
            import(&incidents, &mut limits).await?.stack.stop().await?;
        }
        if let Some(logs) = &logs {
            projector(logs, &mut limits).await?;
        }
    }
    if let Some(logs) = logs {
        logs.stop().await?;
    }
    Ok(())
}
