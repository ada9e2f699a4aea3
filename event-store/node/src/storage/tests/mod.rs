mod damage;
mod memory;
mod model;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    Append, Appended, Direction, Expected, Field, Filter, NewEvent, Page, Query, Recorded, Rule, Scope, Span, Store,
    Threads, data_file, schema,
};
use crate::NodeError;
use crate::health::Health;

struct Running {
    store: Arc<Store>,
    threads: Threads,
    health: Health,
}

fn start(directory: &Path) -> Result<Running, NodeError> {
    let health = Health::new();
    let (store, threads) = Store::open(directory, health.clone())?;
    Ok(Running { store, threads, health })
}

impl Running {
    async fn append(&self, stream: &str, expected: Expected, ids: &[u128]) -> Appended {
        self.store.append(append(stream, expected, ids)).await.unwrap()
    }

    async fn page(&self, query: Query) -> Result<Page, NodeError> {
        self.store.page(query).await
    }

    async fn all(&self) -> Vec<Recorded> {
        let last = *self.store.head().borrow();
        self.page(forwards(Scope::All, 1, last)).await.unwrap().events
    }

    async fn stop(self) {
        self.store.ask_writer_to_stop().await;
        self.threads.join().unwrap();
    }
}

fn append(stream: &str, expected: Expected, ids: &[u128]) -> Append {
    let events = ids.iter().map(|id| NewEvent {
        id: Uuid::from_u128(*id),
        kind: format!("{}.happened", stream.split('-').next().unwrap_or_default()),
        is_json: id % 2 == 0,
        meta: Bytes::from_static(b"{\"actor\":\"a\"}"),
        data: Bytes::from(format!("{{\"id\":{id}}}")),
    });
    Append {
        stream: stream.into(),
        expected,
        events: events.collect(),
    }
}

fn forwards(scope: Scope, first: i64, last: i64) -> Query {
    Query {
        scope,
        direction: Direction::Forwards,
        span: Span { first, last },
        filter: None,
        limit: usize::MAX,
    }
}

fn success(revision: i64, position: i64) -> Appended {
    Appended::Success {
        revision: Some(revision),
        position: Some(position),
    }
}

fn change(directory: &Path, sql: &str) {
    Connection::open(data_file(directory))
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

#[tokio::test]
async fn expected_revisions_and_repeats() {
    use Expected::{Any, NoStream, Revision, StreamExists};
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    let wrong = |current| Appended::WrongExpectedVersion { current };
    let steps: [(&str, Expected, &[u128], Appended); 21] = [
        ("a-1", Revision(0), &[1], wrong(None)),
        ("a-1", StreamExists, &[1], wrong(None)),
        (
            "a-1",
            NoStream,
            &[],
            Appended::Success {
                revision: None,
                position: None,
            },
        ),
        ("a-1", NoStream, &[1, 2], success(1, 2)),
        ("a-1", NoStream, &[1, 2], success(1, 2)),
        ("a-1", NoStream, &[1], success(0, 1)),
        ("a-1", NoStream, &[1, 3], wrong(Some(1))),
        ("a-1", NoStream, &[1, 2, 3], wrong(Some(1))),
        ("a-1", NoStream, &[2, 1], wrong(Some(1))),
        ("a-1", NoStream, &[], wrong(Some(1))),
        ("a-1", Revision(1), &[3], success(2, 3)),
        ("a-1", Revision(2), &[4], success(3, 4)),
        // After the stream has grown.
        ("a-1", Revision(1), &[3], success(2, 3)),
        ("a-1", Revision(1), &[9], wrong(Some(3))),
        ("a-1", Revision(7), &[9], wrong(Some(3))),
        ("a-1", Revision(u64::MAX), &[9], wrong(Some(3))),
        ("a-1", StreamExists, &[5], success(4, 5)),
        ("a-1", Any, &[5], success(4, 5)),
        ("a-1", Any, &[4, 6], wrong(Some(4))),
        ("b-1", Any, &[5], success(0, 6)),
        (
            "a-1",
            Revision(4),
            &[],
            Appended::Success {
                revision: Some(4),
                position: None,
            },
        ),
    ];
    for (number, (stream, expected, ids, answer)) in steps.into_iter().enumerate() {
        assert_eq!(
            node.append(stream, expected, ids).await,
            answer,
            "step {number}: {stream} {expected:?} {ids:?}"
        );
    }
    assert_eq!(node.all().await.len(), 6);
    node.stop().await;
}

#[tokio::test]
async fn restart_keeps_everything() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    for number in 0..20 {
        node.append(&format!("a-{}", number % 3), Expected::Any, &[number])
            .await;
    }
    let before = node.all().await;
    node.stop().await;

    let node = start(directory.path()).unwrap();
    assert_eq!(node.all().await, before);
    assert_eq!(node.append("a-0", Expected::Revision(6), &[100]).await, success(7, 21));
    assert_eq!(node.append("a-0", Expected::NoStream, &[0]).await, success(0, 1));
    assert_eq!(
        node.store.stream("a-2".into()).await.unwrap().map(|(_, last)| last),
        Some(5)
    );
    assert_eq!(node.health.fault(), None);
    node.stop().await;
}

