//! What to measure and for how long.

use std::{env, str::FromStr, time::Duration};

use anyhow::{Context, Result, ensure};

/// A part of the table, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    Limits,
    Log,
    Proof,
    Handler,
    Graphql,
    Reads,
    Subscribers,
    Lists,
    Messages,
    Audit,
    Privacy,
    Lag,
    Import,
    Projector,
}

impl Section {
    const ALL: [Self; 14] = [
        Self::Limits,
        Self::Log,
        Self::Proof,
        Self::Handler,
        Self::Graphql,
        Self::Reads,
        Self::Subscribers,
        Self::Lists,
        Self::Messages,
        Self::Audit,
        Self::Privacy,
        Self::Lag,
        Self::Import,
        Self::Projector,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Limits => "limits",
            Self::Log => "log",
            Self::Proof => "proof",
            Self::Handler => "handler",
            Self::Graphql => "graphql",
            Self::Reads => "reads",
            Self::Subscribers => "subscribers",
            Self::Lists => "lists",
            Self::Messages => "messages",
            Self::Audit => "audit",
            Self::Privacy => "privacy",
            Self::Lag => "lag",
            Self::Import => "import",
            Self::Projector => "projector",
        }
    }

    /// Heading in the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Limits => "What the parts can do",
            Self::Log => "The event log: the embedded node through the official client",
            Self::Proof => "Sealing and proof",
            Self::Handler => "Commands through the handler, no projections running",
            Self::Graphql => "Commands through GraphQL over HTTP, the whole server, until the change is visible",
            Self::Reads => "Reads through GraphQL over HTTP, the whole server",
            Self::Subscribers => "Subscribers of one server, a change sent to its receipt by each, the whole server",
            Self::Lists => {
                "Pages and counters of views, and searches, through GraphQL over HTTP, among few and many tickets"
            }
            Self::Messages => "Answers to customers through GraphQL over HTTP, the whole server, until they show",
            Self::Audit => "Pages of the audit through GraphQL over HTTP, among very many entries",
            Self::Privacy => "Somebody is forgotten, the whole server",
            Self::Lag => "Live lag, append acknowledged to visible in the ticket list, all projections running",
            Self::Import => "Import of a ServiceNow incident log into an empty event log",
            Self::Projector => "Catch-up of read models from an empty database",
        }
    }
}

/// See the head of this program.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) runs: usize,
    /// Length of a measurement under load.
    pub(crate) window: Duration,
    /// Clients at a time, one after the other.
    pub(crate) clients: Vec<usize>,
    pub(crate) sections: Vec<Section>,
}

impl Settings {
    pub(crate) fn read() -> Result<Self> {
        let runs = number("BENCH_RUNS", 3)?;
        let seconds = number("BENCH_SECONDS", 4.0)?;
        let window = Duration::try_from_secs_f64(seconds).context("BENCH_SECONDS does not read")?;
        ensure!(
            runs > 0 && !window.is_zero(),
            "BENCH_RUNS and BENCH_SECONDS must be above 0"
        );
        let sections = match env::var("BENCH_ONLY") {
            Ok(only) => only.split(',').map(section).collect::<Result<_>>()?,
            Err(_absent) => Section::ALL.to_vec(),
        };
        let clients = match env::var("BENCH_CLIENTS") {
            Ok(list) => list.split(',').map(|it| it.trim().parse()).collect::<Result<_, _>>()?,
            Err(_absent) => vec![1, 16, 64],
        };
        Ok(Self {
            runs,
            window,
            clients,
            sections,
        })
    }
}

fn section(name: &str) -> Result<Section> {
    let found = Section::ALL.into_iter().find(|it| it.name() == name.trim());
    found.with_context(|| {
        format!(
            "BENCH_ONLY {name:?}: give some of {}",
            Section::ALL.map(Section::name).join(",")
        )
    })
}

fn number<T: FromStr>(variable: &str, default: T) -> Result<T> {
    match env::var(variable) {
        Ok(text) => text
            .parse()
            .ok()
            .with_context(|| format!("{variable} {text:?} is not a number")),
        Err(_absent) => Ok(default),
    }
}
