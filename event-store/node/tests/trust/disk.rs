//! A disk that takes no more.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use event_store_node::offline;
use kurrentdb::StreamState;
use tempfile::TempDir;

use crate::program::{Program, append, event};

/// Appends until it fails; the ids that were acknowledged.
async fn fill(program: &Program, from: u128) -> Vec<u128> {
    let client = program.client();
    let mut acknowledged = Vec::new();
    for id in from..from + 100_000 {
        let written = append(&client, "a-1", StreamState::Any, vec![event(id, 4000)]).await;
        if written.is_err() {
            return acknowledged;
        }
        acknowledged.push(id);
    }
    panic!("the disk never got full")
}

fn ids(data: &Path) -> Vec<u128> {
    let mut ids = Vec::new();
    offline::scan(data, 0, &mut |event| {
        ids.push(event.id.as_u128());
        ControlFlow::Continue(())
    })
    .unwrap();
    ids
}

/// What must hold after `program` met the end of its space: it ended with one line, and what it acknowledged is there
/// once there is space again.
async fn check(program: Program, data: &Path, acknowledged: &[u128], more_space: impl FnOnce()) {
    assert!(!acknowledged.is_empty());
    let (success, text) = program.ended().await;
    assert!(!success && text.contains("cannot write"), "{text}");
    assert!(text.contains("free space") && text.lines().count() == 1, "{text}");
    more_space();
    let program = Program::start(data).await;
    let written = append(
        &program.client(),
        "b-1",
        StreamState::NoStream,
        vec![event(1 << 100, 4000)],
    )
    .await;
    written.unwrap();
    let (success, text) = program.stopped().await;
    assert!(success, "{text}");
    let mut found = ids(data);
    assert_eq!(found.pop(), Some(1 << 100));
    // The append that was not answered may be there or not.
    assert!(found.len() <= acknowledged.len() + 1);
    assert_eq!(&found[..acknowledged.len()], acknowledged);
    offline::verify(data, &mut |_done, _all| {}).unwrap();
}

/// A limit for the size of files is the end of space that any user can make.
#[tokio::test]
async fn file_that_may_not_grow_stops_the_node_and_loses_nothing() {
    let directory = TempDir::new().unwrap();
    // In blocks of 512 bytes; without the trap the signal would end the program before SQLite sees the error.
    let limited = "trap '' XFSZ; ulimit -f 4000";
    let program = Program::try_start(directory.path(), limited).await.unwrap();
    let acknowledged = fill(&program, 1).await;
    check(program, directory.path(), &acknowledged, || {}).await;
}

struct Mount(TempDir);

impl Mount {
    /// `None` where this user may not mount.
    fn try_new() -> Option<Self> {
        let directory = TempDir::new().unwrap();
        mount(directory.path(), "size=6m").then(|| Self(directory))
    }

    fn grow(&self) {
        assert!(mount(self.0.path(), "remount,size=64m"));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        Command::new("umount").arg(self.0.path()).status().ok();
    }
}

fn mount(directory: &Path, options: &str) -> bool {
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(directory)
        .output();
    mount.is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn full_disk_stops_the_node_and_loses_nothing() {
    let Some(mount) = Mount::try_new() else {
        // The limit above tests the same without rights.
        return;
    };
    let data = mount.0.path().join("data");
    let program = Program::start(&data).await;
    let acknowledged = fill(&program, 1).await;
    check(program, &data, &acknowledged, || mount.grow()).await;
}
