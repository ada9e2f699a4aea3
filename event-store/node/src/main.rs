//! `event-store-node`: the event log as a program of its own.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use event_store_node::{Node, NodeConfig, NodeError, offline};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An event log in one process that speaks the EventStoreDB gRPC protocol.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen. Nothing is encrypted and nobody has to log in.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2113")]
    listen: SocketAddr,
    /// Directory of the log; made when it is missing.
    #[arg(long, value_name = "DIRECTORY", env = "EVENT_STORE_NODE_DATA")]
    data: PathBuf,
    /// What to log on stderr, in the form `info` or `event_store_node=debug`.
    #[arg(long, value_name = "FILTER", env = "EVENT_STORE_NODE_LOG", default_value = "info")]
    log: EnvFilter,
    /// Check the log and take it as whole from now on, although it is known to have lost its end or the file that
    /// would tell; then leave.
    #[arg(long)]
    accept_log: bool,
}

fn main() -> ExitCode {
    let Arguments {
        listen,
        data,
        log,
        accept_log,
    } = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(log)
        .with_writer(io::stderr)
        .with_ansi(has_colours())
        .init();
    let outcome = if accept_log {
        accept(&data)
    } else {
        serve(NodeConfig { data, listen })
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            say_fault(&fault);
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(config: NodeConfig) -> Result<(), NodeError> {
    if !config.listen.ip().is_loopback() {
        tracing::warn!(
            address = %config.listen,
            "everybody who reaches this address can read and change the log: there is no password and no encryption"
        );
    }
    let data = config.data.display().to_string();
    let [mut terminated, mut interrupted] = signals().map_err(|error| NodeError::Ended {
        part: "signal handling",
        path: data,
        reason: error.to_string(),
    })?;
    let node = Node::start(config).await?;
    say(&node.connection_string());
    tokio::select! {
        fault = node.failed() => tracing::error!(%fault, "stopping"),
        _signal = terminated.recv() => tracing::info!("stopping after SIGTERM"),
        _signal = interrupted.recv() => tracing::info!("stopping after SIGINT"),
    }
    node.stop().await
}

/// A file keeps the codes of colours as rubbish; <https://no-color.org>.
fn has_colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
}

fn signals() -> io::Result<[Signal; 2]> {
    Ok([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?])
}

fn accept(data: &Path) -> Result<(), NodeError> {
    let report = offline::accept(data, &mut |_done, _all| {})?;
    say(&format!("accepted: {} events without damage", report.events));
    Ok(())
}

/// Whoever started the program waits for it; nobody may be left to read it.
fn say(line: &str) {
    writeln!(io::stdout(), "{line}").ok();
}

fn say_fault(fault: &NodeError) {
    writeln!(io::stderr(), "event-store-node: {fault}").ok();
}
