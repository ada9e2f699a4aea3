//! What a log consists of: by type, by category, by time, its longest streams.

use std::{collections::BTreeMap, collections::HashMap, ops::ControlFlow};

use chrono::{DateTime, SubsecRound, Timelike, Utc};
use serde::Serialize;

use crate::{
    Event, Scope, Source, SourceError,
    walk::{Watch, pace},
};

/// How long the parts are into which time is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An hour of UTC.
    Hour,
    /// A day of UTC.
    Day,
}

/// What counts as the time of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// When the store took it.
    Recorded,
    /// When it was decided; for an import, when it happened there.
    Decided,
}

/// How many, and how large.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Events.
    pub events: u64,
    /// Of payload and metadata together.
    pub bytes: u64,
}

/// A stream and its length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Longest {
    /// Its name.
    pub stream: String,
    /// Its events that were counted.
    pub events: u64,
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// All of it.
    #[serde(flatten)]
    pub total: Count,
    /// Streams with events that were counted.
    pub streams: u64,
    /// Position of the first event.
    pub first_position: Option<u64>,
    /// Position of the last event.
    pub last_position: Option<u64>,
    /// The earliest time.
    pub first: Option<DateTime<Utc>>,
    /// The latest time.
    pub last: Option<DateTime<Utc>>,
    /// Events that do not say when they were decided; they are in no part of time.
    pub timeless: u64,
    /// By stored type.
    pub types: BTreeMap<String, Count>,
    /// By category: the stream's name up to its first dash.
    pub categories: BTreeMap<String, Count>,
    /// By the beginning of each hour or day, UTC; those without events are left out.
    pub times: BTreeMap<DateTime<Utc>, Count>,
    /// The longest streams, the longest first.
    pub longest: Vec<Longest>,
    /// Whether everything was counted; not when somebody asked to stop.
    pub complete: bool,
}

/// Counts the events that are asked for; `longest` streams are named at most.
///
/// # Errors
/// [`SourceError`].
pub fn stats(
    source: &Source,
    scope: &Scope,
    (step, time): (Step, Time),
    longest: usize,
    watch: Watch<'_>,
) -> Result<Stats, SourceError> {
    source.end()?;
    let mut stats = Stats {
        complete: true,
        ..Stats::default()
    };
    let mut streams: HashMap<String, u64> = HashMap::new();
    let mut seen = 0;
    source.visit(scope.start(source), &mut |event| {
        seen += 1;
        if pace(watch, seen, event.leaf.position).is_break() {
            stats.complete = false;
            return ControlFlow::Break(());
        }
        if scope.takes(event)? {
            stats.add(event, step, time);
            match streams.get_mut(event.leaf.stream) {
                Some(count) => *count += 1,
                None => drop(streams.insert(event.leaf.stream.to_owned(), 1)),
            }
        }
        ControlFlow::Continue(())
    })?;
    stats.streams = streams.len() as u64;
    stats.longest = the_longest(streams, longest);
    Ok(stats)
}

fn the_longest(streams: HashMap<String, u64>, count: usize) -> Vec<Longest> {
    let mut all: Vec<_> = streams
        .into_iter()
        .map(|(stream, events)| Longest { stream, events })
        .collect();
    all.sort_by(|one, two| two.events.cmp(&one.events).then_with(|| one.stream.cmp(&two.stream)));
    all.truncate(count);
    all
}

impl Stats {
    fn add(&mut self, event: &Event<'_>, step: Step, time: Time) {
        let leaf = &event.leaf;
        let bytes = event.size();
        self.total.add(bytes);
        self.first_position.get_or_insert(leaf.position);
        self.last_position = Some(leaf.position);
        count(&mut self.types, leaf.event_type, bytes);
        let category = leaf.stream.split('-').next().unwrap_or_default();
        count(&mut self.categories, category, bytes);
        let at = match time {
            Time::Recorded => Some(event.recorded),
            Time::Decided => event.decided(),
        };
        let Some(at) = at else {
            self.timeless += 1;
            return;
        };
        self.first = Some(self.first.map_or(at, |it| it.min(at)));
        self.last = Some(self.last.map_or(at, |it| it.max(at)));
        self.times.entry(step.beginning(at)).or_default().add(bytes);
    }
}

impl Count {
    fn add(&mut self, bytes: u64) {
        self.events += 1;
        self.bytes += bytes;
    }
}

fn count(counts: &mut BTreeMap<String, Count>, key: &str, bytes: u64) {
    match counts.get_mut(key) {
        Some(count) => count.add(bytes),
        None => drop(counts.insert(key.to_owned(), Count { events: 1, bytes })),
    }
}

impl Step {
    fn beginning(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let hour = match self {
            Self::Hour => at.hour(),
            Self::Day => 0,
        };
        let beginning = at.trunc_subsecs(0).date_naive().and_hms_opt(hour, 0, 0);
        beginning.map_or(at, |it| it.and_utc())
    }
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn time_is_divided_by_hours_and_days_of_utc() {
        let at = "2026-03-01T23:59:59.999Z".parse().unwrap();
        assert_eq!(Step::Hour.beginning(at).to_rfc3339(), "2026-03-01T23:00:00+00:00");
        assert_eq!(Step::Day.beginning(at).to_rfc3339(), "2026-03-01T00:00:00+00:00");
    }
}
