//! Memory stays flat while the log grows. The figures of a long log, in minutes:
//! `LETOPIS_MEMORY_EVENTS=1000000,2000000,5000000,10000000 cargo test --release -p event-store-node --lib memory_stays -- --nocapture`.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use tempfile::TempDir;

use super::{Running, append, forwards, start};
use crate::offline;
use crate::storage::{Expected, Scope, acknowledged};

const APPEND: u128 = 500;
const AT_ONCE: u128 = 20;
const STREAMS: u128 = 200_000;

/// Sizes of the log at which its memory is looked at.
const STATIONS: &str = "LETOPIS_MEMORY_EVENTS";
const FEW: &str = "20000,40000,80000";
/// Set for the processes that this one starts.
const CHILD: &str = "LETOPIS_MEMORY_CHILD";
const NAME: &str = "storage::tests::memory::memory_stays_flat_while_the_log_grows";

/// A process for each station: what one start leaves to the allocator says nothing about the next.
#[tokio::test]
async fn memory_stays_flat_while_the_log_grows() {
    if let Ok(task) = std::env::var(CHILD) {
        let (events, directory) = task.split_once(' ').unwrap();
        return station(Path::new(directory), events.parse().unwrap()).await;
    }
    let directory = TempDir::new().unwrap();
    let stations = std::env::var(STATIONS).unwrap_or_else(|_absent| FEW.to_owned());
    for events in stations.split(',') {
        let child = Command::new(std::env::current_exe().unwrap())
            .args([NAME, "--exact", "--nocapture"])
            .env(CHILD, format!("{events} {}", directory.path().display()))
            .output()
            .unwrap();
        report(&String::from_utf8_lossy(&child.stdout));
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    }
    offline_rates(directory.path());
}

/// Goes on up to so many events, then reads all of them.
async fn station(directory: &Path, events: u128) {
    let begun = Instant::now();
    let node = start(directory).unwrap();
    let opened = begun.elapsed();
    let before = u128::try_from(*node.store.head().borrow()).unwrap();
    let (mut done, begun, at_start) = (before, Instant::now(), resident_kib());
    while done < events {
        fill(&node, done).await;
        done += APPEND * AT_ONCE;
    }
    let (appended, after_appends) = (rate(events - before, begun), resident_kib());
    let begun = Instant::now();
    read_all(&node, events).await;
    let (read, after_reads) = (rate(events, begun), resident_kib());
    report(&format!(
        "{events} events: opened {before} in {opened:?} ({at_start} KiB resident), appended {appended}/s \
         ({after_appends} KiB), read {read}/s ({after_reads} KiB)"
    ));
    assert_eq!(node.health.fault(), None);
    node.stop().await;
    let most = 192 * 1024;
    assert!(after_reads < most, "{after_reads} KiB are resident, more than {most}");
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

fn offline_rates(directory: &Path) {
    let head = acknowledged::read(directory).unwrap().unwrap().unsigned_abs().into();
    let begun = Instant::now();
    offline::verify(directory, &mut |_done, _all| {}).unwrap();
    report(&format!("verify: {} events/s", rate(head, begun)));
    let begun = Instant::now();
    offline::scan(directory, 1, &mut |_event| ControlFlow::Continue(())).unwrap();
    report(&format!("scan: {} events/s", rate(head, begun)));
    let begun = Instant::now();
    offline::stats(directory).unwrap();
    report(&format!("stats: {} events/s", rate(head, begun)));
    let target = TempDir::new_in(directory.parent().unwrap()).unwrap();
    let begun = Instant::now();
    offline::backup(directory, target.path(), &mut |_done, _all| {}).unwrap();
    report(&format!(
        "backup: {:?}, resident {} KiB",
        begun.elapsed(),
        resident_kib()
    ));
}

/// Per second.
fn rate(events: u128, begun: Instant) -> u128 {
    events * 1_000_000_000 / begun.elapsed().as_nanos()
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
