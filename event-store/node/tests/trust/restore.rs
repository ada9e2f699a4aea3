//! A log that is written anew out of another's events.

use std::ops::ControlFlow;
use std::path::Path;

use event_store_node::offline::{self, Restore, StoredEvent};
use event_store_node::{Node, NodeConfig, NodeError};
use kurrentdb::StreamState;
use tempfile::TempDir;

use crate::program::{Program, append, event};

fn events(data: &Path) -> Vec<StoredEvent> {
    let mut all = Vec::new();
    let head = offline::scan(data, 0, &mut |event| {
        all.push(event.clone());
        ControlFlow::Continue(())
    });
    assert_eq!(head.unwrap(), all.len() as u64);
    all
}

async fn history(data: &Path) -> Vec<StoredEvent> {
    let program = Program::start(data).await;
    let client = program.client();
    for (stream, id) in [("a-1", 1), ("b-1", 2), ("a-1", 3), ("c-1", 4), ("a-1", 5)] {
        append(&client, stream, StreamState::Any, vec![event(id, 50)])
            .await
            .unwrap();
    }
    client
        .delete_stream("b-1", &kurrentdb::DeleteStreamOptions::default())
        .await
        .unwrap();
    client
        .tombstone_stream("c-1", &kurrentdb::TombstoneStreamOptions::default())
        .await
        .unwrap();
    let (success, _) = program.stopped().await;
    assert!(success);
    events(data)
}

#[tokio::test]
async fn restored_log_is_the_same_event_for_event_and_serves() {
    let (old, new) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let before = history(old.path()).await;
    let target = new.path().join("log");
    // In two parts, as after a crash between two commits.
    for part in [&before[..3], &before[3..]] {
        let mut restore = Restore::open(&target).unwrap();
        for event in part {
            assert_eq!(restore.push(event).unwrap(), Some(event.position));
        }
        restore.finish().unwrap();
    }
    assert_eq!(events(&target), before);
    offline::verify(&target, &mut |_done, _all| {}).unwrap();
    let config = NodeConfig {
        data: target.clone(),
        listen: "127.0.0.1:0".parse().unwrap(),
    };
    let node = Node::start(config).await.unwrap();
    assert!(matches!(Restore::open(&target), Err(NodeError::InUse { .. })));
    node.stop().await.unwrap();
}

#[tokio::test]
async fn event_out_of_its_place_is_not_restored() {
    let (old, new) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let before = history(old.path()).await;
    let mut restore = Restore::open(new.path()).unwrap();
    let later = before.iter().find(|it| it.revision == 1).unwrap();
    assert_eq!(restore.push(later).unwrap(), None);
    for event in &before {
        restore.push(event).unwrap();
    }
    // Nothing follows a tombstone, and nothing is there twice.
    let dead = before.iter().find(|it| &*it.stream == "c-1").unwrap();
    assert_eq!(restore.push(dead).unwrap(), None);
    assert_eq!(restore.push(&before[0]).unwrap(), None);
    restore.finish().unwrap();
    assert_eq!(events(new.path()), before);
}
