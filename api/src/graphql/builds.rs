//! How the read models are doing, for those who operate the system.

use async_graphql::{Context, Enum, Result, SimpleObject};
use chrono::{DateTime, Utc};
use commands::Read;
use futures_util::{Stream, stream};
use projections::{
    generation::State,
    parked::{self, Parked, Wanted},
    status::{self, Status},
};

use super::{ids::LogPosition, may_read, parts, postgres, problem};
use crate::problem::Problem;

/// Most events of one answer.
const MOST: i32 = 100;

/// How far a build of a read model is.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "ProjectionState", remote = "State")]
pub(super) enum Stage {
    /// Takes the log up to where it ended when the build began.
    Filling,
    /// Gets the indexes that only readers need.
    Indexing,
    /// Complete; moves with the log.
    Following,
}

/// One build of a read model.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Projection {
    /// Name of the read model.
    name: String,
    /// Shape of its tables.
    version: i32,
    /// Names the build; later ones have higher numbers.
    generation: i64,
    /// How far it is.
    state: Stage,
    /// Whether queries of its version read it.
    serving: bool,
    /// Whether the views of analysts show it.
    current: bool,
    /// Everything up to here is applied.
    position: LogPosition,
    /// End of the log, as far as its workers know.
    head: LogPosition,
    /// Where the log ended when the build began: filled up to there it gets its indexes.
    goal: LogPosition,
    /// Part of the way that lies behind it, 0 to 1: to the goal while it is built, to the end of the log afterwards.
    progress: f64,
    /// Log positions that it has still to go; 0 when nothing that concerns it lies there.
    behind: i64,
    /// Seconds since the oldest event was stored that waits to be applied; 0 when none does.
    lag_seconds: f64,
    /// Events applied a second, lately.
    events_per_second: f64,
    /// Seconds until it is at the end of the log at the present rate; null when it does not move.
    seconds_left: Option<f64>,
    /// Oldest of the last signs of life of its parts; null when one of them never had a worker.
    heartbeat_at: Option<DateTime<Utc>>,
    /// Why it does not move; null when it does.
    fault: Option<String>,
    /// Streams held back behind events that could not be applied, among the first 1000 events of each part.
    parked_streams: i64,
    /// Events that wait there, counted up to 1000 in each part.
    parked_events: i64,
    /// Its parts, each kept by one worker at a time.
    parts: Vec<ProjectionPart>,
}

/// One part of a build.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct ProjectionPart {
    /// Which part, from 0.
    partition: i32,
    /// Everything of it up to here is applied.
    position: LogPosition,
    /// Log positions that it has still to go; 0 when nothing that concerns it lies there.
    behind: i64,
    /// Seconds since the oldest event was stored that waits to be applied; 0 when none does.
    lag_seconds: f64,
    /// Events applied so far.
    events: i64,
    /// Events applied a second, lately.
    events_per_second: f64,
    /// Who keeps it, as host, process and a mark; null when nobody does.
    worker: Option<String>,
    /// Last sign of life of its worker; null when it never had one.
    heartbeat_at: Option<DateTime<Utc>>,
    /// Why it does not move; null when it does.
    fault: Option<String>,
    /// Streams held back behind events that could not be applied, among the first 1000 events of each part.
    parked_streams: i64,
    /// Events that wait there, counted up to 1000 in each part.
    parked_events: i64,
}

/// An event that a build lacks.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct ParkedEvent {
    /// Name of the read model.
    model: String,
    /// Shape of its tables.
    version: i32,
    /// The build.
    generation: i64,
    /// The event's stream in the log.
    stream: String,
    /// Its place in the stream, from 0.
    revision: i64,
    /// Its place in the log.
    position: LogPosition,
    /// Its stored type.
    #[graphql(name = "type")]
    event_type: String,
    /// Why it could not be applied; null when it only waits behind such a one.
    reason: Option<String>,
    /// Since when it waits.
    parked_at: DateTime<Utc>,
}

/// How all builds are doing now.
pub(super) async fn now(ctx: &Context<'_>) -> Result<Vec<Projection>> {
    may_read(ctx, Read::Operations)?;
    let all = status::all(&parts(ctx)?.pool).await;
    Ok(builds(&all.map_err(|it| postgres(ctx, &it))?))
}

/// The same, and again whenever it changes.
pub(super) fn changes(ctx: &Context<'_>) -> Result<impl Stream<Item = Result<Vec<Projection>>> + use<>> {
    may_read(ctx, Read::Operations)?;
    let watcher = parts(ctx)?.observatory.watch();
    Ok(stream::unfold(watcher, |mut watcher| async move {
        let look = watcher.next().await?;
        Some((Ok(builds(&look)), watcher))
    }))
}

