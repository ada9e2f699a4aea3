//! Random appends, reads and restarts, compared with a log kept in memory. `PROPTEST_CASES` sets how many.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use super::{Running, forwards, start};
use crate::offline;
use crate::storage::{Appended, Direction, Expected, Field, Filter, Query, Recorded, Rule, Scope, Span};

const STREAMS: [&str; 5] = ["ticket-1", "ticket-2", "agent-1", "$settings", "tick"];

/// Numbers are choices among what is there when the step is taken.
#[derive(Clone, Debug)]
enum Step {
    Append {
        stream: usize,
        expected: Wish,
        ids: Vec<u128>,
    },
    /// An earlier append again: cut, longer, or as it was.
    Again {
        which: usize,
        expected: Option<Wish>,
        length: i8,
    },
    ReadStream {
        stream: usize,
        direction: Direction,
        from: i64,
        count: usize,
    },
    ReadAll {
        direction: Direction,
        from: i64,
        count: usize,
        filter: Option<Filter>,
    },
    /// Stopped, or as after a kill.
    Restart { stopped: bool },
}

#[derive(Clone, Copy, Debug)]
enum Wish {
    Any,
    NoStream,
    StreamExists,
    /// So far from the current revision.
    Near(i64),
}

/// What the log must be.
#[derive(Default)]
struct Model {
    log: Vec<Entry>,
    /// Places in the log by revision.
    streams: BTreeMap<&'static str, Vec<usize>>,
    /// Where an id went since the last start.
    recent: HashMap<(&'static str, u128), i64>,
    appends: Vec<(usize, Expected, Vec<u128>)>,
}

struct Entry {
    stream: &'static str,
    id: u128,
}

impl Model {
    fn current(&self, stream: &str) -> Option<i64> {
        let length = self.streams.get(stream)?.len();
        Some(i64::try_from(length).unwrap() - 1)
    }

    fn expected(&self, stream: usize, wish: Wish) -> Expected {
        match wish {
            Wish::Any => Expected::Any,
            Wish::NoStream => Expected::NoStream,
            Wish::StreamExists => Expected::StreamExists,
            Wish::Near(distance) => {
                let current = self.current(STREAMS[stream]).unwrap_or(-1);
                Expected::Revision((current + distance).max(0).cast_unsigned())
            }
        }
    }

    fn append(&mut self, stream: &'static str, expected: Expected, ids: &[u128]) -> Appended {
        let current = self.current(stream);
        let wrong = Appended::WrongExpectedVersion { current };
        let fits = match expected {
            Expected::Any => true,
            Expected::NoStream => current.is_none(),
            Expected::StreamExists => current.is_some(),
            Expected::Revision(revision) => current == Some(revision.cast_signed()),
        };
        let Some(first) = ids.first() else {
            let position = None;
            let unchanged = Appended::Success {
                revision: current,
                position,
            };
            return if fits { unchanged } else { wrong };
        };
        let repeat = match expected {
            Expected::Any | Expected::StreamExists => self.recent.get(&(stream, *first)).copied(),
            Expected::NoStream | Expected::Revision(_) if fits => None,
            Expected::NoStream => Some(0),
            Expected::Revision(revision) => Some(revision.cast_signed() + 1),
        };
        match (repeat.filter(|_| current.is_some()), fits) {
            (Some(revision), _) => self.repeated(stream, revision, ids).unwrap_or(wrong),
            (None, true) => self.add(stream, ids),
            (None, false) => wrong,
        }
    }

    fn repeated(&self, stream: &str, first: i64, ids: &[u128]) -> Option<Appended> {
        let first = usize::try_from(first).unwrap();
        let places = self.streams.get(stream)?.get(first..first + ids.len())?;
        let same = places.iter().zip(ids).all(|(place, id)| self.log[*place].id == *id);
        let position = i64::try_from(*places.last()?).unwrap() + 1;
        same.then_some(Appended::Success {
            revision: Some(i64::try_from(first + ids.len()).unwrap() - 1),
            position: Some(position),
        })
    }

    fn add(&mut self, stream: &'static str, ids: &[u128]) -> Appended {
        let places = self.streams.entry(stream).or_default();
        for id in ids {
            self.recent.insert((stream, *id), i64::try_from(places.len()).unwrap());
            places.push(self.log.len());
            self.log.push(Entry { stream, id: *id });
        }
        Appended::Success {
            revision: self.current(stream),
            position: Some(i64::try_from(self.log.len()).unwrap()),
        }
    }

