use tempfile::TempDir;

use super::super::{Expected, Scope, data_file, schema};
use super::{append, change, forwards, start};
use crate::NodeError;

#[tokio::test]
async fn changed_row_is_found_by_reads_and_by_the_check() {
    let cases = [
        (
            "UPDATE events SET data = x'7b7d' WHERE pos = 2",
            "event at position 2 of stream \"a-1\"",
        ),
        (
            "UPDATE events SET created = created + 1 WHERE pos = 2",
            "event at position 2 of stream \"a-1\"",
        ),
        ("UPDATE events SET id = x'00' WHERE pos = 2", "damaged page or row"),
        ("DELETE FROM events WHERE pos = 2", "event at position 2 is missing"),
        (
            "UPDATE streams SET name = 'a-2'",
            "event at position 1 of stream \"a-2\"",
        ),
        (
            "DELETE FROM types",
            "event at position 1 has lost its stream name or its type",
        ),
    ];
    for (sql, what) in cases {
        let directory = TempDir::new().unwrap();
        let node = start(directory.path()).unwrap();
        node.append("a-1", Expected::NoStream, &[1, 2, 3]).await;
        node.stop().await;
        change(directory.path(), sql);

        let node = start(directory.path()).unwrap();
        let found = node.health.failed().await.to_string();
        assert!(
            found.contains(what) && found.contains("restore the data from a backup"),
            "{sql}: {found}"
        );
        let read = node.page(forwards(Scope::All, 1, 3)).await.unwrap_err().to_string();
        assert_eq!(read, found);
        node.stop().await;
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

    let node = start(directory.path()).unwrap();
    let found = node.health.failed().await;
    assert!(matches!(found, NodeError::Damaged { .. }), "{found}");
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
        (newer.as_str(), "has format 2, this program knows formats up to 1"),
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
