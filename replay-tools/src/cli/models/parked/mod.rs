//! `letopis-replay parked`: events that a read model could not apply, listed, tried again, left out.

mod list;

use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::read_model::ReadModelCommand;
use event_store::Position;
use projections::{
    Model,
    generation::State,
    parked::{self, Parked, Wanted},
    status,
};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{LOOK, Reach, Target, block_on, decision::record, interrupted, named, rebuild::say, watch::Hand};
use crate::cli::Outcome;

/// How long a build may be without a worker before this process is one.
const UNKEPT: Duration = Duration::from_secs(4);
/// How long Postgres may be away, and a fault may last.
const AWAY: Duration = Duration::from_secs(10);
/// How long nothing may be seen to move: a retry of very many takes its time.
const LONGEST: Duration = Duration::from_mins(2);
/// Events that are told at most.
const TOLD: i64 = 50;

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
        /// At most so many events [default: all]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
        limit: Option<i64>,
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
        ParkedCommand::List {
            name,
            json,
            limit,
            reach,
        } => list(name.as_deref(), *json, *limit, reach),
        ParkedCommand::Retry { name, stream, why } => {
            let model = named(name)?;
            block_on(async {
                let target = why.reach.target().await?;
                let outcome = retry(&target, &model, *stream, &why.reason).await;
                target.close().await?;
                outcome
            })
        }
        ParkedCommand::Skip { name, position, why } => {
            let model = named(name)?;
            block_on(async {
                let target = why.reach.target().await?;
                let outcome = skip(&target, &model, Position(*position), &why.reason).await;
                target.close().await?;
                outcome
            })
        }
    }
}

fn list(name: Option<&str>, json: bool, limit: Option<i64>, reach: &Reach) -> Result<Outcome> {
    let name = name.map(|it| named(it).map(|it| it.name)).transpose()?;
    block_on(async {
        let tables = reach.tables().await?;
        list::write(&tables.pool, name, json, limit).await
    })?;
    Ok(Outcome::Fine)
}

fn why(it: &Parked) -> &str {
    it.reason.as_deref().unwrap_or("waits behind the one before it")
}

async fn retry(target: &Target, model: &Model, stream: Option<Uuid>, reason: &str) -> Result<Outcome> {
    let wanted = Wanted {
        stream_id: stream,
        ..Wanted::of(Some(model.name))
    };
    if some(target, wanted).await?.is_empty() {
        let others = some(target, Wanted::of(Some(model.name))).await?;
        return Err(nothing_to_retry(model, stream, &others));
    }
    let wish = ReadModelCommand::RetryParked {
        model: model.name.to_owned(),
        stream_id: stream,
        reason: reason.to_owned(),
    };
    decide(target, model, &wish, wanted).await
}

fn nothing_to_retry(model: &Model, stream: Option<Uuid>, others: &[Parked]) -> anyhow::Error {
    let name = model.name;
    match (stream, others) {
        (None, _) => anyhow::anyhow!("nothing is parked in {name}: there is nothing to decide"),
        (Some(stream), []) => anyhow::anyhow!("stream {stream} does not wait in {name}: nothing does"),
        (Some(stream), _) => {
            let mut streams: Vec<&str> = others.iter().map(|it| it.stream.as_str()).collect();
            streams.sort_unstable();
            streams.dedup();
            let streams = streams.join(", ");
            anyhow::anyhow!(
                "stream {stream} does not wait in {name}: give one of {streams}{}",
                and_more(others)
            )
        }
    }
}

async fn skip(target: &Target, model: &Model, position: Position, reason: &str) -> Result<Outcome> {
    let name = model.name;
    let wanted = Wanted {
        position: Some(position),
        ..Wanted::of(Some(name))
    };
    let Some(event) = some(target, wanted).await?.into_iter().next() else {
        let others = some(target, Wanted::of(Some(name))).await?;
        bail!("position {position} is not parked in {name}: {}", positions(&others));
    };
    // What shows cannot be taken back, and a rebuild would leave it out: the two would differ for good.
    if let [shown, ..] = parked::shown_by(&target.pool, name, position).await?[..] {
        bail!(
            "position {position} shows in generation {shown} of {name}: nothing can be left out that shows; retry it in \
             generation {}, or remove that one with letopis-replay release {name}",
            event.generation
        );
    }
    let wish = ReadModelCommand::SkipEvent {
        model: name.to_owned(),
        position: position.0,
        stream_id: event.stream_id,
        reason: reason.to_owned(),
    };
    let of_stream = Wanted {
        stream_id: Some(event.stream_id),
        ..Wanted::of(Some(name))
    };
    decide(target, model, &wish, of_stream).await
}

