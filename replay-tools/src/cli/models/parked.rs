//! `letopis-replay parked`: events that a read model could not apply, listed, tried again, left out.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::read_model::ReadModelCommand;
use event_store::Position;
use projections::{
    Model,
    generation::State,
    parked::{self, Parked},
    status,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{
    LOOK, Reach, Target, block_on, decision::record, interrupted, named, rebuild::say, status::aligned, watch::Hand,
};
use crate::cli::{Outcome, tell};

/// How long a build may be without a worker before this process is one.
const UNKEPT: Duration = Duration::from_secs(4);
/// How long Postgres may be away.
const AWAY: Duration = Duration::from_secs(10);

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ParkedCommand {
    /// Tell which events wait, in which builds, and why
    List {
        /// Read model [default: all]
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// Answer as one line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        reach: Reach,
    },
    /// Apply again what waits: after a new release, or when what was missing is there. Recorded in the log
    Retry {
        /// Read model
        #[arg(value_name = "NAME")]
        name: String,
        /// Only this stream: its name or the id in it [default: all that wait]
        #[arg(long, value_name = "ID", value_parser = stream_id)]
        stream: Option<Uuid>,
        #[command(flatten)]
        why: Why,
    },
    /// Leave one event out for good, in rebuilds too; what waits behind it goes on. Recorded in the log
    Skip {
        /// Read model
        #[arg(value_name = "NAME")]
        name: String,
        /// Place of the event in the log
        #[arg(long, value_name = "N")]
        position: u64,
        #[command(flatten)]
        why: Why,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Why {
    /// Why; kept in the log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    reach: Reach,
}

fn stream_id(text: &str) -> Result<Uuid, String> {
    let id = text.split_once('-').and_then(|(_, id)| id.parse().ok());
    text.parse()
        .ok()
        .or(id)
        .ok_or_else(|| "give the name of a stream, such as ticket-UUID, or the uuid in it".to_owned())
}

pub(in crate::cli) fn run(command: &ParkedCommand) -> Result<Outcome> {
    match command {
        ParkedCommand::List { name, json, reach } => list(name.as_deref(), *json, reach),
        ParkedCommand::Retry { name, stream, why } => {
            let wish = |model: &Model, _waiting: &[Parked]| {
                Ok(ReadModelCommand::RetryParked {
                    model: model.name.to_owned(),
                    stream_id: *stream,
                    reason: why.reason.clone(),
                })
            };
            decide(&named(name)?, *stream, why, wish)
        }
        ParkedCommand::Skip { name, position, why } => {
            let wish = |model: &Model, waiting: &[Parked]| {
                let Some(event) = waiting.iter().find(|it| it.position.0 == *position) else {
                    bail!(
                        "position {position} is not parked in {}: {}",
                        model.name,
                        positions(waiting)
                    );
                };
                Ok(ReadModelCommand::SkipEvent {
                    model: model.name.to_owned(),
                    position: *position,
                    stream_id: event.stream_id,
                    reason: why.reason.clone(),
                })
            };
            decide(&named(name)?, None, why, wish)
        }
    }
}

fn list(name: Option<&str>, json: bool, reach: &Reach) -> Result<Outcome> {
    let name = name.map(|it| named(it).map(|it| it.name)).transpose()?;
    let all = block_on(async {
        let tables = reach.tables().await?;
        Ok(parked::list(&tables.pool, name).await?)
    })?;
    let machine: Vec<Value> = all.iter().map(for_machines).collect();
    let text = if all.is_empty() {
        "nothing is parked".to_owned()
    } else {
        table(&all)
    };
    tell(json, &machine, &text)?;
    Ok(Outcome::Fine)
}

fn for_machines(it: &Parked) -> Value {
    json!({
        "model": it.model, "version": it.version, "generation": it.generation, "position": it.position.0,
        "stream": it.stream, "stream_id": it.stream_id, "revision": it.revision, "type": it.event_type,
        "reason": it.reason, "parked_at": it.parked_at.to_rfc3339(),
    })
}

fn table(all: &[Parked]) -> String {
    let headings = [
        "MODEL",
        "VERSION",
        "GENERATION",
        "POSITION",
        "STREAM",
        "REVISION",
        "TYPE",
        "SINCE",
        "WHY",
    ];
    let mut rows = vec![headings.map(str::to_owned)];
    rows.extend(all.iter().map(|it| {
        [
            it.model.clone(),
            it.version.to_string(),
            it.generation.to_string(),
            it.position.to_string(),
            it.stream.clone(),
            it.revision.to_string(),
            it.event_type.clone(),
            it.parked_at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            why(it).to_owned(),
        ]
    }));
    aligned(&rows)
}

fn why(it: &Parked) -> &str {
    it.reason.as_deref().unwrap_or("waits behind the one before it")
}

/// What is parked, for an error.
fn positions(waiting: &[Parked]) -> String {
    let mut all: Vec<u64> = waiting.iter().map(|it| it.position.0).collect();
    all.sort_unstable();
    all.dedup();
    match all[..] {
        [] => "nothing is parked there".to_owned(),
        _ => format!(
            "give one of {}",
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// Records the wish and waits until it is carried out.
fn decide(
    model: &Model,
    stream: Option<Uuid>,
    why: &Why,
    wish: impl Fn(&Model, &[Parked]) -> Result<ReadModelCommand>,
) -> Result<Outcome> {
    block_on(async {
        let target = why.reach.target().await?;
        let outcome = async {
            let before = parked::list(&target.pool, Some(model.name)).await?;
            check(model, stream, &before)?;
            let at = record(&target.log, model, &wish(model, &before)?).await?;
            tokio::select! {
                carried_out = carried_out(&target, model, at) => carried_out?,
                asked = interrupted() => {
                    asked?;
                    say(&format!("interrupted; the decision stands in the log at position {at}, and is carried out there"))?;
                    return Ok(Outcome::Interrupted);
                }
            }
            let after = parked::list(&target.pool, Some(model.name)).await?;
            say(&outcome_of(&before, &after, at))?;
            Ok(Outcome::Fine)
        }
        .await;
        target.close().await?;
        outcome
    })
}

fn check(model: &Model, stream: Option<Uuid>, waiting: &[Parked]) -> Result<()> {
    let name = model.name;
    let Some(stream) = stream else {
        if waiting.is_empty() {
            bail!("nothing is parked in {name}: there is nothing to decide");
        }
        return Ok(());
    };
    if waiting.iter().any(|it| it.stream_id == stream) {
        return Ok(());
    }
    let mut streams: Vec<&str> = waiting.iter().map(|it| it.stream.as_str()).collect();
    streams.dedup();
    match streams[..] {
        [] => bail!("stream {stream} does not wait in {name}: nothing does"),
        _ => bail!(
            "stream {stream} does not wait in {name}: give one of {}",
            streams.join(", ")
        ),
    }
}

/// Waits until every complete build of this version has passed the decision.
async fn carried_out(target: &Target, model: &Model, at: Position) -> Result<()> {
    let mut hand: Option<Hand> = None;
    let mut heard = Instant::now();
    let mut kept = Instant::now();
    loop {
        match status::all(&target.pool).await {
            Ok(all) => {
                heard = Instant::now();
                let mine = |it: &&status::Status| {
                    it.model == model.name && it.version == model.version && it.state == State::Following
                };
                let mut late = all.iter().filter(mine).filter(|it| it.position < at).peekable();
                if late.peek().is_none() {
                    break;
                }
                if late.all(|it| it.worker.is_some()) {
                    kept = Instant::now();
                }
            }
            Err(error) if heard.elapsed() > AWAY => bail!(
                "Postgres no longer answers ({error}); the decision stands in the log at position {at}, and is carried out \
                 when a worker comes there"
            ),
            Err(_) => {}
        }
        if hand.is_none() && kept.elapsed() > UNKEPT {
            hand = Some(Hand::on_all(target, model));
        }
        sleep(LOOK).await;
    }
    match hand {
        Some(hand) => hand.end().await,
        None => Ok(()),
    }
}

fn outcome_of(before: &[Parked], after: &[Parked], at: Position) -> String {
    let waits = |it: &Parked| {
        after
            .iter()
            .any(|other| (other.generation, other.position) == (it.generation, it.position))
    };
    let mut lines = vec![format!("decided at position {at}")];
    for it in before.iter().filter(|it| !waits(it)) {
        lines.push(format!(
            "freed: generation {}, position {}, {} of {}",
            it.generation, it.position, it.event_type, it.stream
        ));
    }
    for it in after {
        lines.push(format!(
            "waits: generation {}, position {}, {} of {}: {}",
            it.generation,
            it.position,
            it.event_type,
            it.stream,
            why(it)
        ));
    }
    lines.join("\n")
}
