mod append;
mod damage;
mod deletion;
mod faults;
mod links;
mod memory;
mod model;
mod truncation;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    Append, Appended, Delete, Deletion, Direction, Expected, Field, Filter, Found, NewEvent, Page, Query, Recorded,
    Rule, Scope, Span, Store, Threads, data_file,
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

    async fn metadata(&self, stream: &str, number: u128, data: &str) -> Appended {
        let mut append = append(&format!("$${stream}"), Expected::Any, &[number]);
        append.events[0].kind = "$metadata".to_owned();
        append.events[0].data = Bytes::copy_from_slice(data.as_bytes());
        self.store.append(append).await.unwrap()
    }

    async fn delete(&self, stream: &str, expected: Expected, kind: Deletion) -> Appended {
        let delete = Delete {
            stream: stream.into(),
            expected,
            kind,
        };
        self.store.delete(delete).await.unwrap()
    }

    async fn found(&self, stream: &str) -> Found {
        self.store.stream(stream.into()).await.unwrap()
    }

    /// Revisions of the first to the last event shown.
    async fn shown(&self, stream: &str) -> Option<(i64, i64)> {
        match self.found(stream).await {
            Found::Stream { first, last, .. } => Some((first, last)),
            Found::Nothing => None,
            Found::Tombstoned => panic!("{stream} has a tombstone"),
        }
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
        resolve_links: false,
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
    assert!(matches!(
        node.found("a-2").await,
        Found::Stream { first: 0, last: 5, .. }
    ));
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