/// The first of those that wait.
async fn some(target: &Target, wanted: Wanted<'_>) -> Result<Vec<Parked>> {
    Ok(parked::page(&target.pool, wanted, None, TOLD).await?)
}

fn and_more(told: &[Parked]) -> &'static str {
    if i64::try_from(told.len()).is_ok_and(|it| it >= TOLD) {
        "; letopis-replay parked list tells all"
    } else {
        ""
    }
}

/// What is parked, for an error.
fn positions(waiting: &[Parked]) -> String {
    let mut all: Vec<u64> = waiting.iter().map(|it| it.position.0).collect();
    all.sort_unstable();
    all.dedup();
    match all[..] {
        [] => "nothing is parked there".to_owned(),
        _ => format!(
            "give one of {}{}",
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            and_more(waiting)
        ),
    }
}

/// Records the wish and waits until it is carried out; tells what became of the first of those it concerns.
async fn decide(target: &Target, model: &Model, wish: &ReadModelCommand, wanted: Wanted<'_>) -> Result<Outcome> {
    let before = some(target, wanted).await?;
    let at = record(&target.log, model, wish).await?;
    tokio::select! {
        carried_out = carried_out(target, model, at) => carried_out?,
        asked = interrupted() => {
            asked?;
            say(&format!("interrupted; the decision stands in the log at position {at}, and is carried out there"))?;
            return Ok(Outcome::Interrupted);
        }
    }
    let after = some(target, wanted).await?;
    say(&outcome_of(&before, &after, at))?;
    Ok(Outcome::Fine)
}

/// Waits until every complete build of this version has passed the decision.
async fn carried_out(target: &Target, model: &Model, at: Position) -> Result<()> {
    let mut hand: Option<Hand> = None;
    let mut heard = Instant::now();
    let mut kept = Instant::now();
    let mut still = Still::default();
    loop {
        match status::all(&target.pool).await {
            Ok(all) => {
                heard = Instant::now();
                let mine = |it: &&status::Status| {
                    it.model == model.name && it.version == model.version && it.state == State::Following
                };
                let late: Vec<&status::Status> = all.iter().filter(mine).filter(|it| it.position < at).collect();
                if late.is_empty() {
                    break;
                }
                if late.iter().all(|it| it.worker.is_some()) {
                    kept = Instant::now();
                }
                give_up(model, at, still.look(&late), &late)?;
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

/// Since when nothing has moved.
#[derive(Debug, Default)]
struct Still {
    since: Option<Instant>,
    places: Vec<(i64, i16, Position, i64)>,
}

impl Still {
    fn look(&mut self, late: &[&status::Status]) -> Duration {
        let places = late
            .iter()
            .map(|it| (it.generation, it.partition, it.position, it.parked_events));
        let places: Vec<_> = places.collect();
        if self.places != places {
            *self = Self { since: None, places };
        }
        self.since.get_or_insert_with(Instant::now).elapsed()
    }
}

/// The decision is not lost when nobody waits for it any longer.
fn give_up(model: &Model, at: Position, stood: Duration, late: &[&status::Status]) -> Result<()> {
    let fault = late.iter().find_map(|it| Some((it.generation, it.fault.as_ref()?)));
    let name = model.name;
    match (fault, late) {
        (Some((generation, fault)), _) if stood > AWAY => bail!(
            "generation {generation} of {name} does not move: {fault}; the decision stands in the log at position {at}, and \
             is carried out when that is mended"
        ),
        (_, [first, ..]) if stood > LONGEST => bail!(
            "generation {} of {name} is not done after {} s; the decision stands in the log at position {at}, and is carried \
             out there: letopis-replay projections tells how far it is",
            first.generation,
            LONGEST.as_secs()
        ),
        _goes_on => Ok(()),
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
    if [before, after].iter().any(|it| !and_more(it).is_empty()) {
        lines.push("these are the first; letopis-replay parked list tells what waits".to_owned());
    }
    lines.join("\n")
}
