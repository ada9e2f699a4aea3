use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

use super::{change, start};
use crate::NodeError;
use crate::health::Health;
use crate::offline;
use crate::storage::acknowledged::{self, Marker};
use crate::storage::check::{self, Check, Depth};
use crate::storage::{Expected, data_file, schema, verify};

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
        // Whoever looks at the whole log names the first event, not the newest.
        let found = offline::verify(directory.path(), &mut |_done, _all| {}).unwrap_err();
        let first = if what.contains("position 3") { 1 } else { 2 };
        let expected = what.replace("position 3", &format!("position {first}"));
        assert!(found.to_string().starts_with(&expected), "{sql}: {found}");
    }
}

#[tokio::test]
async fn first_damaged_event_is_named_first_and_the_lost_end_beside_it() {
    let directory = with_three_events().await;
    change(directory.path(), "UPDATE events SET data = x'7b7d' WHERE pos IN (1, 2)");
    Marker::open(directory.path()).unwrap().write(4).unwrap();
    let found = offline::examine(directory.path(), 20, &mut |_done, _all| {}).unwrap();
    let said: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said[0].contains("position 1 of") && said[1].contains("position 2 of"),
        "{said:?}"
    );
    assert!(matches!(found.faults[2], NodeError::Behind { head: 3, .. }), "{said:?}");
    assert_eq!((found.report.events, found.report.acknowledged), (3, Some(4)));
    let first = offline::verify(directory.path(), &mut |_done, _all| {}).unwrap_err();
    assert_eq!(first, found.faults[0]);
}

#[tokio::test]
async fn empty_file_is_no_log_to_look_at_and_may_become_one() {
    let directory = TempDir::new().unwrap();
    let path = data_file(directory.path());
    std::fs::write(&path, "").unwrap();
    let empty = |fault: &NodeError| matches!(fault, NodeError::Empty { .. });
    let found = offline::verify(directory.path(), &mut |_done, _all| {}).unwrap_err();
    assert!(empty(&found) && found.to_string().contains("events.db"), "{found}");
    assert!(empty(&offline::stats(directory.path()).unwrap_err()));
    let target = TempDir::new().unwrap();
    assert!(empty(
        &offline::backup(directory.path(), target.path(), &mut |_done, _all| {}).unwrap_err()
    ));
    start(directory.path()).unwrap().stop().await;
    let report = offline::verify(directory.path(), &mut |_done, _all| {}).unwrap();
    assert_eq!((report.events, report.acknowledged), (0, Some(0)));
}

#[tokio::test]
async fn copy_that_is_broken_off_leaves_nothing_that_looks_like_a_log() {
    let directory = with_three_events().await;
    let target = TempDir::new().unwrap();
    // At every moment of the copy that can be looked at, as if it were killed then.
    let mut moments = 0;
    offline::backup(directory.path(), target.path(), &mut |_done, _all| {
        moments += 1;
        assert!(!data_file(target.path()).exists());
        let seen = offline::verify(target.path(), &mut |_done, _all| {});
        assert!(matches!(seen, Err(NodeError::NoLog { .. })), "{seen:?}");
    })
    .unwrap();
    assert!(moments > 1);
    let mut names: Vec<_> = std::fs::read_dir(target.path())
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["acknowledged", "events.db"]);

    let damaged = with_three_events().await;
    change(damaged.path(), "UPDATE events SET data = x'7b7d' WHERE pos = 2");
    let target = TempDir::new().unwrap();
    let failed = offline::backup(damaged.path(), target.path(), &mut |_done, _all| {});
    assert!(matches!(failed, Err(NodeError::Damaged { .. })), "{failed:?}");
    assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 0);
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
            let found = checked(directory.path(), depth).expect_err(sql).to_string();
            assert!(found.contains(what), "{sql}: {found}");
        }
    }
}

fn checked(directory: &Path, depth: Depth) -> Result<Check, NodeError> {
    let path: Arc<Path> = data_file(directory).into();
    let head = acknowledged::read(directory)?.unwrap();
    let (mut check, mut rows) = (Check::new(head), check::open(&path)?);
    while !check.is_done() {
        check.step(&mut rows, depth)?;
    }
    Ok(check)
}

/// More entries than fit into a page of the check, of one stream and of many.
async fn with_many_events() -> TempDir {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    for number in 0..100 {
        let ids: Vec<u128> = (number * 100..number * 100 + 100).collect();
        node.append("a-1", Expected::Any, &ids).await;
        let small = format!("b-{number}");
        node.append(&small, Expected::Any, &ids[..=number as usize % 3]).await;
    }
    node.stop().await;
    directory
}

#[tokio::test]
async fn check_goes_on_over_long_and_many_streams() {
    let directory = with_many_events().await;
    for depth in [Depth::RowsAndLookups, Depth::Rows] {
        let check = checked(directory.path(), depth).unwrap();
        assert_eq!((check.streams(), check.progress()), (101, 10_199));
    }
}

#[tokio::test]
async fn inner_page_that_leads_astray_is_found() {
    let directory = with_many_events().await;
    let path = data_file(directory.path());
    let root: u32 = Connection::open(&path)
        .unwrap()
        .query_one("SELECT rootpage FROM sqlite_master WHERE name = 'events'", [], |row| {
            row.get(0)
        })
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let root = root as usize;
    let page = &mut bytes[(root - 1) * 4096..root * 4096];
    // An inner page of a table: 12 bytes, then where each cell lies; a cell is a child and the last key under it.
    assert_eq!(page[0], 5);
    let cell = usize::from(u16::from_be_bytes([page[12], page[13]]));
    let length = page[cell + 4..].iter().position(|byte| byte & 0x80 == 0).unwrap();
    page[cell + 4 + length] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    for depth in [Depth::RowsAndLookups, Depth::Rows] {
        let found = checked(directory.path(), depth).err().unwrap();
        assert!(matches!(found, NodeError::Damaged { .. }), "{found}");
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
