//! What can be applied of a batch, when some of it cannot: found in one transaction, by halves.

use std::{
    collections::HashSet,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::event::DomainEvent;
use event_store::Recorded;
use futures_util::FutureExt;
use sqlx::{Executor, PgConnection};
use tracing::error;
use uuid::Uuid;

use super::Refused;
use crate::{Projection, batch::Fact, fault::Fault};

/// Lines about parked events within [`WHILE`] at most: a log of thousands tells nobody more.
const LINES: u32 = 10;
const WHILE: Duration = Duration::from_secs(10);

/// The facts of a batch.
#[derive(Default)]
pub(super) struct Sorted<'a> {
    pub(super) apply: Vec<Arc<Recorded<DomainEvent>>>,
    /// What waits, with the reason why if it is the cause.
    pub(super) park: Vec<(&'a Fact, Option<String>)>,
}

/// What can be applied as far as is known, and what waits: what does not read, and what follows in those streams and in
/// those that are held.
pub(super) fn sort_out(facts: &[Fact], is_held: impl Fn(&Uuid) -> bool) -> Sorted<'_> {
    let mut sorted = Sorted {
        apply: Vec::with_capacity(facts.len()),
        park: Vec::new(),
    };
    let mut held = HashSet::new();
    for fact in facts {
        let stream_id = fact.stream_id();
        let waits = held.contains(&stream_id) || is_held(&stream_id);
        match fact {
            Fact::Event(event) if !waits => sorted.apply.push(Arc::clone(event)),
            Fact::Event(_) | Fact::Unreadable(_) => {
                held.insert(stream_id);
                sorted.park.push((fact, fact.complaint().map(str::to_owned)));
            }
        }
    }
    sorted
}

/// Applies what can be applied, in the caller's transaction: what fails is undone, and tried in smaller parts, until the
/// causes stand alone. Nobody waits for that, since nothing of it passes by itself.
pub(super) async fn sift<'a>(
    projection: &dyn Projection,
    facts: &'a [Fact],
    known: &HashSet<Uuid>,
    tx: &mut PgConnection,
) -> Result<Sorted<'a>, Refused> {
    let mut whole = Sorted::default();
    let mut held: HashSet<Uuid> = HashSet::new();
    // In the order of the log: the one on top comes next.
    let mut todo = vec![facts];
    while let Some(part) = todo.pop() {
        let sorted = sort_out(part, |it| held.contains(it) || known.contains(it));
        match attempt(projection, &sorted.apply, tx).await? {
            None => {
                held.extend(sorted.park.iter().map(|(fact, _)| fact.stream_id()));
                whole.apply.extend(sorted.apply);
                whole.park.extend(sorted.park);
            }
            Some((named, reason)) => match part {
                [culprit] => {
                    held.insert(culprit.stream_id());
                    whole.park.push((culprit, Some(reason)));
                }
                _several => todo.extend(divide(part, named)),
            },
        }
    }
    Ok(whole)
}

/// The parts to try next, the last one first: around the event that is named, else halves.
fn divide(part: &[Fact], named: Option<u64>) -> Vec<&[Fact]> {
    let named = part.iter().position(|it| Some(it.position().0) == named);
    let (before, rest) = part.split_at(named.unwrap_or(part.len() / 2));
    let mut parts = match rest.split_first_chunk::<1>() {
        Some((culprit, behind)) if named.is_some() => vec![behind, culprit, before],
        Some(_) | None => vec![rest, before],
    };
    parts.retain(|it| !it.is_empty());
    parts
}

/// Applies these events, or none of them: tells why, and which is the cause, when that is known.
async fn attempt(
    projection: &dyn Projection,
    events: &[Arc<Recorded<DomainEvent>>],
    tx: &mut PgConnection,
) -> Result<Option<(Option<u64>, String)>, Refused> {
    if events.is_empty() {
        return Ok(None);
    }
    tx.execute("SAVEPOINT part").await?;
    match write(projection, events, tx).await {
        Ok(()) => {
            tx.execute("RELEASE SAVEPOINT part").await?;
            Ok(None)
        }
        Err(Refused::Fault(Fault::Poison(at, reason))) => {
            projection.forget();
            tx.execute(sqlx::raw_sql("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part"))
                .await?;
            Ok(Some((at, reason)))
        }
        Err(refused) => Err(refused),
    }
}

/// A projection that panics is one that cannot apply the events.
pub(super) async fn write(
    projection: &dyn Projection,
    events: &[Arc<Recorded<DomainEvent>>],
    tx: &mut PgConnection,
) -> Result<(), Refused> {
    match AssertUnwindSafe(projection.apply(events, tx)).catch_unwind().await {
        Ok(written) => Ok(written?),
        Err(_panic) => Err(Refused::Fault(Fault::Poison(
            None,
            "the projection panicked".to_owned(),
        ))),
    }
}

/// Tells of parked events in the log, of a few at a time.
pub(super) struct Voice {
    since: Instant,
    lines: u32,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            lines: 0,
        }
    }
}

impl Voice {
    /// The first of a stream that waits.
    pub(super) fn tell(&mut self, model: &str, culprit: &Fact, reason: &str) {
        if self.since.elapsed() > WHILE {
            *self = Self::default();
        }
        self.lines += 1;
        if self.lines <= LINES {
            let place = culprit.place();
            let (stream, position, event_type) = (place.stream, place.position.0, place.event_type);
            error!(
                model,
                stream, position, event_type, reason, "AN EVENT IS PARKED, and what follows in its stream"
            );
        } else if self.lines == LINES + 1 {
            error!(
                model,
                "MORE EVENTS ARE PARKED: letopis-replay parked list tells them all"
            );
        }
    }
}
