//! What the log must be, in the simplest form: a list, gone through again for each question.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::steps::{Chosen, Draft, Shape, Wish};
use crate::storage::metadata::METADATA_TYPE;
use crate::storage::{Appended, Deletion, Direction, Expected, Field, Found};

const LAST: i64 = i64::MAX;

#[derive(Default)]
pub(super) struct Model {
    pub(super) log: Vec<Entry>,
    /// Where an id went since the last start.
    recent: HashMap<(String, u128), i64>,
}

pub(super) struct Entry {
    pub(super) stream: String,
    pub(super) revision: i64,
    /// `None`: the store made the event.
    pub(super) id: Option<u128>,
    pub(super) kind: String,
    pub(super) data: String,
}

fn position(place: usize) -> i64 {
    i64::try_from(place).unwrap() + 1
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}

impl Model {
    pub(super) fn restart(&mut self) {
        self.recent.clear();
    }

    pub(super) fn streams(&self) -> usize {
        self.log
            .iter()
            .map(|entry| &*entry.stream)
            .collect::<BTreeSet<_>>()
            .len()
    }

    fn entries<'a>(&'a self, stream: &'a str) -> impl Iterator<Item = (usize, &'a Entry)> {
        let all = self.log.iter().enumerate();
        all.filter(move |(_, entry)| entry.stream == stream)
    }

    fn newest<'a>(&'a self, stream: &'a str) -> Option<(usize, &'a Entry)> {
        self.entries(stream).last()
    }

    fn current(&self, stream: &str) -> Option<i64> {
        self.newest(stream).map(|(_, entry)| entry.revision)
    }

    /// Its own tombstone, or that of the stream whose metadata it holds.
    fn is_buried(&self, stream: &str) -> bool {
        let buried = |stream: &str| self.current(stream) == Some(LAST);
        buried(stream) || stream.strip_prefix("$$").is_some_and(buried)
    }

    fn metadata(&self, stream: &str) -> Option<Map<String, Value>> {
        if stream.starts_with("$$") {
            return None;
        }
        let metastream = format!("$${stream}");
        let (_, newest) = self.newest(&metastream)?;
        (newest.kind == METADATA_TYPE).then(|| object(&newest.data)).flatten()
    }

    fn number(&self, stream: &str, key: &str, at_least: i64) -> Option<i64> {
        let number = self.metadata(stream)?.get(key)?.as_i64()?;
        (number >= at_least).then_some(number)
    }

    fn truncated_before(&self, stream: &str) -> Option<i64> {
        self.number(stream, "$tb", 0)
    }

    fn is_deleted(&self, stream: &str) -> bool {
        self.truncated_before(stream) == Some(LAST)
    }

    pub(super) fn expected(&self, stream: &str, wish: Wish) -> Expected {
        match wish {
            Wish::Any => Expected::Any,
            Wish::NoStream => Expected::NoStream,
            Wish::StreamExists => Expected::StreamExists,
            Wish::Near(distance) => {
                let near = self.current(stream).unwrap_or(-1).saturating_add(distance);
                Expected::Revision(near.max(0).cast_unsigned())
            }
        }
    }

    fn fits(&self, stream: &str, expected: Expected) -> bool {
        let current = self.current(stream);
        let deleted = self.is_deleted(stream);
        let has_metadata = !stream.starts_with("$$") && self.newest(&format!("$${stream}")).is_some();
        match expected {
            Expected::Any => true,
            Expected::NoStream => current.is_none() || deleted,
            Expected::StreamExists => !deleted && (current.is_some() || has_metadata),
            Expected::Revision(revision) => current == Some(revision.cast_signed()),
        }
    }

    pub(super) fn append(&mut self, stream: &str, expected: Expected, drafts: &[Draft]) -> Appended {
        let (current, deleted) = (self.current(stream), self.is_deleted(stream));
        if self.is_buried(stream) {
            return Appended::StreamDeleted;
        }
        let refusal = match expected {
            Expected::StreamExists if deleted => Appended::StreamDeleted,
            Expected::Any | Expected::NoStream | Expected::StreamExists | Expected::Revision(_) => {
                Appended::WrongExpectedVersion { current }
            }
        };
        let fits = self.fits(stream, expected);
        if drafts.is_empty() {
            let revision = current.filter(|_| !deleted);
            let position = None;
            return if fits {
                Appended::Success { revision, position }
            } else {
                refusal
            };
        }
        let firsts = self.possible_repeats(stream, expected, drafts);
        let repeats: Vec<_> = firsts
            .into_iter()
            .map(|first| self.repeated(stream, first, drafts))
            .collect();
        if let Some(whole) = repeats.iter().find_map(|repeat| repeat.1) {
            return whole;
        }
        let part = repeats.iter().any(|repeat| repeat.0);
        if part || !fits {
            return refusal;
        }
        self.add(stream, drafts)
    }

    fn possible_repeats(&self, stream: &str, expected: Expected, drafts: &[Draft]) -> Vec<i64> {
        match expected {
            Expected::Revision(revision) => vec![revision.cast_signed().saturating_add(1)],
            Expected::NoStream => vec![0, self.truncated_before(stream).unwrap_or_default()],
            Expected::Any | Expected::StreamExists => {
                let key = (stream.to_owned(), drafts[0].id);
                self.recent.get(&key).copied().into_iter().collect()
            }
        }
    }

    /// Whether the first event is there, and the answer when all are.
    fn repeated(&self, stream: &str, first: i64, drafts: &[Draft]) -> (bool, Option<Appended>) {
        let there: Vec<_> = self.entries(stream).filter(|(_, it)| it.revision >= first).collect();
        let same = |(draft, (_, entry)): &(&Draft, &(usize, &Entry))| entry.id == Some(draft.id);
        let count = drafts.iter().zip(&there).take_while(same).count();
        let whole = (count == drafts.len()).then(|| {
            let (place, entry) = there[count - 1];
            Appended::Success {
                revision: Some(entry.revision),
                position: Some(position(place)),
            }
        });
        (count > 0, whole)
    }

    fn add(&mut self, stream: &str, drafts: &[Draft]) -> Appended {
        let original = stream.strip_prefix("$$").map(str::to_owned);
        let was_deleted = original.as_ref().is_some_and(|original| self.is_deleted(original));
        if self.is_deleted(stream) {
            self.truncate(stream, self.current(stream).map_or(0, |last| last + 1));
        }
        for draft in drafts {
            let revision = self.current(stream).map_or(0, |last| last + 1);
            self.recent.insert((stream.to_owned(), draft.id), revision);
            self.push(stream, revision, Some(draft.id), (&draft.kind, draft.data.clone()));
        }
        let answer = self.success(stream);
        if let Some(original) = original.filter(|_| was_deleted)
            && self.metadata(&original).is_some()
            && self.truncated_before(&original).is_none()
        {
            self.truncate(&original, self.current(&original).map_or(0, |last| last + 1));
        }
        answer
    }

    fn success(&self, stream: &str) -> Appended {
        Appended::Success {
            revision: self.current(stream),
            position: Some(i64::try_from(self.log.len()).unwrap()),
        }
    }

    fn push(&mut self, stream: &str, revision: i64, id: Option<u128>, (kind, data): (&str, String)) {
        self.log.push(Entry {
            stream: stream.to_owned(),
            revision,
            id,
            kind: kind.to_owned(),
            data,
        });
    }

    fn truncate(&mut self, stream: &str, before: i64) {
        let mut keys = self.metadata(stream).unwrap_or_default();
        keys.insert("$tb".to_owned(), before.into());
        let metastream = format!("$${stream}");
        let revision = self.current(&metastream).map_or(0, |last| last + 1);
        let data = Value::Object(keys).to_string();
        self.push(&metastream, revision, None, (METADATA_TYPE, data));
    }

    pub(super) fn delete(&mut self, stream: &str, expected: Expected, kind: Deletion) -> Appended {
        let current = self.current(stream);
        let deleted = self.is_deleted(stream);
        if self.is_buried(stream) || deleted && expected == Expected::StreamExists {
            return Appended::StreamDeleted;
        }
        if !self.fits(stream, expected) || current.is_none() && kind == Deletion::Soft {
            return Appended::WrongExpectedVersion { current };
        }
        match kind {
            Deletion::Soft if deleted => {
                let metastream = format!("$${stream}");
                let first = self.newest(&metastream).map(|(place, _)| position(place));
                return Appended::Success {
                    revision: current,
                    position: first,
                };
            }
            Deletion::Soft => self.truncate(stream, LAST),
            Deletion::Tombstone => self.push(stream, LAST, None, ("$streamDeleted", String::new())),
        }
        Appended::Success {
            revision: current,
            position: Some(position(self.log.len() - 1)),
        }
    }

    /// First and last revision shown.
    pub(super) fn shown(&self, stream: &str) -> Result<(i64, i64), Found> {
        if self.is_buried(stream) {
            return Err(Found::Tombstoned);
        }
        let last = self.current(stream).filter(|_| !self.is_deleted(stream));
        let last = last.ok_or(Found::Nothing)?;
        if stream.starts_with("$$") {
            return Ok((last, last));
        }
        let by_count = self.number(stream, "$maxCount", 1).map_or(0, |count| last - count + 1);
        let first = by_count.max(self.truncated_before(stream).unwrap_or_default());
        Ok((first, last))
    }

    /// Places of what a read of a stream answers, in its order.
    pub(super) fn read(&self, stream: &str, direction: Direction, from: i64) -> Vec<usize> {
        let Ok((first, last)) = self.shown(stream) else {
            return Vec::new();
        };
        let span = match direction {
            Direction::Forwards => first.max(from)..=last,
            Direction::Backwards => first..=last.min(from),
        };
        let places = self.entries(stream).filter(|(_, entry)| span.contains(&entry.revision));
        in_order(places.map(|(place, _)| place).collect(), direction)
    }

    /// The same of `$all`.
    pub(super) fn read_all(&self, direction: Direction, from: i64, filter: Option<&Chosen>) -> Vec<usize> {
        let wanted = |place: &usize| {
            let near = match direction {
                Direction::Forwards => position(*place) >= from,
                Direction::Backwards => position(*place) <= from,
            };
            near && filter.is_none_or(|filter| wants(filter, &self.log[*place]))
        };
        in_order((0..self.log.len()).filter(wanted).collect(), direction)
    }
}

fn in_order(mut places: Vec<usize>, direction: Direction) -> Vec<usize> {
    if direction == Direction::Backwards {
        places.reverse();
    }
    places
}

fn wants(filter: &Chosen, entry: &Entry) -> bool {
    let name = match filter.field {
        Field::StreamName => &entry.stream,
        Field::EventType => &entry.kind,
    };
    match &filter.shape {
        Shape::Prefixes(prefixes) => prefixes.iter().any(|prefix| name.starts_with(prefix)),
        Shape::NoSystemNames | Shape::NotDollar => !name.starts_with('$'),
        Shape::Ends(end) => name.ends_with(end),
    }
}