    /// Positions of a read, in its order.
    fn read(&self, places: &[usize], direction: Direction, from: i64, filter: Option<&Filter>) -> Vec<usize> {
        let near = places
            .iter()
            .enumerate()
            .map(|(key, place)| (i64::try_from(key).unwrap(), *place));
        let wanted = |(_, place): &(i64, usize)| filter.is_none_or(|filter| self.wants(filter, *place));
        match direction {
            Direction::Forwards => near
                .filter(|(key, _)| *key >= from)
                .filter(wanted)
                .map(|(_, place)| place)
                .collect(),
            Direction::Backwards => {
                let mut all: Vec<usize> = near
                    .filter(|(key, _)| *key <= from)
                    .filter(wanted)
                    .map(|(_, place)| place)
                    .collect();
                all.reverse();
                all
            }
        }
    }

    fn wants(&self, filter: &Filter, place: usize) -> bool {
        let stream = self.log[place].stream;
        let kind = kind(stream);
        let name = match filter.field {
            Field::StreamName => stream,
            Field::EventType => &kind,
        };
        match &filter.rule {
            Rule::Prefixes(prefixes) => prefixes.iter().any(|prefix| name.starts_with(prefix)),
            Rule::NoSystemNames => !name.starts_with('$'),
        }
    }

    fn check(&self, found: &[Recorded], places: &[usize]) {
        let found: Vec<(i64, &str, i64, u128)> = found.iter().map(outline).collect();
        let expected: Vec<(i64, &str, i64, u128)> = places.iter().map(|place| self.outline(*place)).collect();
        assert_eq!(found, expected);
    }

    fn outline(&self, place: usize) -> (i64, &str, i64, u128) {
        let Entry { stream, id } = self.log[place];
        let revision = self.streams[stream].binary_search(&place).unwrap();
        let position = i64::try_from(place).unwrap() + 1;
        (position, stream, i64::try_from(revision).unwrap(), id)
    }
}

fn kind(stream: &str) -> String {
    format!("{}.happened", stream.split('-').next().unwrap_or_default())
}

fn outline(event: &Recorded) -> (i64, &str, i64, u128) {
    assert_eq!(*event.kind, kind(&event.stream));
    let id = u128::from_be_bytes(event.id);
    (event.position, &event.stream, event.revision, id)
}

/// The node beside its model.
struct Pair {
    model: Model,
    node: Running,
    directory: TempDir,
}

impl Pair {
    async fn take(mut self, step: Step) -> Self {
        match step {
            Step::Append { stream, expected, ids } => {
                let expected = self.model.expected(stream, expected);
                self.append(stream, expected, ids).await;
            }
            Step::Again {
                which,
                expected,
                length,
            } => self.again(which, expected, length).await,
            Step::ReadStream {
                stream,
                direction,
                from,
                count,
            } => self.read_stream(STREAMS[stream], direction, from, count).await,
            Step::ReadAll {
                direction,
                from,
                count,
                filter,
            } => self.read_all(direction, from, count, filter).await,
            Step::Restart { stopped } => return self.restart(stopped).await,
        }
        self
    }

    async fn append(&mut self, stream: usize, expected: Expected, ids: Vec<u128>) {
        let answer = self.node.append(STREAMS[stream], expected, &ids).await;
        let model = self.model.append(STREAMS[stream], expected, &ids);
        assert_eq!(answer, model, "{} {expected:?} {ids:?}", STREAMS[stream]);
        self.model.appends.push((stream, expected, ids));
    }

    async fn again(&mut self, which: usize, wish: Option<Wish>, length: i8) {
        if self.model.appends.is_empty() {
            return;
        }
        let which = which % self.model.appends.len();
        let (stream, expected, mut ids) = self.model.appends[which].clone();
        let expected = wish.map_or(expected, |wish| self.model.expected(stream, wish));
        if length < 0 {
            ids.truncate(ids.len().saturating_sub(length.unsigned_abs().into()));
        } else {
            ids.extend((0..length).map(|more| 5000 + u128::from(more.unsigned_abs())));
        }
        self.append(stream, expected, ids).await;
    }

    async fn read_stream(&self, name: &'static str, direction: Direction, from: i64, count: usize) {
        let found = self.node.store.stream(name.into()).await.unwrap();
        assert_eq!(found.map(|(_, last)| last), self.model.current(name));
        let Some((id, last)) = found else { return };
        let read = self
            .read(Scope::Stream(id), 0, last, direction, from, count, None)
            .await;
        let mut places = self.model.read(&self.model.streams[name], direction, from, None);
        places.truncate(count);
        self.model.check(&read, &places);
    }

    async fn read_all(&self, direction: Direction, from: i64, count: usize, filter: Option<Filter>) {
        let all: Vec<usize> = (0..self.model.log.len()).collect();
        let mut places = self.model.read(&all, direction, from, filter.as_ref());
        places.truncate(count);
        let last = *self.node.store.head().borrow();
        assert_eq!(usize::try_from(last).unwrap(), all.len());
        let read = self.read(Scope::All, 1, last, direction, from + 1, count, filter).await;
        self.model.check(&read, &places);
    }

