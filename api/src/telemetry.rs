//! Logs: readable lines on standard error; `RUST_LOG` chooses which, `LETOPIS_LOG_FORMAT=json` the form.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// What is told when `RUST_LOG` does not say.
const DEFAULT: &str = "info,kurrentdb=off,sqlx=warn,h2=warn,hyper=warn,tonic=warn";

/// What is never told, whatever `RUST_LOG` says: these repeat messages of clients, keys included.
const TOO_TALKATIVE: &[&str] = &["tungstenite=info", "tokio_tungstenite=info"];

/// Begins to log; does nothing when somebody else does already.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new(DEFAULT));
    let filter = TOO_TALKATIVE
        .iter()
        .filter_map(|it| it.parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let json = std::env::var("LETOPIS_LOG_FORMAT").is_ok_and(|it| it == "json");
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    let started = if json {
        registry.with(lines.json()).try_init()
    } else {
        registry
            .with(lines.with_ansi(std::io::stderr().is_terminal()))
            .try_init()
    };
    // A test that runs a second server in its process has a log already.
    drop(started);
}