/// What waits.
pub(super) async fn parked(ctx: &Context<'_>, model: Option<&str>, first: i32) -> Result<Vec<ParkedEvent>> {
    may_read(ctx, Read::Operations)?;
    if !(1..=MOST).contains(&first) {
        let bad = Problem::bad_input("first", &first.to_string(), "от 1 до 100", "1 to 100");
        return Err(problem(ctx, bad));
    }
    let known = projections::registry();
    if let Some(wanted) = model.filter(|wanted| known.iter().all(|it| it.name != *wanted)) {
        let names: Vec<&str> = known.iter().map(|it| it.name).collect();
        let names = names.join(", ");
        return Err(problem(ctx, Problem::bad_input("model", wanted, &names, &names)));
    }
    let parked = parked::page(&parts(ctx)?.pool, Wanted::of(model), None, i64::from(first)).await;
    let parked = parked.map_err(|it| postgres(ctx, &it))?;
    Ok(parked.into_iter().map(ParkedEvent::from).collect())
}

/// The parts put together; they come build by build.
fn builds(parts: &[Status]) -> Vec<Projection> {
    let builds = parts.chunk_by(|one, other| one.generation == other.generation);
    builds.filter_map(build).collect()
}

fn build(parts: &[Status]) -> Option<Projection> {
    let slowest = parts.iter().min_by_key(|it| it.position)?;
    let largest = |value: fn(&Status) -> f64| parts.iter().map(value).fold(0.0, f64::max);
    let seconds_left: Option<Vec<f64>> = parts.iter().map(Status::seconds_left).collect();
    let heartbeats: Option<Vec<DateTime<Utc>>> = parts.iter().map(|it| it.heartbeat_at).collect();
    Some(Projection {
        name: slowest.model.clone(),
        version: slowest.version,
        generation: slowest.generation,
        state: slowest.state.into(),
        serving: slowest.serving,
        current: slowest.current,
        position: LogPosition::from(slowest.position),
        head: LogPosition::from(parts.iter().map(|it| it.head).max().unwrap_or_default()),
        goal: LogPosition::from(slowest.goal),
        progress: parts.iter().map(Status::progress).fold(1.0, f64::min),
        behind: number(parts.iter().map(Status::behind).max().unwrap_or_default()),
        lag_seconds: largest(|it| it.lag_s),
        events_per_second: parts.iter().map(|it| it.rate).sum(),
        seconds_left: seconds_left.map(|it| it.into_iter().fold(0.0, f64::max)),
        heartbeat_at: heartbeats.and_then(|it| it.into_iter().min()),
        fault: parts.iter().find_map(|it| it.fault.clone()),
        parked_streams: parts.iter().map(|it| it.parked_streams).sum(),
        parked_events: parts.iter().map(|it| it.parked_events).sum(),
        parts: parts.iter().map(ProjectionPart::from).collect(),
    })
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl From<&Status> for ProjectionPart {
    fn from(status: &Status) -> Self {
        Self {
            partition: i32::from(status.partition),
            position: LogPosition::from(status.position),
            behind: number(status.behind()),
            lag_seconds: status.lag_s,
            events: status.events,
            events_per_second: status.rate,
            worker: status.worker.clone(),
            heartbeat_at: status.heartbeat_at,
            fault: status.fault.clone(),
            parked_streams: status.parked_streams,
            parked_events: status.parked_events,
        }
    }
}

impl From<Parked> for ParkedEvent {
    fn from(parked: Parked) -> Self {
        Self {
            model: parked.model,
            version: parked.version,
            generation: parked.generation,
            stream: parked.stream,
            revision: number(parked.revision),
            position: LogPosition::from(parked.position),
            event_type: parked.event_type,
            reason: parked.reason,
            parked_at: parked.parked_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Request;
    use domain::{
        access::Rights,
        actor::{Actor, ActorKind},
    };
    use futures_util::StreamExt;

    use crate::{
        auth::Viewer,
        graphql::{Caller, builder},
        problem::Language,
    };

    /// Code and text of the error that a caller of this role gets from a schema that has nothing to read.
    async fn refusal(operation: &str, rights: Rights, language: Language) -> (String, String) {
        let caller = Caller {
            viewer: Viewer {
                actor: Actor::new(ActorKind::Agent, "1"),
                rights: rights.into(),
                session: None,
                read_only: false,
                inbox: None,
            },
            language,
            traceparent: None,
            client: String::new(),
        };
        let schema = builder().finish();
        let mut responses = schema.execute_stream(Request::new(operation).data(caller));
        let response = responses.next().await.unwrap();
        let error = response.errors.first().unwrap();
        let code = error.extensions.as_ref().unwrap().get("code").unwrap();
        (code.to_string(), error.message.clone())
    }

    #[tokio::test]
    async fn only_who_operates_the_system_sees_how_it_is_doing() {
        for operation in [
            "{ projections { name } }",
            "{ parkedEvents { stream } }",
            "subscription { projectionsChanged { name } }",
        ] {
            for (language, word) in [(Language::Russian, "нет права"), (Language::English, "no right")] {
                let (code, message) = refusal(operation, Rights::default(), language).await;
                assert_eq!(code, "\"FORBIDDEN\"", "{operation}");
                assert!(message.contains(word), "{operation}: {message}");
            }
            // It gets as far as what is missing here.
            let (code, _) = refusal(operation, Rights::all(), Language::English).await;
            assert_eq!(code, "\"INTERNAL\"", "{operation}");
        }
    }
}