    /// All pages of a read from the key `from` on, within what is there.
    #[expect(clippy::too_many_arguments, reason = "the parts of one query")]
    async fn read(
        &self,
        scope: Scope,
        first: i64,
        last: i64,
        direction: Direction,
        from: i64,
        count: usize,
        filter: Option<Filter>,
    ) -> Vec<Recorded> {
        let span = match direction {
            Direction::Forwards => Span {
                first: from.max(first),
                last,
            },
            Direction::Backwards => Span {
                first,
                last: from.min(last),
            },
        };
        let mut query = Query {
            direction,
            filter: filter.map(Arc::new),
            span,
            ..forwards(scope, first, last)
        };
        let mut events = Vec::new();
        while !query.span.is_empty() && events.len() < count {
            query.limit = count - events.len();
            let page = self.node.page(query.clone()).await.unwrap();
            events.extend(page.events);
            query.span = page.rest;
        }
        events
    }

    async fn restart(self, stopped: bool) -> Self {
        let Self {
            mut model,
            node,
            mut directory,
        } = self;
        if stopped {
            node.stop().await;
        } else {
            let copy = folder();
            copy_files(directory.path(), copy.path());
            node.stop().await;
            directory = copy;
        }
        model.recent.clear();
        let node = start(directory.path()).unwrap();
        Self { model, node, directory }
    }

    /// Everything once more, by each way there is.
    async fn finish(self) {
        self.read_all(Direction::Forwards, 0, usize::MAX, None).await;
        for name in STREAMS {
            self.read_stream(name, Direction::Backwards, i64::MAX, usize::MAX).await;
        }
        assert_eq!(self.node.health.fault(), None);
        self.node.stop().await;
        let mut place = 0;
        offline::scan(self.directory.path(), 0, &mut |event| {
            let (position, stream, revision, id) = self.model.outline(place);
            assert_eq!(
                (event.position, event.revision),
                (position.cast_unsigned(), revision.cast_unsigned())
            );
            assert_eq!((&*event.stream, event.id.as_u128()), (stream, id));
            place += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(place, self.model.log.len());
        let report = offline::verify(self.directory.path(), &mut |_done, _all| {}).unwrap();
        assert_eq!(report.streams, self.model.streams.len() as u64);
    }
}

/// In memory when there is such a place: thousands of syncs are not what is tested.
fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_none| TempDir::new()).unwrap()
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        1 => Just(Wish::Any),
        1 => Just(Wish::NoStream),
        1 => Just(Wish::StreamExists),
        3 => Just(Wish::Near(0)),
        1 => (-3_i64..3).prop_map(Wish::Near),
    ]
}

fn filter() -> impl Strategy<Value = Option<Filter>> {
    let field = prop_oneof![Just(Field::StreamName), Just(Field::EventType)];
    let prefixes = vec(prop_oneof!["ti", "ticket-1", "ticket.", "agent", "\\$", "x", ""], 0..3);
    let rule = prop_oneof![Just(Rule::NoSystemNames), prefixes.prop_map(Rule::Prefixes)];
    proptest::option::of((field, rule).prop_map(|(field, rule)| Filter { field, rule }))
}

fn step() -> impl Strategy<Value = Step> {
    let direction = || prop_oneof![Just(Direction::Forwards), Just(Direction::Backwards)];
    let count = || prop_oneof![1..6_usize, Just(usize::MAX)];
    let ids = vec(prop_oneof![0..30_u128, 1000..2000_u128], 0..6);
    prop_oneof![
        8 => (0..STREAMS.len(), wish(), ids)
            .prop_map(|(stream, expected, ids)| Step::Append { stream, expected, ids }),
        4 => (any::<usize>(), proptest::option::of(wish()), -2_i8..3)
            .prop_map(|(which, expected, length)| Step::Again { which, expected, length }),
        3 => (0..STREAMS.len(), direction(), 0_i64..20, count())
            .prop_map(|(stream, direction, from, count)| Step::ReadStream { stream, direction, from, count }),
        3 => (direction(), 0_i64..60, count(), filter())
            .prop_map(|(direction, from, count, filter)| Step::ReadAll { direction, from, count, filter }),
        1 => any::<bool>().prop_map(|stopped| Step::Restart { stopped }),
    ]
}

#[test]
fn log_behaves_like_its_model() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&vec(step(), 1..40), |steps| {
        runtime.block_on(async {
            let directory = folder();
            let node = start(directory.path()).unwrap();
            let model = Model::default();
            let mut pair = Pair { model, node, directory };
            for step in steps {
                pair = pair.take(step).await;
            }
            pair.finish().await;
        });
        Ok(())
    });
    outcome.unwrap();
}
