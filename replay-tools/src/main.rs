//! The program `letopis-replay`.

mod cli;

use std::{io::Write, process::ExitCode};

use clap::Parser;
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    listen_to_rust_log();
    match cli::run(cli::Cli::parse()) {
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
fn listen_to_rust_log() {
    if let Ok(filter) = EnvFilter::try_from_default_env() {
        let to_stderr = tracing_subscriber::fmt().with_writer(std::io::stderr);
        to_stderr.with_env_filter(filter).init();
    }
}
