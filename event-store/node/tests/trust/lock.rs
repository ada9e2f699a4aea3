//! Who may open a data directory.

use std::path::Path;

use event_store_node::{Node, NodeConfig, NodeError, offline};
use kurrentdb::StreamState;
use tempfile::TempDir;

use crate::program::{Program, append, event};

fn bytes(data: &Path) -> Option<Vec<u8>> {
    std::fs::read(data.join("events.db")).ok()
}

#[tokio::test]
async fn second_program_on_a_directory_is_refused() {
    let directory = TempDir::new().unwrap();
    let first = Program::start(directory.path()).await;
    let refusal = Program::try_start(directory.path(), "").await.err().unwrap();
    assert!(refusal.contains("is used by another running node"), "{refusal}");
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
    let config = NodeConfig {
        data: directory.path().to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
    };
    assert!(matches!(Node::start(config).await, Err(NodeError::InUse { .. })));
    assert!(matches!(
        offline::accept(directory.path(), &mut |_done, _all| {}),
        Err(NodeError::InUse { .. })
    ));
    append(&first.client(), "a-1", StreamState::NoStream, vec![event(1, 9)])
        .await
        .unwrap();
    first.killed().await;
    let (success, text) = Program::start(directory.path()).await.stopped().await;
    assert!(success, "{text}");
}

#[tokio::test]
async fn foreign_and_newer_files_are_refused_untouched() {
    let newer = TempDir::new().unwrap();
    let (success, _) = Program::start(newer.path()).await.stopped().await;
    assert!(success);
    let mut header = bytes(newer.path()).unwrap();
    // `user_version` in the header of SQLite files.
    header[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(newer.path().join("events.db"), header).unwrap();
    let foreign = TempDir::new().unwrap();
    std::fs::write(foreign.path().join("events.db"), "letters ".repeat(2000)).unwrap();
    for (directory, what) in [(newer, "has format 99"), (foreign, "belongs to another program")] {
        let before = bytes(directory.path());
        let refusal = Program::try_start(directory.path(), "").await.err().unwrap();
        assert!(refusal.contains(what) && refusal.contains("events.db"), "{refusal}");
        assert_eq!(bytes(directory.path()), before);
    }
}

#[tokio::test]
async fn running_node_can_be_checked_and_copied_and_a_lost_marker_made_good() {
    let directory = TempDir::new().unwrap();
    let program = Program::start(directory.path()).await;
    let client = program.client();
    for id in 1..=20 {
        append(&client, "a-1", StreamState::Any, vec![event(id, 50)])
            .await
            .unwrap();
    }
    let report = offline::verify(directory.path(), &mut |_done, _all| {}).unwrap();
    assert_eq!((report.events, report.streams, report.acknowledged), (20, 1, Some(20)));
    let stats = offline::stats(directory.path()).unwrap();
    assert_eq!((stats.events, stats.types["thing.happened"].bytes), (20, 1000));
    assert_eq!(stats.categories["a"].events, 20);

    let target = TempDir::new().unwrap();
    let copy = target.path().join("copy");
    let mut calls = 0;
    let report = offline::backup(directory.path(), &copy, &mut |_done, _all| calls += 1).unwrap();
    assert!(report.head == 20 && calls > 0);
    let again = offline::backup(directory.path(), &copy, &mut |_done, _all| {});
    assert!(matches!(again, Err(NodeError::TargetNotEmpty { .. })));
    append(&client, "a-1", StreamState::Any, vec![event(21, 50)])
        .await
        .unwrap();
    program.killed().await;

    let moved = Program::start(&copy).await;
    let written = append(
        &moved.client(),
        "a-1",
        StreamState::StreamRevision(19),
        vec![event(22, 50)],
    )
    .await;
    assert_eq!(written.unwrap().position.commit, 21);
    moved.killed().await;
    std::fs::remove_file(copy.join("acknowledged")).unwrap();
    let refusal = Program::try_start(&copy, "").await.err().unwrap();
    assert!(refusal.contains("acknowledged is missing"), "{refusal}");

    let accepted = Program::accept(&copy).await;
    assert_eq!(accepted, "accepted: 21 events without damage\n");
    let (success, text) = Program::start(&copy).await.stopped().await;
    assert!(success, "{text}");
}

#[tokio::test]
async fn log_in_a_file_has_no_codes_of_colours() {
    let directory = TempDir::new().unwrap();
    let program = Program::start(directory.path()).await;
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_event-store-node"))
        .args(["--log", "info", "--listen", "0.0.0.0:0", "--data"])
        .arg(directory.path())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("WARN") && said.contains("used by another running node"),
        "{said}"
    );
    assert!(!said.contains('\u{1b}'), "{said:?}");
    program.stopped().await;
}
