//! The program `letopis-replay`.

mod cli;

use std::{io::Write, process::ExitCode};

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(cli::Outcome::Fine) => ExitCode::SUCCESS,
        Ok(cli::Outcome::Problem) => ExitCode::from(1),
        Err(error) => {
            let line = format!("{error:#}").replace('\n', " ");
            // Standard error may be closed, then nobody reads it.
            drop(writeln!(std::io::stderr(), "letopis-replay: {line}"));
            ExitCode::from(2)
        }
    }
}
