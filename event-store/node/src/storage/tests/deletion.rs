use tempfile::TempDir;

use super::super::{Appended, Deletion, Expected, Found};
use super::{Running, start, success};
use Deletion::{Soft, Tombstone};
use Expected::{Any, NoStream, Revision, StreamExists};

const NOTHING: Appended = Appended::Success {
    revision: None,
    position: None,
};

fn wrong(current: Option<i64>) -> Appended {
    Appended::WrongExpectedVersion { current }
}

async fn newest_metadata(node: &Running, stream: &str) -> String {
    let metastream = format!("$${stream}");
    let all = node.all().await;
    let newest = all.iter().rfind(|event| *event.stream == *metastream).unwrap();
    String::from_utf8(newest.data.clone()).unwrap()
}

#[tokio::test]
async fn deleted_stream_begins_anew_after_its_last_revision() {
    let directory = TempDir::new().unwrap();
    let mut node = start(directory.path()).unwrap();
    node.append("a-1", NoStream, &[1, 2, 3]).await;
    node.metadata("a-1", 100, r#"{"$acl":{"$r":"x"},"$maxCount":50}"#).await;
    assert_eq!(node.delete("a-1", Revision(1), Soft).await, wrong(Some(2)));
    assert_eq!(node.delete("a-1", NoStream, Soft).await, wrong(Some(2)));
    assert_eq!(node.delete("a-1", Revision(2), Soft).await, success(2, 5));
    let deleted = r#"{"$acl":{"$r":"x"},"$maxCount":50,"$tb":9223372036854775807}"#;
    assert_eq!(newest_metadata(&node, "a-1").await, deleted);

    // What the writer knows must also come from the file.
    for restart in [false, true] {
        if restart {
            node.stop().await;
            node = start(directory.path()).unwrap();
        }
        assert_eq!(node.found("a-1").await, Found::Nothing);
        assert_eq!(node.append("a-1", StreamExists, &[9]).await, Appended::StreamDeleted);
        assert_eq!(node.append("a-1", Revision(1), &[9]).await, wrong(Some(2)));
        assert_eq!(node.append("a-1", NoStream, &[]).await, NOTHING);
        assert_eq!(node.delete("a-1", StreamExists, Soft).await, Appended::StreamDeleted);
        // A repeated deletion is the first one.
        for expected in [Any, NoStream, Revision(2)] {
            assert_eq!(node.delete("a-1", expected, Soft).await, success(2, 5));
        }
    }
    assert_eq!(node.append("a-1", NoStream, &[4]).await, success(3, 7));
    let anew = r#"{"$acl":{"$r":"x"},"$maxCount":50,"$tb":3}"#;
    assert_eq!(newest_metadata(&node, "a-1").await, anew);
    assert_eq!(node.shown("a-1").await, Some((3, 3)));
    assert_eq!(node.append("a-1", StreamExists, &[5]).await, success(4, 8));
    assert_eq!(node.delete("a-1", Any, Soft).await, success(4, 9));
    assert_eq!(node.append("a-1", Any, &[6]).await, success(5, 11));
    assert_eq!(node.shown("a-1").await, Some((5, 5)));
    assert_eq!(node.all().await.len(), 11);
    node.stop().await;
}

#[tokio::test]
async fn stream_that_never_was_cannot_be_deleted_unless_for_ever() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    node.metadata("a-2", 1, "{}").await;
    for stream in ["a-1", "a-2"] {
        for expected in [Any, NoStream, StreamExists, Revision(0), Revision(u64::MAX)] {
            assert_eq!(node.delete(stream, expected, Soft).await, wrong(None));
        }
        assert_eq!(node.delete(stream, Revision(0), Tombstone).await, wrong(None));
    }
    assert_eq!(node.delete("a-1", StreamExists, Tombstone).await, wrong(None));
    let buried = |position| Appended::Success {
        revision: None,
        position: Some(position),
    };
    assert_eq!(node.delete("a-1", NoStream, Tombstone).await, buried(2));
    assert_eq!(node.delete("a-2", StreamExists, Tombstone).await, buried(3));
    node.stop().await;
}

