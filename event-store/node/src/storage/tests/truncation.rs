use std::ops::Range;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::super::checksum::{Parts, checksum};
use super::super::{Append, Appended, Direction, Expected, Found, Query, Scope, data_file};
use super::{append, forwards, start, success};

#[tokio::test]
async fn metadata_hides_the_beginning_of_its_stream() {
    let directory = TempDir::new().unwrap();
    let mut node = start(directory.path()).unwrap();
    node.append("a-1", Expected::NoStream, &[1, 2, 3, 4, 5]).await;
    let cases = [
        (r#"{"$maxCount":2}"#, (3, 4)),
        (r#"{"$maxCount":9}"#, (0, 4)),
        (r#"{"$tb":2}"#, (2, 4)),
        (r#"{"$tb":2,"$maxCount":1}"#, (4, 4)),
        (r#"{"$tb":4,"$maxCount":4,"$maxAge":1000}"#, (4, 4)),
        (r#"{"$tb":50}"#, (50, 4)),
        (r#"{"$maxAge":1000}"#, (0, 4)),
        ("{}", (0, 4)),
        ("{", (0, 4)),
        (r#"{"$maxCount":-2,"$tb":"x"}"#, (0, 4)),
        (r#"{"$maxCount":3}"#, (2, 4)),
    ];
    for (number, (data, shown)) in (100..).zip(cases) {
        node.metadata("a-1", number, data).await;
        assert_eq!(node.shown("a-1").await, Some(shown), "{data}");
    }
    node.stop().await;
    node = start(directory.path()).unwrap();
    assert_eq!(node.shown("a-1").await, Some((2, 4)));
    // The count moves on with the stream.
    node.append("a-1", Expected::Revision(4), &[6]).await;
    assert_eq!(node.shown("a-1").await, Some((3, 5)));
    // Only an event of the right type is metadata.
    node.append("$$a-1", Expected::Any, &[200]).await;
    assert_eq!(node.shown("a-1").await, Some((0, 5)));
    assert_eq!(node.all().await.len(), 18);
    node.stop().await;
}

/// By an hour, with the checksums that the events would then have.
fn make_older(directory: &Path, revisions: Range<i64>) {
    let file = Connection::open(data_file(directory)).unwrap();
    let select =
        "SELECT pos, rev, created - 36000000000, is_json, id, meta, data FROM events WHERE sid = 1 AND rev = ?1";
    for revision in revisions {
        let (position, created, crc): (i64, i64, u32) = file
            .query_one(select, [revision], |row| {
                let parts = Parts {
                    position: row.get(0)?,
                    revision: row.get(1)?,
                    created: row.get(2)?,
                    is_json: row.get(3)?,
                    id: row.get_ref(4)?.as_blob()?,
                    stream: "a-1",
                    kind: "a.happened",
                    meta: row.get_ref(5)?.as_blob()?,
                    data: row.get_ref(6)?.as_blob()?,
                };
                Ok((parts.position, parts.created, checksum(&parts)))
            })
            .unwrap();
        let update = "UPDATE events SET created = ?1, crc = ?2 WHERE pos = ?3";
        file.execute(update, (created, crc, position)).unwrap();
    }
}

#[tokio::test]
async fn age_hides_what_was_appended_too_long_ago() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    for number in 1..=9 {
        node.append("a-1", Expected::Any, &[number]).await;
    }
    node.metadata("a-1", 100, r#"{"$maxAge":600}"#).await;
    node.stop().await;
    make_older(directory.path(), 0..7);
    let node = start(directory.path()).unwrap();
    assert_eq!(node.shown("a-1").await, Some((7, 8)));
    node.stop().await;
    make_older(directory.path(), 7..9);
    let node = start(directory.path()).unwrap();
    assert_eq!(node.shown("a-1").await, Some((9, 8)));
    node.stop().await;
}

#[tokio::test]
async fn metastream_shows_only_its_newest_event() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    for number in 0..5 {
        node.metadata("a-1", number, &format!("{{\"n\":{number}}}")).await;
    }
    let Found::Stream { id, first, last } = node.found("$$a-1").await else {
        panic!()
    };
    assert_eq!((first, last), (4, 4));
    for direction in [Direction::Forwards, Direction::Backwards] {
        let query = Query {
            direction,
            ..forwards(Scope::Stream(id), first, last)
        };
        let page = node.page(query).await.unwrap();
        assert_eq!(page.events.len(), 1);
        assert_eq!(page.events[0].data, b"{\"n\":4}");
    }
    assert_eq!(node.found("a-1").await, Found::Nothing);
    node.stop().await;
}

#[tokio::test]
async fn stream_with_metadata_alone_counts_as_existing() {
    let directory = TempDir::new().unwrap();
    let mut node = start(directory.path()).unwrap();
    node.metadata("a-1", 1, "{}").await;
    let wrong = Appended::WrongExpectedVersion { current: None };
    for restart in [false, true] {
        if restart {
            node.stop().await;
            node = start(directory.path()).unwrap();
        }
        let nothing = Appended::Success {
            revision: None,
            position: None,
        };
        assert_eq!(node.append("a-1", Expected::StreamExists, &[]).await, nothing);
        assert_eq!(node.append("a-2", Expected::StreamExists, &[]).await, wrong);
        assert_eq!(node.append("a-1", Expected::Revision(0), &[9]).await, wrong);
    }
    assert_eq!(node.append("a-1", Expected::StreamExists, &[2]).await, success(0, 2));
    node.stop().await;
}

#[tokio::test]
async fn metadata_and_its_stream_may_share_a_commit() {
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    let metadata = Append {
        events: {
            let mut events = append("$$a-1", Expected::Any, &[3]).events;
            events[0].kind = "$metadata".to_owned();
            events[0].data = bytes::Bytes::from_static(br#"{"$tb":9223372036854775807}"#);
            events
        },
        ..append("$$a-1", Expected::NoStream, &[])
    };
    let pending = [
        node.store
            .submit(append("a-1", Expected::NoStream, &[1, 2]))
            .await
            .unwrap(),
        node.store.submit(metadata).await.unwrap(),
        node.store
            .submit(append("a-1", Expected::StreamExists, &[4]))
            .await
            .unwrap(),
        node.store
            .submit(append("a-1", Expected::NoStream, &[5]))
            .await
            .unwrap(),
    ];
    let mut answers = Vec::new();
    for pending in pending {
        answers.push(node.store.outcome(pending).await.unwrap());
    }
    let refused = Appended::StreamDeleted;
    assert_eq!(answers, [success(1, 2), success(0, 3), refused, success(2, 5)]);
    node.stop().await;
}
