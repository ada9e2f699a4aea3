//! The program `letopis-replay`.

mod cli;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match listen_to_rust_log().and_then(|()| cli::run(cli)) {
        Ok(cli::Outcome::Fine) => ExitCode::SUCCESS,
        Ok(cli::Outcome::Problem) => ExitCode::from(1),
        Ok(cli::Outcome::Interrupted) => ExitCode::from(130),
        Err(error) => {
            let line = in_one_line(&error);
            // Standard error may be closed, then nobody reads it.
            drop(writeln!(std::io::stderr(), "letopis-replay: {line}"));
            ExitCode::from(2)
        }
    }
}

/// The error and its causes, each told once and all in one line.
fn in_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.contains(&cause) {
            line.push_str(if line.is_empty() { "" } else { ": " });
            line.push_str(&cause);
        }
    }
    line.replace('\n', " ")
}

/// Lines of the libraries would tear the bar: they come only when they are asked for.
fn listen_to_rust_log() -> anyhow::Result<()> {
    let Some(given) = std::env::var_os(EnvFilter::DEFAULT_ENV).filter(|it| !it.is_empty()) else {
        return Ok(());
    };
    let given = given.to_string_lossy();
    let filter = EnvFilter::try_new(&given).with_context(|| {
        format!("RUST_LOG {given:?} does not read: give a level such as debug, or levels of parts: info,sqlx=debug")
    })?;
    let has_colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let to_stderr = tracing_subscriber::fmt().with_writer(std::io::stderr);
    to_stderr.with_ansi(has_colours).with_env_filter(filter).init();
    Ok(())
}