#[tokio::test]
async fn concurrent_appends_get_dense_positions() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200_u128 {
        let store = Arc::clone(&node.store);
        // Every second one is refused, which must not undo its neighbours in the same commit.
        let expected = if number % 2 == 0 {
            Expected::NoStream
        } else {
            Expected::StreamExists
        };
        tasks.spawn(async move {
            store
                .append(append(&format!("a-{number}"), expected, &[number]))
                .await
                .unwrap()
        });
    }
    let answers = tasks.join_all().await;
    assert_eq!(
        answers
            .iter()
            .filter(|answer| matches!(answer, Appended::Success { .. }))
            .count(),
        100
    );
    let positions: Vec<i64> = node.all().await.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=100).collect::<Vec<_>>());
    node.stop().await;
}

#[tokio::test]
async fn pages_join_without_gap_or_repeat() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    for number in 0..10_u128 {
        let ids: Vec<u128> = (number * 100..number * 100 + 70).collect();
        let stream = if number % 5 == 0 { "even-1" } else { "odd-1" };
        node.append(stream, Expected::Any, &ids).await;
    }
    let filter = Filter {
        field: Field::EventType,
        rule: Rule::Prefixes(vec!["even.".to_owned()]),
    };
    let filter = Some(Arc::new(filter));
    for (filter, direction, count) in [
        (None, Direction::Forwards, 700),
        (None, Direction::Backwards, 700),
        (filter.clone(), Direction::Forwards, 140),
        (filter, Direction::Backwards, 140),
    ] {
        let mut query = Query {
            direction,
            filter,
            ..forwards(Scope::All, 1, 700)
        };
        let mut seen = Vec::new();
        while !query.span.is_empty() {
            let page = node.page(query.clone()).await.unwrap();
            seen.extend(page.events.iter().map(|event| event.position));
            query.span = page.rest;
        }
        assert_eq!(seen.len(), count);
        assert!(seen.is_sorted_by(|a, b| if direction == Direction::Forwards { a < b } else { a > b }));
    }
    node.stop().await;
}

#[tokio::test]
async fn writer_that_meets_an_error_stops_for_good() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    node.append("a-1", Expected::NoStream, &[1]).await;
    change(directory.path(), "DROP TABLE events");
    let failed = node.store.append(append("a-1", Expected::Any, &[2])).await.unwrap_err();
    assert!(matches!(failed, NodeError::CannotWrite { .. }), "{failed}");
    assert_eq!(
        node.store.append(append("b-1", Expected::Any, &[3])).await,
        Err(failed.clone())
    );
    assert_eq!(node.health.failed().await, failed);
    assert_eq!(node.store.ended().await, failed);
}

#[tokio::test]
async fn second_start_in_the_same_directory_is_refused() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    assert!(matches!(start(directory.path()), Err(NodeError::InUse { .. })));
    node.stop().await;
    start(directory.path()).unwrap().stop().await;
}

#[test]
fn files_of_others_and_newer_ones_are_refused_and_left_alone() {
    let newer = format!(
        "PRAGMA application_id = {}; PRAGMA user_version = {}",
        schema::APPLICATION_ID,
        schema::FORMAT + 1
    );
    let cases = [
        ("CREATE TABLE t (x)", "found 0x00000000"),
        ("PRAGMA application_id = 7", "found 0x00000007"),
        (newer.as_str(), "has format 3, this program knows formats up to 2"),
    ];
    for (sql, text) in cases {
        let directory = TempDir::new().unwrap();
        change(directory.path(), sql);
        let before = std::fs::read(data_file(directory.path())).unwrap();
        let refusal = start(directory.path()).err().unwrap().to_string();
        assert!(refusal.contains(text) && refusal.contains("events.db"), "{refusal}");
        assert_eq!(std::fs::read(data_file(directory.path())).unwrap(), before);
    }
    let directory = TempDir::new().unwrap();
    std::fs::write(data_file(directory.path()), "no database at all".repeat(100)).unwrap();
    assert!(matches!(start(directory.path()), Err(NodeError::Foreign { .. })));
}
