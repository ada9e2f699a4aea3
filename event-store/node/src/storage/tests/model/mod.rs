//! Random appends, deletions, metadata, reads and restarts, compared with a log kept in memory: 256 cases, or as many as
//! `PROPTEST_CASES` says.

mod log;
mod steps;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use self::log::Model;
use self::steps::{Chosen, Draft, STREAMS, Shape, Step, Wish, step};
use super::{Running, append, forwards, start};
use crate::offline;
use crate::storage::{Direction, Expected, Filter, Found, Pattern, Query, Recorded, Rule, Scope, Span};

/// The node beside its model.
struct Pair {
    model: Model,
    node: Running,
    directory: TempDir,
    appends: Vec<(String, Expected, Vec<Draft>)>,
}

impl Pair {
    fn new() -> Self {
        let directory = folder();
        Self {
            model: Model::default(),
            node: start(directory.path()).unwrap(),
            directory,
            appends: Vec::new(),
        }
    }

    async fn take(mut self, step: Step) -> Self {
        match step {
            Step::Append { stream, expected, ids } => {
                let drafts = ids.into_iter().map(|id| Draft::plain(STREAMS[stream], id));
                self.append(STREAMS[stream], expected, drafts.collect()).await;
            }
            Step::Metadata {
                stream,
                expected,
                drafts,
            } => {
                let metastream = format!("$${}", STREAMS[stream]);
                self.append(&metastream, expected, drafts).await;
            }
            Step::Again {
                which,
                expected,
                length,
            } => self.again(which, expected, length).await,
            Step::Delete { stream, expected, kind } => {
                let stream = STREAMS[stream];
                let expected = self.model.expected(stream, expected);
                let answer = self.node.delete(stream, expected, kind).await;
                let model = self.model.delete(stream, expected, kind);
                assert_eq!(answer, model, "{kind:?} of {stream} {expected:?}");
            }
            Step::ReadStream {
                name,
                direction,
                from,
                count,
            } => self.read_stream(&name, direction, from, count).await,
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

    async fn append(&mut self, stream: &str, wish: Wish, drafts: Vec<Draft>) {
        let expected = self.model.expected(stream, wish);
        self.append_exactly(stream.to_owned(), expected, drafts).await;
    }

    async fn append_exactly(&mut self, stream: String, expected: Expected, drafts: Vec<Draft>) {
        let ids: Vec<u128> = drafts.iter().map(|draft| draft.id).collect();
        let mut append = append(&stream, expected, &ids);
        for (event, draft) in append.events.iter_mut().zip(&drafts) {
            event.kind.clone_from(&draft.kind);
            event.data = Bytes::from(draft.data.clone());
        }
        let answer = self.node.store.append(append).await.unwrap();
        let model = self.model.append(&stream, expected, &drafts);
        assert_eq!(answer, model, "{stream} {expected:?} {ids:?}");
        self.appends.push((stream, expected, drafts));
    }

    async fn again(&mut self, which: usize, wish: Option<Wish>, length: i8) {
        if self.appends.is_empty() {
            return;
        }
        let which = which % self.appends.len();
        let (stream, expected, mut drafts) = self.appends[which].clone();
        let expected = wish.map_or(expected, |wish| self.model.expected(&stream, wish));
        if length < 0 {
            drafts.truncate(drafts.len().saturating_sub(length.unsigned_abs().into()));
        } else {
            let more = (0..length).map(|more| Draft::plain(&stream, 5000 + u128::from(more.unsigned_abs())));
            drafts.extend(more);
        }
        self.append_exactly(stream, expected, drafts).await;
    }

    async fn read_stream(&self, name: &str, direction: Direction, from: i64, count: usize) {
        let found = self.node.found(name).await;
        let shown = match found {
            Found::Stream { first, last, .. } => Ok((first, last)),
            Found::Nothing | Found::Tombstoned => Err(found),
        };
        assert_eq!(shown, self.model.shown(name), "{name}");
        let Found::Stream { id, first, last } = found else {
            return;
        };
        let mut places = self.model.read(name, direction, from);
        places.truncate(count);
        let span = span(direction, from, Span { first, last });
        self.check(
            &self.read(Scope::Stream(id), direction, span, count, None).await,
            &places,
        );
    }

    async fn read_all(&self, direction: Direction, from: i64, count: usize, filter: Option<Chosen>) {
        let mut places = self.model.read_all(direction, from, filter.as_ref());
        places.truncate(count);
        let last = *self.node.store.head().borrow();
        assert_eq!(usize::try_from(last).unwrap(), self.model.log.len());
        let span = span(direction, from, Span { first: 1, last });
        self.check(&self.read(Scope::All, direction, span, count, filter).await, &places);
    }

    /// All pages of a read.
    async fn read(
        &self,
        scope: Scope,
        direction: Direction,
        span: Span,
        count: usize,
        filter: Option<Chosen>,
    ) -> Vec<Recorded> {
        let mut query = Query {
            direction,
            filter: filter.map(|chosen| Arc::new(filter_of(chosen))),
            ..forwards(scope, span.first, span.last)
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

    fn check(&self, found: &[Recorded], places: &[usize]) {
        let positions: Vec<i64> = found.iter().map(|event| event.position).collect();
        let expected: Vec<i64> = places.iter().map(|place| i64::try_from(*place).unwrap() + 1).collect();
        assert_eq!(positions, expected);
        for (event, place) in found.iter().zip(places) {
            let entry = &self.model.log[*place];
            assert_eq!(
                (&*event.stream, event.revision, &*event.kind),
                (&*entry.stream, entry.revision, &*entry.kind)
            );
            match entry.id {
                Some(id) => assert_eq!(
                    (u128::from_be_bytes(event.id), &*event.data),
                    (id, entry.data.as_bytes())
                ),
                // Its text is the store's own; its meaning is not.
                None => assert_eq!(
                    json(&event.data),
                    json(entry.data.as_bytes()),
                    "position {}",
                    event.position
                ),
            }
        }
    }

    async fn restart(mut self, stopped: bool) -> Self {
        if stopped {
            self.node.stop().await;
        } else {
            let copy = folder();
            copy_files(self.directory.path(), copy.path());
            self.node.stop().await;
            self.directory = copy;
        }
        self.model.restart();
        self.node = start(self.directory.path()).unwrap();
        self
    }

    /// Everything once more, by each way there is.
    async fn finish(self) {
        self.read_all(Direction::Forwards, 0, usize::MAX, None).await;
        for name in STREAMS {
            for name in [name, &format!("$${name}")] {
                self.read_stream(name, Direction::Backwards, i64::MAX, usize::MAX).await;
            }
        }
        assert_eq!(self.node.health.fault(), None);
        self.node.stop().await;
        let mut log = self.model.log.iter().zip(1_u64..);
        offline::scan(self.directory.path(), 0, &mut |event| {
            let (entry, position) = log.next().unwrap();
            assert_eq!(
                (event.position, event.revision, &*event.stream),
                (position, entry.revision.cast_unsigned(), &*entry.stream)
            );
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(log.next().is_none());
        let report = offline::verify(self.directory.path(), &mut |_done, _all| {}).unwrap();
        assert_eq!(usize::try_from(report.streams).unwrap(), self.model.streams());
    }
}

fn span(direction: Direction, from: i64, shown: Span) -> Span {
    match direction {
        Direction::Forwards => Span {
            first: from.max(shown.first),
            ..shown
        },
        Direction::Backwards => Span {
            last: from.min(shown.last),
            ..shown
        },
    }
}

fn filter_of(chosen: Chosen) -> Filter {
    let pattern = |regex: &str| Rule::Pattern(Box::new(Pattern::try_new(regex).unwrap()));
    Filter {
        field: chosen.field,
        rule: match chosen.shape {
            Shape::Prefixes(prefixes) => Rule::Prefixes(prefixes),
            Shape::NoSystemNames => Rule::NoSystemNames,
            Shape::NotDollar => pattern(r"^(?!\$)"),
            Shape::Ends(end) => pattern(&format!("{end}$")),
        },
    }
}

fn json(data: &[u8]) -> Option<serde_json::Value> {
    serde_json::from_slice(data).ok()
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
            let mut pair = Pair::new();
            for step in steps {
                pair = pair.take(step).await;
            }
            pair.finish().await;
        });
        Ok(())
    });
    outcome.unwrap();
}
