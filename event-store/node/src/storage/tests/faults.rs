use tempfile::TempDir;

use super::super::{Expected, data_file, schema};
use super::{append, change, start};
use crate::NodeError;

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
