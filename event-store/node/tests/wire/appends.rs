use kurrentdb::{AppendToStreamOptions, CurrentRevision, Error, EventData, ReadAllOptions, StreamState};
use tempfile::TempDir;
use uuid::Uuid;

use super::{append, read_all, start};

#[tokio::test]
async fn append_answers_with_revision_and_position_or_with_what_it_found() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    let first = append(&client, "ticket-1", StreamState::NoStream, &[1, 2])
        .await
        .unwrap();
    assert_eq!((first.next_expected_version, first.position.commit), (1, 2));
    let second = append(&client, "ticket-1", StreamState::StreamRevision(1), &[3])
        .await
        .unwrap();
    assert_eq!((second.next_expected_version, second.position.prepare), (2, 3));

    let repeat = append(&client, "ticket-1", StreamState::NoStream, &[1, 2])
        .await
        .unwrap();
    assert_eq!((repeat.next_expected_version, repeat.position), (1, first.position));
    for (stream, state, current) in [
        ("ticket-1", StreamState::NoStream, CurrentRevision::Current(2)),
        ("ticket-1", StreamState::StreamRevision(1), CurrentRevision::Current(2)),
        ("ticket-2", StreamState::StreamRevision(1), CurrentRevision::NoStream),
        ("ticket-2", StreamState::StreamExists, CurrentRevision::NoStream),
    ] {
        let refusal = append(&client, stream, state, &[9]).await.unwrap_err();
        let Error::WrongExpectedVersion {
            expected,
            current: found,
        } = refusal
        else {
            panic!("{refusal}")
        };
        assert_eq!((expected, found), (state, current));
    }
    assert!(append(&client, "ticket-2", StreamState::NoStream, &[]).await.is_ok());
    node.stop().await.unwrap();
}

#[tokio::test]
async fn append_over_the_limit_is_refused_and_leaves_nothing() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    let large = |id: u128| EventData::binary("ticket.opened", vec![0; 5 << 20].into()).id(Uuid::from_u128(id));
    let options = AppendToStreamOptions::default().stream_state(StreamState::NoStream);
    let refusal = client
        .append_to_stream("ticket-1", &options, vec![large(1), large(2)])
        .await
        .unwrap_err();
    assert!(
        refusal.to_string().contains("one append may hold 8388608 bytes"),
        "{refusal}"
    );
    client.append_to_stream("ticket-1", &options, large(1)).await.unwrap();
    assert_eq!(read_all(&client, &ReadAllOptions::default()).await.len(), 1);
    node.stop().await.unwrap();
}
