use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::acknowledged::{self, Marker};
use super::check::{self, Check, Depth};
use super::{
    Append, Appended, Direction, Expected, Field, Filter, NewEvent, Page, Query, Recorded, Rule, Scope, Span, Store,
    Threads, data_file, schema, verify,
};
use crate::NodeError;
use crate::health::Health;
use crate::offline;

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
async fn changed_row_is_found_before_the_start() {
    let cases = [
        (
            "UPDATE events SET data = x'7b7d' WHERE pos = 2",
            "event at position 2 of stream \"a-1\"",
        ),
        (
            "UPDATE events SET created = created + 1 WHERE pos = 2",
            "event at position 2 of stream \"a-1\"",
        ),
        (
            "UPDATE events SET id = x'00' WHERE pos = 2",
            "event at position 2 of stream \"a-1\"",
        ),
        ("DELETE FROM events WHERE pos = 2", "event at position 2 is missing"),
        (
            "UPDATE streams SET name = 'a-2'",
            "event at position 3 of stream \"a-2\"",
        ),
        (
            "DELETE FROM types",
            "event at position 3 has lost its stream name or its type",
        ),
    ];
    for (sql, what) in cases {
        let directory = with_three_events().await;
        change(directory.path(), sql);
        let refusal = start(directory.path()).err().unwrap().to_string();
        assert!(
            refusal.contains(what) && refusal.contains("restore the data from a backup"),
            "{sql}: {refusal}"
        );
        let found = offline::verify(directory.path(), &mut |_done, _all| {}).unwrap_err();
        assert_eq!(found.to_string(), refusal);
    }
}

#[tokio::test]
async fn damage_behind_the_start_is_found_by_the_background_check() {
    let directory = with_three_events().await;
    let health = Health::new();
    change(directory.path(), "UPDATE events SET data = x'7b7d' WHERE pos = 2");
    let path = data_file(directory.path()).into();
    let (_stop, stopped) = std::sync::mpsc::channel();
    verify::start(&path, Check::new(3), health.clone(), stopped).unwrap();
    let fault = health.failed().await.to_string();
    assert!(fault.contains("event at position 2 of stream \"a-1\""), "{fault}");
}

/// Each change leaves the rows as they were: only what finds them is wrong.
#[tokio::test]
async fn damaged_index_is_found_and_named() {
    let cases = [
        (
            "sqlite_autoindex_events_1",
            "DELETE FROM shadow WHERE a = 1 AND b = 1",
            [
                "event at position 2 is not found as revision 1",
                "revision 2 of the stream",
            ],
        ),
        (
            "sqlite_autoindex_events_1",
            "UPDATE shadow SET c = 3 WHERE b = 1",
            [
                "event at position 2 is not found as revision 1",
                "event at position 2 is not found",
            ],
        ),
        (
            "sqlite_autoindex_events_1",
            "INSERT INTO shadow VALUES (1, 3, 2)",
            ["has an entry of no event", "has an entry of no event"],
        ),
        (
            "sqlite_autoindex_events_1",
            "INSERT INTO shadow VALUES (1, 3, 4)",
            [
                "the index knows an event at position 4",
                "the index knows an event at position 4",
            ],
        ),
        (
            "sqlite_autoindex_streams_1",
            "DELETE FROM shadow",
            [
                "stream \"a-1\" of the event at position 1 is not found",
                "stream \"a-1\" is not found by its name",
            ],
        ),
        (
            "sqlite_autoindex_streams_1",
            "INSERT INTO shadow VALUES ('b-1', 1)",
            [
                "stream \"b-1\" is not found by its id",
                "stream \"b-1\" is not found by its id",
            ],
        ),
    ];
    for (index, sql, whats) in cases {
        let directory = with_three_events().await;
        change_index(directory.path(), index, sql);
        for (depth, what) in [Depth::RowsAndLookups, Depth::Rows].into_iter().zip(whats) {
            let path: Arc<Path> = data_file(directory.path()).into();
            let (mut check, mut rows) = (Check::new(3), check::open(&path).unwrap());
            let mut found = Ok(());
            while found.is_ok() && !check.is_done() {
                found = check.step(&mut rows, depth);
            }
            let found = found.expect_err(sql).to_string();
            assert!(found.contains(what), "{sql}: {found}");
        }
    }
}

