use tempfile::TempDir;

use super::super::{Appended, Expected};
use super::{start, success};

#[tokio::test]
async fn expected_revisions_and_repeats() {
    use Expected::{Any, NoStream, Revision, StreamExists};
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    let wrong = |current| Appended::WrongExpectedVersion { current };
    let steps: [(&str, Expected, &[u128], Appended); 21] = [
        ("a-1", Revision(0), &[1], wrong(None)),
        ("a-1", StreamExists, &[1], wrong(None)),
        (
            "a-1",
            NoStream,
            &[],
            Appended::Success {
                revision: None,
                position: None,
            },
        ),
        ("a-1", NoStream, &[1, 2], success(1, 2)),
        ("a-1", NoStream, &[1, 2], success(1, 2)),
        ("a-1", NoStream, &[1], success(0, 1)),
        ("a-1", NoStream, &[1, 3], wrong(Some(1))),
        ("a-1", NoStream, &[1, 2, 3], wrong(Some(1))),
        ("a-1", NoStream, &[2, 1], wrong(Some(1))),
        ("a-1", NoStream, &[], wrong(Some(1))),
        ("a-1", Revision(1), &[3], success(2, 3)),
        ("a-1", Revision(2), &[4], success(3, 4)),
        // After the stream has grown.
        ("a-1", Revision(1), &[3], success(2, 3)),
        ("a-1", Revision(1), &[9], wrong(Some(3))),
        ("a-1", Revision(7), &[9], wrong(Some(3))),
        ("a-1", Revision(u64::MAX), &[9], wrong(Some(3))),
        ("a-1", StreamExists, &[5], success(4, 5)),
        ("a-1", Any, &[5], success(4, 5)),
        ("a-1", Any, &[4, 6], wrong(Some(4))),
        ("b-1", Any, &[5], success(0, 6)),
        (
            "a-1",
            Revision(4),
            &[],
            Appended::Success {
                revision: Some(4),
                position: None,
            },
        ),
    ];
    for (number, (stream, expected, ids, answer)) in steps.into_iter().enumerate() {
        assert_eq!(
            node.append(stream, expected, ids).await,
            answer,
            "step {number}: {stream} {expected:?} {ids:?}"
        );
    }
    assert_eq!(node.all().await.len(), 6);
    node.stop().await;
}

#[tokio::test]
async fn repeat_is_recognised_wherever_the_stream_begins() {
    use Expected::{Any, NoStream, Revision, StreamExists};
    let directory = TempDir::new().unwrap();
    let node = start(directory.path()).unwrap();
    node.append("a-1", NoStream, &[1, 2]).await;
    node.metadata("a-1", 100, r#"{"$tb":2}"#).await;
    // Truncated: what is hidden is still known.
    assert_eq!(node.append("a-1", NoStream, &[1, 2]).await, success(1, 2));
    assert_eq!(node.append("a-1", Revision(0), &[2]).await, success(1, 2));
    assert_eq!(node.append("a-1", Any, &[1]).await, success(0, 1));

    node.delete("a-1", Any, super::super::Deletion::Soft).await;
    assert_eq!(node.append("a-1", NoStream, &[1, 2]).await, success(1, 2));
    assert_eq!(node.append("a-1", Any, &[2]).await, success(1, 2));
    assert_eq!(node.append("a-1", NoStream, &[1, 3]).await, wrong(1));
    assert_eq!(node.shown("a-1").await, None);

    // Begun anew: the second life has its own first append.
    assert_eq!(node.append("a-1", NoStream, &[3, 4]).await, success(3, 7));
    assert_eq!(node.append("a-1", NoStream, &[3, 4]).await, success(3, 7));
    assert_eq!(node.append("a-1", NoStream, &[3, 5]).await, wrong(3));
    assert_eq!(node.append("a-1", NoStream, &[5]).await, wrong(3));
    assert_eq!(node.append("a-1", StreamExists, &[4]).await, success(3, 7));
    assert_eq!(node.shown("a-1").await, Some((2, 3)));
    node.stop().await;
}

fn wrong(current: i64) -> Appended {
    Appended::WrongExpectedVersion { current: Some(current) }
}
