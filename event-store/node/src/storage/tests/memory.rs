//! A measurement rather than a test: `cargo test --release -p event-store-node --lib ten_million -- --ignored --nocapture`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Running, append, forwards, start};
use crate::offline;
use crate::storage::{Expected, Scope, acknowledged};

const APPEND: u128 = 500;
const AT_ONCE: u128 = 20;
const STREAMS: u128 = 200_000;

/// In 100,000s of events.
const STATIONS: [u128; 3] = [10, 50, 100];

#[tokio::test]
#[ignore = "takes minutes"]
async fn ten_million_events_keep_memory_flat() {
    let directory = TempDir::new().unwrap();
    let mut after_append = Vec::new();
    let mut events = 0;
    for station in STATIONS {
        let begun = Instant::now();
        let node = start(directory.path()).unwrap();
        let opened = begun.elapsed();
        assert!(opened < Duration::from_secs(1), "opening took {opened:?}");
        let (begun, before) = (Instant::now(), events);
        while events < station * 100_000 {
            fill(&node, events).await;
            events += APPEND * AT_ONCE;
        }
        let rate = (events - before) as f64 / begun.elapsed().as_secs_f64();
        let appended = resident_kib();
        let begun = Instant::now();
        read_all(&node, events).await;
        let read = events as f64 / begun.elapsed().as_secs_f64();
        report(&format!(
            "{events} events: opened in {opened:?}, appended {rate:.0}/s, resident {appended} KiB; \
             read {read:.0}/s, resident {} KiB",
            resident_kib()
        ));
        assert_eq!(node.health.fault(), None);
        node.stop().await;
        after_append.push(resident_kib());
    }
    offline_rates(directory.path());
    let (first, last) = (after_append[0], after_append[after_append.len() - 1]);
    assert!(
        last < first + 64 * 1024,
        "resident memory grew from {first} to {last} KiB"
    );
}

/// Appends of many streams at once, as a busy node gets them.
async fn fill(node: &Running, from: u128) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..AT_ONCE {
        let store = Arc::clone(&node.store);
        let first = from + number * APPEND;
        tasks.spawn(async move {
            // Streams of some events each, scattered over the index.
            for part in 0..APPEND / 5 {
                let ids: Vec<u128> = (first + part * 5..first + part * 5 + 5).collect();
                let stream = format!("ticket-{}", (first / 5 + part).wrapping_mul(7_919) % STREAMS);
                store.append(append(&stream, Expected::Any, &ids)).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
}

async fn read_all(node: &Running, events: u128) {
    let mut query = forwards(Scope::All, 1, i64::try_from(events).unwrap());
    while !query.span.is_empty() {
        query.span = node.page(query.clone()).await.unwrap().rest;
    }
}

fn offline_rates(directory: &std::path::Path) {
    let head = acknowledged::read(directory).unwrap().unwrap() as f64;
    let begun = Instant::now();
    offline::verify(directory, &mut |_done, _all| {}).unwrap();
    report(&format!("verify: {:.0} events/s", head / begun.elapsed().as_secs_f64()));
    let begun = Instant::now();
    offline::scan(directory, 1, &mut |_event| std::ops::ControlFlow::Continue(())).unwrap();
    report(&format!("scan: {:.0} events/s", head / begun.elapsed().as_secs_f64()));
    let begun = Instant::now();
    offline::stats(directory).unwrap();
    report(&format!("stats: {:.0} events/s", head / begun.elapsed().as_secs_f64()));
    let target = TempDir::new_in(directory.parent().unwrap()).unwrap();
    let begun = Instant::now();
    offline::backup(directory, target.path(), &mut |_done, _all| {}).unwrap();
    report(&format!(
        "backup: {:?}, resident {} KiB",
        begun.elapsed(),
        resident_kib()
    ));
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[expect(clippy::print_stdout, reason = "the figures are what this is for")]
fn report(line: &str) {
    println!("{line}");
}
