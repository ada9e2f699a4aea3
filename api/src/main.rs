//! The program `letopis`.

use std::{io::Write, path::PathBuf, process::ExitCode};

use anyhow::Context;
use api::{
    auth,
    config::{Config, Flags},
    graphql, import, migrate, open_files, outbox, read_models, schema_check,
    server::Server,
    telemetry, vault,
};
use clap::{Args, Parser, Subcommand};
use commands::Clock;
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Letopis: a support desk whose every change is an event.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API; keeps everything in ./data when nothing else is configured.
    Serve(Flags),
    /// Bring the tables to this version, and end.
    Migrate(Flags),
    /// Print the GraphQL schema.
    Schema(SchemaArgs),
    /// Print what the read models hold, column by column, as docs/read-models.md keeps it.
    ReadModels(Flags),
    /// Bring in another system's history, beside a running server or without one.
    Import(import::ImportArgs),
    /// Look after the keys of personal data.
    Vault(vault::VaultArgs),
    /// Look at the mails that are to be sent.
    Outbox(outbox::OutboxArgs),
    /// Print the token with which the first administrator is made.
    SetUpToken(Flags),
}

#[derive(Debug, Args)]
struct SchemaArgs {
    /// Print nothing, and fail when clients of this older schema would break
    #[arg(long, value_name = "OLD")]
    check: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed, then nobody reads it.
            drop(writeln!(std::io::stderr(), "letopis: {}", in_one_line(&error)));
            ExitCode::FAILURE
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

fn run(cli: Cli) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(api::STACK)
        .enable_all()
        .build()
        .context("no threads to run on")?;
    telemetry::start()?;
    match cli.command {
        Command::Serve(flags) => runtime.block_on(serve(&flags)),
        Command::Migrate(flags) => Ok(runtime.block_on(migrate::run(&Config::load(&flags)?))?),
        Command::Import(args) => runtime.block_on(import::run(&args)),
        Command::Vault(args) => runtime.block_on(vault::run(&args)),
        Command::Outbox(args) => runtime.block_on(outbox::run(&args)),
        Command::SetUpToken(flags) => {
            let token = runtime.block_on(auth::set_up_token(&Config::load(&flags)?))?;
            Ok(writeln!(std::io::stdout(), "{token}")?)
        }
        Command::ReadModels(flags) => {
            let text = runtime.block_on(read_models::document(&Config::load(&flags)?))?;
            Ok(std::io::stdout().write_all(text.as_bytes())?)
        }
        Command::Schema(SchemaArgs { check: Some(old) }) => Ok(schema_check::against(&old)?),
        Command::Schema(SchemaArgs { check: None }) => Ok(std::io::stdout().write_all(graphql::sdl().as_bytes())?),
    }
}

async fn serve(flags: &Flags) -> anyhow::Result<()> {
    open_files::raise_limit();
    let server = Server::start(Config::load(flags)?, Clock::System).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = server.stopper();
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: finishing what was accepted");
        stop.cancel();
    });
    Ok(server.ended().await?)
}
