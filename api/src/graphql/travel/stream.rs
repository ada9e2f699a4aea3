//! Streams of the log, as a reader of the past needs them.

use std::collections::HashSet;

use async_graphql::{Context, Error, Result};
use chrono::{DateTime, Utc};
use domain::{event::DomainEvent, ids::stream_name, personal::DataSubject};
use event_store::{LogError, Recorded, SubjectKey, decode};
use projections::past::until;
use tracing::error;
use uuid::Uuid;

use crate::{
    graphql::{parts, problem},
    problem::{Problem, internal},
};

/// The events of a stream, personal data as it lies there; none when there is no such stream.
pub(super) async fn read(ctx: &Context<'_>, category: &str, id: Uuid) -> Result<Vec<Recorded<DomainEvent>>> {
    let raws = parts(ctx)?.log.read_stream(&stream_name(category, id), 0).await;
    let raws = raws.map_err(|it| fault(ctx, &it))?;
    let events: Result<Vec<_>, _> = raws.iter().map(decode).collect();
    events.map_err(|it| problem(ctx, internal(&it)))
}

/// Those of a stream's events that an instant has, personal data opened.
pub(super) async fn read_until(
    ctx: &Context<'_>,
    category: &str,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<Vec<Recorded<DomainEvent>>> {
    let mut events = read(ctx, category, id).await?;
    events.truncate(until(&events, at));
    open(ctx, &mut events).await?;
    Ok(events)
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
