//! What a log consists of.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::scan::{StoredEvent, visit};
use super::source::{Source, beside, size};
use crate::NodeError;

/// Counts over all events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Of the files.
    pub format: i64,
    /// All events.
    pub events: u64,
    /// All streams.
    pub streams: u64,
    /// By event type.
    pub types: BTreeMap<Arc<str>, Count>,
    /// By category: the stream's name up to its first dash.
    pub categories: BTreeMap<Arc<str>, Count>,
    /// When the first event was taken, in 100 ns since 1970 UTC.
    pub first_created: Option<i64>,
    /// When the last event was taken.
    pub last_created: Option<i64>,
    /// On the disk.
    pub files: Files,
}

/// Events of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub events: u64,
    /// Of data and metadata together.
    pub bytes: u64,
}

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// `events.db`.
    pub data: u64,
    /// `events.db-wal`, not yet moved into `events.db`.
    pub write_ahead: u64,
}

/// Counts everything; every event's checksum is looked at on the way.
///
/// # Errors
/// As for [`scan`](super::scan) and [`end`](super::end).
pub fn stats(directory: &Path) -> Result<Stats, NodeError> {
    let mut source = Source::open(directory)?;
    let mut stats = Stats {
        format: source.format,
        files: Files {
            data: size(&source.path),
            write_ahead: size(&beside(&source.path, "-wal")),
        },
        ..Stats::default()
    };
    visit(&mut source, 1, &mut |event| {
        stats.add(event);
        ControlFlow::Continue(())
    })?;
    Ok(stats)
}

impl Stats {
    fn add(&mut self, event: &StoredEvent) {
        self.events += 1;
        // Every stream has exactly one event at its beginning, unless all it ever had was its end.
        self.streams += u64::from(event.revision == 0);
        self.first_created.get_or_insert(event.created);
        self.last_created = Some(event.created);
        let bytes = (event.data.len() + event.metadata.len()) as u64;
        count(&mut self.types, &event.event_type, bytes);
        let category = event.stream.split('-').next().unwrap_or_default();
        count(&mut self.categories, category, bytes);
    }
}

fn count(counts: &mut BTreeMap<Arc<str>, Count>, key: &str, bytes: u64) {
    let count = match counts.get_mut(key) {
        Some(count) => count,
        None => counts.entry(key.into()).or_default(),
    };
    count.events += 1;
    count.bytes += bytes;
}
