//! The command line.

mod check;
mod export;
mod log;
mod models;

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use event_store::PublicKey;
use indicatif::{ProgressBar, ProgressStyle};
use replay_tools::{Folder, Source};
use serde::Serialize;

/// Proof and care of a Letopis log, with or without its server; and care of the read models that are made of it.
///
/// Only `parked retry` and `parked skip` write to a log. Exit code: 0 when all is well, 1 when a problem or a difference
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
    /// Write out evidence that can be checked elsewhere.
    ///
    /// Makes a folder with the ticket's events, proofs, seals, the public key, instructions and a script of standard
    /// tools that checks them.
    Export(export::ExportArgs),
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
    /// Look after events that a read model could not apply
    #[command(subcommand)]
    Parked(models::parked::ParkedCommand),
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
    /// Server to read from instead, such as `esdb://host:2113?tls=false`; give --public-key as well
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

#[derive(Debug, Args)]
struct Keys {
    /// Public key that may have signed seals; may be repeated [default: keys/*.pub.pem of the data folder]
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
        Command::Log(command) => log::run(&command),
        Command::Projections(args) => models::status::run(&args),
        Command::Rebuild(args) => models::rebuild::run(&args),
        Command::Swap(args) => models::swap::swap(&args),
        Command::Release(args) => models::swap::release(&args),
        Command::Diff(args) => models::diff::run(&args),
        Command::Parked(command) => models::parked::run(&command),
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
