//! The command line.

mod check;
mod decode_check;
mod events;
mod export;
mod filters;
mod import;
mod inspect;
mod log;
mod models;
mod shown;
mod stats;
mod stop;
mod tail;
mod told;
mod verify_evidence;
mod what_if;

use std::{
    io::{ErrorKind, IsTerminal, Write},
    path::PathBuf,
};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use event_store::PublicKey;
use indicatif::{ProgressBar, ProgressStyle};
use replay_tools::{Folder, Source};
use serde::Serialize;

/// Proof and care of a Letopis log, with or without its server; ways to look into it and to move it; and care of the read
/// models that are made of it.
///
/// Only `import`, `erase`, `parked retry` and `parked skip` write to a log. Exit code: 0 when all is well, 1 when a problem or a difference
/// was found, 2 when it could not be done, 130 when it was interrupted.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prove that the log is what was written and sealed: order, hash chains, seals, the copy of the seals.
    ///
    /// Finds changed, missing, inserted and reordered events and a lost end, and names the first bad position. When
    /// somebody made checksums and chains fit again, that is where the sealed range that no longer fits begins.
    Verify(check::VerifyArgs),
    /// Write out evidence that can be checked elsewhere, or events (`export events`).
    ///
    /// Evidence is a folder with a ticket's events, proofs, seals, the public key, instructions and a script of standard
    /// tools that checks them. `export events` writes events to a file, to be imported into another log or analysed.
    Export(export::ExportArgs),
    /// Prove that an export of the audit is what was given out, and what the seals of the log vouch for in it.
    ///
    /// Needs neither server nor log: the package, and the key's fingerprint as the owner of the log publishes it. Names the
    /// file and the line of whatever does not fit.
    VerifyEvidence(verify_evidence::VerifyEvidenceArgs),
    /// Put the events of `export events` into another, empty log
    Import(import::ImportArgs),
    /// Tell a stream or a ticket event by event: when, who, what, and which fields have another value than before
    Inspect(inspect::InspectArgs),
    /// Tell the newest events, one a line, and go on with what comes
    Tail(tail::TailArgs),
    /// Count events and bytes by type, category and time, and name the longest streams
    Stats(stats::StatsArgs),
    /// Find out whether this program reads every event of a log
    DecodeCheck(decode_check::DecodeCheckArgs),
    /// Look after the files of an embedded node: check, count, copy.
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Tell how each part of each build of each read model is doing
    Projections(models::status::StatusArgs),
    /// Fill a read model anew beside the one that serves, and swap them
    ///
    /// Goes on with a rebuild that was broken off. The one that served stays, for a way back, until `release`.
    Rebuild(models::rebuild::RebuildArgs),
    /// Put another build of a read model in the place of the one that serves
    Swap(models::swap::SwapArgs),
    /// Remove the builds of a read model that neither serve nor are shown to analysts
    Release(models::swap::ReleaseArgs),
    /// Rebuild read models into a schema of their own and compare them with those that serve, row for row
    Diff(models::diff::DiffArgs),
    /// Forget a person at once: destroy the key to their data for ever, and tell what is left of them where
    ///
    /// Without the waiting time of `requestErasure`; a legal hold forbids it. With --dry-run it only counts.
    Erase(models::erase::EraseArgs),
    /// Look after events that a read model could not apply
    #[command(subcommand)]
    Parked(models::parked::ParkedCommand),
    /// Replay a period under other rules, and tell the figures beside those that were
    ///
    /// Tickets opened in the period get priority and category by the rules that are to be tried; what people chose stays.
    /// Neither the log nor the read models are changed: the rows stand in a schema of their own, which is removed.
    WhatIf(what_if::WhatIfArgs),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Fine,
    /// Something is wrong with the log or the read models.
    Problem,
    /// Somebody asked to stop.
    Interrupted,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Data folder of Letopis (or of a node alone), whether a server runs on it or not
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Server to read from instead, such as `esdb://host:2113?tls=false`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

#[derive(Debug, Args)]
struct Keys {
    /// Public key that may have signed seals; may be repeated, and is needed with --url [default: keys/*.pub.pem of the
    /// data folder]
    #[arg(long = "public-key", value_name = "FILE")]
    public_keys: Vec<PathBuf>,
}

impl Place {
    fn folder(&self) -> Option<Folder> {
        self.data.as_deref().map(Folder::new)
    }

    fn source(&self) -> Result<Source> {
        Ok(match (self.folder(), &self.url) {
            (Some(folder), _) => Source::Folder(folder),
            (None, url) => Source::server(url.as_deref().unwrap_or_default())?,
        })
    }
}

impl Keys {
    fn load(&self, place: &Place) -> Result<Vec<PublicKey>> {
        match place.folder() {
            Some(folder) if self.public_keys.is_empty() => Ok(folder.public_keys()?),
            Some(_) | None => Ok(self
                .public_keys
                .iter()
                .map(|it| PublicKey::load(it))
                .collect::<Result<_, _>>()?),
        }
    }
}

pub(crate) fn run(cli: Cli) -> Result<Outcome> {
    match cli.command {
        Command::Verify(args) => check::run(&args),
        Command::Export(args) => export::run(&args),
        Command::VerifyEvidence(args) => verify_evidence::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Tail(args) => tail::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::DecodeCheck(args) => decode_check::run(&args),
        Command::Log(command) => log::run(&command),
        Command::Projections(args) => models::status::run(&args),
        Command::Rebuild(args) => models::rebuild::run(&args),
        Command::Swap(args) => models::swap::swap(&args),
        Command::Release(args) => models::swap::release(&args),
        Command::Diff(args) => models::diff::run(&args),
        Command::Erase(args) => models::erase::run(&args),
        Command::Parked(command) => models::parked::run(&command),
        Command::WhatIf(args) => what_if::run(&args),
    }
}

/// Prints text for people, or the same as one line of JSON.
fn tell(json: bool, answer: &impl Serialize, text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, answer)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

/// Writes text at once; whether somebody still reads, as `| head` does not for long.
fn put(out: &mut impl Write, text: &str) -> Result<bool> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A bar on a terminal, nothing elsewhere.
fn bar(length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length);
    match ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} {per_sec} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
