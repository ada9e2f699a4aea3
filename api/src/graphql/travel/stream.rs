//! Streams of the log, as a reader of the past needs them.

use std::collections::HashSet;

use async_graphql::{Context, Error, Result};
use chrono::{DateTime, Utc};
use domain::{event::DomainEvent, ids::stream_name, personal::DataSubject};
use event_store::{LogError, Raw, Recorded, SubjectKey, decode};
use tracing::error;
use uuid::Uuid;

use crate::{
    graphql::{parts, problem},
    problem::{Problem, internal},
};

/// Events of a stream.
pub(super) type Events = Vec<Recorded<DomainEvent>>;

/// The events of a stream, personal data as it lies there; none when there is no such stream.
pub(super) async fn read(ctx: &Context<'_>, category: &str, id: Uuid) -> Result<Events> {
    let raws = raws(ctx, category, id).await?;
    raws.iter().map(|it| event(ctx, it)).collect()
}

/// Those of a stream's events that an instant has, as [`projections::past::until`] says, and of those behind them the ones
/// of a type: what else came later is not even decoded, and there may be very much of it.
pub(super) async fn read_apart(
    ctx: &Context<'_>,
    (category, id): (&str, Uuid),
    at: DateTime<Utc>,
    later: Option<&str>,
) -> Result<(Events, Events)> {
    let raws = raws(ctx, category, id).await?;
    let mut rest = raws.iter();
    let mut events = Vec::with_capacity(raws.len());
    let mut behind = Vec::new();
    for raw in rest.by_ref() {
        let event = event(ctx, raw)?;
        if event.metadata.at > at {
            behind.extend(Some(event).filter(|it| later == Some(it.event_type.as_str())));
            break;
        }
        events.push(event);
    }
    for raw in rest.filter(|it| later == Some(it.event_type.as_str())) {
        behind.push(event(ctx, raw)?);
    }
    Ok((events, behind))
}

/// Those of a stream's events that an instant has, personal data opened.
pub(super) async fn read_until(ctx: &Context<'_>, category: &str, id: Uuid, at: DateTime<Utc>) -> Result<Events> {
    let (mut events, _) = read_apart(ctx, (category, id), at, None).await?;
    open(ctx, &mut events).await?;
    Ok(events)
}

async fn raws(ctx: &Context<'_>, category: &str, id: Uuid) -> Result<Vec<Raw>> {
    let raws = parts(ctx)?.log.read_stream(&stream_name(category, id), 0).await;
    raws.map_err(|it| fault(ctx, &it))
}

fn event(ctx: &Context<'_>, raw: &Raw) -> Result<Recorded<DomainEvent>> {
    let mut event = decode(raw).map_err(|it| problem(ctx, internal(&it)))?;
    // Addresses are the audit's: to open one of each event would take longer than everything else.
    event.metadata.from = None;
    Ok(event)
}

/// Opens personal data, as far as it is not forgotten.
pub(super) async fn open(ctx: &Context<'_>, events: &mut [Recorded<DomainEvent>]) -> Result<()> {
    let opened = parts(ctx)?.vault.open_events(events).await;
    opened.map_err(|it| problem(ctx, internal(&it)))
}

/// Those of these people whose personal data was erased, at whatever time.
pub(super) async fn forgotten(ctx: &Context<'_>, people: impl Iterator<Item = Uuid>) -> Result<HashSet<Uuid>> {
    let people: HashSet<Uuid> = people.collect();
    if people.is_empty() {
        return Ok(people);
    }
    let subjects: Vec<DataSubject> = people.iter().map(|it| DataSubject(*it)).collect();
    let keys = parts(ctx)?.vault.keys(&subjects).await;
    let keys = keys.map_err(|it| problem(ctx, internal(&it)))?;
    let is_forgotten = |it: &Uuid| keys.get(DataSubject(*it)) == Some(&SubjectKey::Destroyed);
    Ok(people.into_iter().filter(is_forgotten).collect())
}

/// What the events of a thing do not allow to be told.
pub(super) fn unfit(ctx: &Context<'_>, error: &projections::ProjectError) -> Error {
    problem(ctx, internal(error))
}

fn fault(ctx: &Context<'_>, error: &LogError) -> Error {
    if let LogError::Unavailable { reason } = error {
        error!(reason, "the event store does not answer who looks at the past");
        let english = "the event log does not answer: ask again";
        return problem(
            ctx,
            Problem::new("UNAVAILABLE", "журнал событий не отвечает: спросите ещё раз", english),
        );
    }
    problem(ctx, internal(error))
}