#[tokio::test]
async fn damaged_page_is_found() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    for number in 0..50 {
        node.append(
            "a-1",
            Expected::Any,
            &(number * 100..number * 100 + 50).collect::<Vec<_>>(),
        )
        .await;
    }
    node.stop().await;
    let path = data_file(directory.path());
    let mut bytes = std::fs::read(&path).unwrap();
    // A page header in the middle of the file.
    let page = bytes.len() / 4096 / 2 * 4096;
    bytes[page..page + 8].fill(0xff);
    std::fs::write(&path, bytes).unwrap();

    let refusal = start(directory.path()).err().unwrap();
    assert!(matches!(refusal, NodeError::Damaged { .. }), "{refusal}");
}

#[tokio::test]
async fn log_that_ends_before_its_acknowledged_end_is_refused_and_left_alone() {
    let directory = with_three_events().await;
    let marker = acknowledged::file(directory.path());
    Marker::open(directory.path()).unwrap().write(4).unwrap();
    let before = std::fs::read(data_file(directory.path())).unwrap();
    let refusal = start(directory.path()).err().unwrap().to_string();
    assert!(
        refusal.contains("position 3") && refusal.contains("position 4"),
        "{refusal}"
    );
    assert_eq!(std::fs::read(data_file(directory.path())).unwrap(), before);

    std::fs::write(&marker, "no position").unwrap();
    assert!(matches!(start(directory.path()), Err(NodeError::MarkerDamaged { .. })));
    std::fs::remove_file(&marker).unwrap();
    assert!(matches!(start(directory.path()), Err(NodeError::MarkerMissing { .. })));

    let report = offline::accept(directory.path(), &mut |_done, _all| {}).unwrap();
    assert_eq!(report.acknowledged, Some(3));
    start(directory.path()).unwrap().stop().await;

    std::fs::remove_file(data_file(directory.path())).unwrap();
    let refusal = start(directory.path()).err().unwrap();
    assert!(matches!(refusal, NodeError::Behind { head: 0, .. }), "{refusal}");
    assert!(!data_file(directory.path()).exists());
}

#[tokio::test]
async fn log_of_format_1_gets_its_marker() {
    let directory = with_three_events().await;
    std::fs::remove_file(acknowledged::file(directory.path())).unwrap();
    change(directory.path(), "PRAGMA user_version = 1");
    let report = offline::verify(directory.path(), &mut |_done, _all| {}).unwrap();
    assert_eq!((report.format, report.acknowledged), (1, None));

    let node = start(directory.path()).unwrap();
    assert_eq!(acknowledged::read(directory.path()), Ok(Some(3)));
    node.append("a-1", Expected::Revision(2), &[4]).await;
    assert_eq!(acknowledged::read(directory.path()), Ok(Some(4)));
    node.stop().await;
    let report = offline::verify(directory.path(), &mut |_done, _all| {}).unwrap();
    assert_eq!((report.format, report.acknowledged), (schema::FORMAT, Some(4)));
}

async fn with_three_events() -> TempDir {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    node.append("a-1", Expected::NoStream, &[1, 2, 3]).await;
    node.stop().await;
    directory
}

/// An index cannot be changed by SQL; a table without row ids that is declared over its pages can.
fn change_index(directory: &Path, index: &str, sql: &str) {
    let connection = Connection::open(data_file(directory)).unwrap();
    let root: i64 = connection
        .query_one("SELECT rootpage FROM sqlite_master WHERE name = ?1", [index], |row| {
            row.get(0)
        })
        .unwrap();
    let table = if index.contains("events") {
        "CREATE TABLE shadow (a INTEGER, b INTEGER, c INTEGER, PRIMARY KEY (a, b, c)) WITHOUT ROWID"
    } else {
        "CREATE TABLE shadow (a TEXT, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID"
    };
    connection
        .execute_batch(&format!(
            "PRAGMA writable_schema = ON;
             INSERT INTO sqlite_master VALUES ('table', 'shadow', 'shadow', {root}, '{table}');"
        ))
        .unwrap();
    drop(connection);
    let connection = Connection::open(data_file(directory)).unwrap();
    connection
        .execute_batch(&format!(
            "{sql}; PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'shadow';"
        ))
        .unwrap();
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
