//! Every expectation of an append, and what is an append already made.

use kurrentdb::{
    AppendToStreamOptions, CurrentRevision, DeleteStreamOptions, Error, EventData, StreamMetadata, StreamState,
};
use uuid::Uuid;

use super::Peer;
use crate::server::{Server, rules};

rules! {
    any: [
        append_answers_with_revision_and_position,
        expectation_that_does_not_hold_is_answered_with_what_was_found,
        stream_exists_by_its_events_or_its_metadata,
        deleted_stream_does_not_exist_but_takes_an_append,
        whole_repeat_is_answered_as_the_first_time,
        repeat_with_other_or_more_events_is_a_conflict,
        append_of_nothing_only_checks,
    ],
    own: [append_over_the_limit_is_refused_and_leaves_nothing],
}

use StreamState::{Any, NoStream, StreamExists, StreamRevision};

fn conflict(refusal: &Error) -> (StreamState, CurrentRevision) {
    let Error::WrongExpectedVersion { expected, current } = refusal else {
        panic!("{refusal}")
    };
    (*expected, *current)
}

async fn append_answers_with_revision_and_position(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    let mut last = None;
    for (state, numbers, revision) in [
        (NoStream, &[1, 2][..], 1),
        (StreamRevision(1), &[3], 2),
        (StreamExists, &[4, 5, 6], 5),
        (Any, &[7], 6),
    ] {
        let answer = peer.append(&stream, state, numbers).await.unwrap();
        assert_eq!(answer.next_expected_version, revision);
        assert_eq!(answer.position.commit, answer.position.prepare);
        assert!(answer.position.commit >= 1 && Some(answer.position) > last);
        last = Some(answer.position);
    }
    let other = peer.append(&peer.server.stream("ticket-2"), Any, &[1]).await.unwrap();
    assert_eq!(other.next_expected_version, 0);
    assert_eq!(peer.stream(&stream).await, [1, 2, 3, 4, 5, 6, 7]);
}

async fn expectation_that_does_not_hold_is_answered_with_what_was_found(server: Server) {
    let peer = Peer::of(server);
    let (stream, none) = (&peer.server.stream("ticket-1"), &peer.server.stream("ticket-2"));
    peer.append(stream, NoStream, &[1, 2, 3]).await.unwrap();
    for (stream, state, current) in [
        (stream, NoStream, CurrentRevision::Current(2)),
        (stream, StreamRevision(0), CurrentRevision::Current(2)),
        (stream, StreamRevision(3), CurrentRevision::Current(2)),
        (none, StreamRevision(0), CurrentRevision::NoStream),
        (none, StreamExists, CurrentRevision::NoStream),
    ] {
        let refusal = peer.append(stream, state, &[9]).await.unwrap_err();
        assert_eq!(conflict(&refusal), (state, current));
    }
    assert_eq!(peer.stream(stream).await, [1, 2, 3]);
}

async fn stream_exists_by_its_events_or_its_metadata(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    let metadata = StreamMetadata::builder().max_count(10).build();
    peer.client
        .set_stream_metadata(&*stream, &AppendToStreamOptions::default(), &metadata)
        .await
        .unwrap();
    let answer = peer.append(&stream, StreamExists, &[1]).await.unwrap();
    assert_eq!(answer.next_expected_version, 0);
}

async fn deleted_stream_does_not_exist_but_takes_an_append(server: Server) {
    let peer = Peer::of(server);
    for (name, state) in [("1", NoStream), ("2", Any), ("3", StreamRevision(1))] {
        let stream = peer.server.stream(name);
        peer.append(&stream, NoStream, &[1, 2]).await.unwrap();
        let deleted = DeleteStreamOptions::default().stream_state(Any);
        peer.client.delete_stream(&*stream, &deleted).await.unwrap();
        let refusal = peer.append(&stream, StreamExists, &[3]).await;
        assert!(
            matches!(
                refusal,
                Err(Error::ResourceDeleted | Error::WrongExpectedVersion { .. })
            ),
            "{refusal:?}"
        );
        let anew = peer.append(&stream, state, &[3]).await.unwrap();
        assert_eq!(anew.next_expected_version, 2);
        assert_eq!(peer.stream(&stream).await, [3]);
    }
}

async fn whole_repeat_is_answered_as_the_first_time(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    let first = peer.append(&stream, NoStream, &[1, 2]).await.unwrap();
    let second = peer.append(&stream, StreamRevision(1), &[3, 4]).await.unwrap();
    for (state, numbers, expected) in [
        (NoStream, [1, 2], &first),
        (StreamRevision(1), [3, 4], &second),
        // By the memory of what came lately.
        (Any, [1, 2], &first),
        (StreamExists, [3, 4], &second),
    ] {
        let repeat = peer.append(&stream, state, &numbers).await.unwrap();
        assert_eq!(
            (repeat.next_expected_version, repeat.position),
            (expected.next_expected_version, expected.position),
            "{state:?}"
        );
    }
    assert_eq!(peer.stream(&stream).await, [1, 2, 3, 4]);
}

async fn repeat_with_other_or_more_events_is_a_conflict(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    peer.append(&stream, NoStream, &[1, 2, 3]).await.unwrap();
    for (state, numbers) in [
        (NoStream, &[9][..]),
        (NoStream, &[1, 9]),
        (NoStream, &[2, 1]),
        (StreamRevision(0), &[3]),
        (StreamRevision(1), &[3, 4]),
    ] {
        let refusal = peer.append(&stream, state, numbers).await.unwrap_err();
        assert_eq!(conflict(&refusal), (state, CurrentRevision::Current(2)));
    }
    assert_eq!(peer.stream(&stream).await, [1, 2, 3]);
}

async fn append_of_nothing_only_checks(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    for state in [NoStream, Any] {
        peer.append(&stream, state, &[]).await.unwrap();
    }
    let refusal = peer.append(&stream, StreamRevision(0), &[]).await.unwrap_err();
    assert_eq!(conflict(&refusal), (StreamRevision(0), CurrentRevision::NoStream));
    peer.append(&stream, NoStream, &[1, 2]).await.unwrap();
    let answer = peer.append(&stream, StreamRevision(1), &[]).await.unwrap();
    assert_eq!(answer.next_expected_version, 1);
    assert_eq!(peer.stream(&stream).await, [1, 2]);
}

async fn append_over_the_limit_is_refused_and_leaves_nothing(server: Server) {
    let peer = Peer::of(server);
    let large = |id: u128| EventData::binary("ticket.opened", vec![0; 5 << 20].into()).id(Uuid::from_u128(id));
    let refusal = peer.append_events("ticket-1", NoStream, vec![large(1), large(2)]).await;
    let refusal = refusal.unwrap_err().to_string();
    assert!(refusal.contains("one append may hold 8388608 bytes"), "{refusal}");
    peer.append_events("ticket-1", NoStream, vec![large(1)]).await.unwrap();
    assert_eq!(peer.count().await, 1);
}
