//! Killed at any moment under load. `LETOPIS_KILL_ROUNDS` sets how often.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use event_store_node::offline;
use kurrentdb::{Client, StreamState};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::program::{Program, append, event};
use crate::random::{Random, from_environment};

const WRITERS: u128 = 64;

/// Stream, revision and position of the last event of an append that was answered, by its ids.
#[derive(Debug)]
struct Acknowledged {
    stream: String,
    revision: u64,
    position: u64,
    ids: Vec<u128>,
}

/// One writer: appends to a stream of its own and to one that all share, each with new ids, until the node is gone.
async fn write(client: Client, writer: u128, round: u128, stop: CancellationToken) -> Vec<Acknowledged> {
    let mut acknowledged = Vec::new();
    for number in 0_u128.. {
        let shared = number % 4 == 3;
        let stream = if shared {
            "shared-1".to_owned()
        } else {
            format!("own-{writer}")
        };
        let first = (round << 64) | (writer << 32) | (number << 4);
        let ids: Vec<u128> = (first..=first + number % 3).collect();
        let events = ids
            .iter()
            .map(|id| event(*id, 100 + usize::try_from(number % 50).unwrap() * 8))
            .collect();
        let answer = tokio::select! {
            answer = append(&client, &stream, StreamState::Any, events) => answer,
            () = stop.cancelled() => break,
        };
        let Ok(written) = answer else { break };
        acknowledged.push(Acknowledged {
            stream,
            revision: written.next_expected_version,
            position: written.position.commit,
            ids,
        });
    }
    acknowledged
}

async fn round(data: &Path, number: u128, after: Duration) -> Vec<Acknowledged> {
    let program = Program::start(data).await;
    let client = program.client();
    let stop = CancellationToken::new();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(client.clone(), writer, number, stop.clone()));
    }
    // The moment is what is random; nothing is waited for.
    tokio::time::sleep(after).await;
    program.killed().await;
    // Answers that are under way still count; then nobody waits for a node that does not come back.
    tokio::time::sleep(Duration::from_millis(20)).await;
    stop.cancel();
    writers.join_all().await.into_iter().flatten().collect()
}

type Found = HashMap<u128, (String, u64, u64)>;

/// Every event of the log, after a check that nothing is missing or twice.
fn everything(data: &Path) -> Found {
    let mut found = Found::new();
    let mut next: BTreeMap<Arc<str>, u64> = BTreeMap::new();
    let mut position = 0;
    offline::scan(data, 0, &mut |event| {
        position += 1;
        assert_eq!(event.position, position);
        let revision = next.entry(Arc::clone(&event.stream)).or_default();
        assert_eq!(event.revision, *revision, "position {position}");
        *revision += 1;
        let place = (event.stream.to_string(), event.revision, event.position);
        assert_eq!(found.insert(event.id.as_u128(), place), None, "{} twice", event.id);
        ControlFlow::Continue(())
    })
    .unwrap();
    found
}

fn check(found: &Found, acknowledged: &[Acknowledged]) {
    let mut seen = HashSet::new();
    for append in acknowledged {
        for (back, id) in (0..).zip(append.ids.iter().rev()) {
            let place = (append.stream.clone(), append.revision - back, append.position - back);
            assert_eq!(found.get(id), Some(&place), "acknowledged {append:?}");
            assert!(seen.insert(*id));
        }
    }
}

#[tokio::test]
async fn killed_node_keeps_each_acknowledged_event_once() {
    let directory = TempDir::new().unwrap();
    let rounds = from_environment("LETOPIS_KILL_ROUNDS", 10);
    let mut random = Random::seeded(from_environment("LETOPIS_KILL_SEED", 1));
    let mut acknowledged = Vec::new();
    for number in 1..=rounds {
        let after = Duration::from_millis(random.below(400));
        acknowledged.extend(round(directory.path(), number.into(), after).await);
    }
    let (success, text) = Program::start(directory.path()).await.stopped().await;
    assert!(success, "{text}");
    let found = everything(directory.path());
    check(&found, &acknowledged);
    assert!(
        acknowledged.len() as u64 > rounds,
        "only {} appends",
        acknowledged.len()
    );
    let report = offline::verify(directory.path(), &mut |_done, _all| {}).unwrap();
    assert_eq!(report.events, found.len() as u64);
    eprint(rounds, acknowledged.len(), found.len());
}

#[expect(clippy::print_stderr, reason = "a long run wants its figures")]
fn eprint(rounds: u64, acknowledged: usize, found: usize) {
    eprintln!("{rounds} rounds: {acknowledged} appends acknowledged, {found} events found");
}