#[tokio::test]
async fn metadata_may_delete_a_stream_that_never_was() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    node.metadata("a-1", 1, r#"{"$tb":9223372036854775807}"#).await;
    assert_eq!(node.append("a-1", StreamExists, &[1]).await, Appended::StreamDeleted);
    assert_eq!(node.append("a-1", NoStream, &[1]).await, success(0, 3));
    assert_eq!(newest_metadata(&node, "a-1").await, r#"{"$tb":0}"#);
    assert_eq!(node.shown("a-1").await, Some((0, 0)));
    node.stop().await;
}

#[tokio::test]
async fn tombstone_ends_a_stream_and_its_metadata_for_ever() {
    let directory = TempDir::new().unwrap();
    let mut node = start(directory.path()).unwrap();
    node.append("a-1", NoStream, &[1]).await;
    node.metadata("a-1", 100, "{}").await;
    node.append("a-2", NoStream, &[2]).await;
    node.delete("a-2", Any, Soft).await;
    assert_eq!(node.delete("a-1", Revision(3), Tombstone).await, wrong(Some(0)));
    assert_eq!(
        node.delete("a-2", StreamExists, Tombstone).await,
        Appended::StreamDeleted
    );
    assert_eq!(node.delete("a-1", Revision(0), Tombstone).await, success(0, 5));
    assert_eq!(node.delete("a-2", NoStream, Tombstone).await, success(0, 6));
    assert!(matches!(
        node.delete("a-3", Any, Tombstone).await,
        Appended::Success { position: Some(7), .. }
    ));
    for restart in [false, true] {
        if restart {
            node.stop().await;
            node = start(directory.path()).unwrap();
        }
        for stream in ["a-1", "a-2", "a-3"] {
            for expected in [
                Any,
                NoStream,
                StreamExists,
                Revision(0),
                Revision(i64::MAX.cast_unsigned()),
            ] {
                assert_eq!(node.append(stream, expected, &[1]).await, Appended::StreamDeleted);
                assert_eq!(node.append(stream, expected, &[]).await, Appended::StreamDeleted);
                assert_eq!(node.delete(stream, expected, Soft).await, Appended::StreamDeleted);
                assert_eq!(node.delete(stream, expected, Tombstone).await, Appended::StreamDeleted);
            }
            assert_eq!(node.metadata(stream, 101, "{}").await, Appended::StreamDeleted);
            assert_eq!(node.found(stream).await, Found::Tombstoned);
            assert_eq!(node.found(&format!("$${stream}")).await, Found::Tombstoned);
        }
    }
    let all = node.all().await;
    let tombstones: Vec<_> = all.iter().filter(|event| &*event.kind == "$streamDeleted").collect();
    assert_eq!(all.len(), 7);
    assert_eq!(tombstones.len(), 3);
    assert!(
        tombstones
            .iter()
            .all(|event| event.revision == i64::MAX && event.data.is_empty())
    );
    assert_eq!(node.health.fault(), None);
    node.stop().await;
}

#[tokio::test]
async fn metadata_of_a_deleted_stream_does_not_bring_its_events_back_by_accident() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    node.append("a-1", NoStream, &[1, 2]).await;
    node.delete("a-1", Any, Soft).await;
    assert_eq!(node.metadata("a-1", 100, r#"{"$maxCount":5}"#).await, success(1, 4));
    assert_eq!(newest_metadata(&node, "a-1").await, r#"{"$maxCount":5,"$tb":2}"#);
    assert_eq!(node.shown("a-1").await, Some((2, 1)));
    assert_eq!(node.append("a-1", Revision(1), &[3]).await, success(2, 6));
    assert_eq!(node.shown("a-1").await, Some((2, 2)));

    // On purpose it may.
    node.delete("a-1", Any, Soft).await;
    node.metadata("a-1", 101, r#"{"$tb":1}"#).await;
    assert_eq!(node.shown("a-1").await, Some((1, 2)));
    node.stop().await;
}
