//! Deletion, after which a stream may begin anew, and tombstones, after which it may not.

use kurrentdb::{
    DeleteStreamOptions, Error, Position, ReadAllOptions, ReadStreamOptions, StreamMetadataResult, StreamPosition,
    StreamState, SubscribeToStreamOptions, SubscriptionEvent, TombstoneStreamOptions,
};
use tokio::time::timeout;

use super::{Peer, next, next_numbers, numbers};
use crate::{
    PATIENCE,
    server::{Server, rules},
};

rules! {
    any: [
        deleted_stream_is_not_found_until_it_begins_anew,
        refused_deletion_tells_what_was_expected_and_what_was_found,
        tombstone_ends_every_call_to_the_stream,
        subscription_passes_over_what_a_deletion_hid,
    ],
    own: [
        repeated_deletion_is_the_first_one,
        stream_that_never_was_cannot_be_deleted_unless_for_ever,
        deleted_events_stay_in_the_whole_log,
        subscription_ends_with_the_tombstone_of_its_stream,
    ],
}

use StreamState::{Any, NoStream, StreamExists, StreamRevision};

async fn delete(peer: &Peer, stream: &str, state: StreamState) -> Result<Option<Position>, Error> {
    let options = DeleteStreamOptions::default().stream_state(state);
    peer.client.delete_stream(stream, &options).await
}

async fn tombstone(peer: &Peer, stream: &str, state: StreamState) -> Result<Option<Position>, Error> {
    let options = TombstoneStreamOptions::default().stream_state(state);
    peer.client.tombstone_stream(stream, &options).await
}

/// Other clients take the numbers from the text.
fn tells<T: std::fmt::Debug>(refusal: &Result<T, Error>, stream: &str, expected: i64, actual: i64) -> bool {
    let text = format!("Stream: {stream}, Expected version: {expected}, Actual version: {actual}");
    matches!(refusal, Err(Error::Grpc { message, .. })
        if message.contains("failed due to WrongExpectedVersion") && message.contains(&text))
}

async fn deleted_stream_is_not_found_until_it_begins_anew(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    peer.append(&stream, NoStream, &[1, 2, 3]).await.unwrap();
    delete(&peer, &stream, StreamRevision(2)).await.unwrap();
    let options = ReadStreamOptions::default;
    for options in [options(), options().backwards().position(StreamPosition::End)] {
        let read = peer.read_stream(&stream, &options).await;
        assert!(matches!(read, Err(Error::ResourceNotFound)), "{read:?}");
    }
    let anew = peer.append(&stream, NoStream, &[4]).await.unwrap();
    assert_eq!(anew.next_expected_version, 3);
    let read = peer.read_stream(&stream, &options()).await.unwrap();
    assert_eq!((numbers(&read), read[0].revision), (vec![4], 3));
    let metadata = peer.client.get_stream_metadata(&*stream, &options()).await.unwrap();
    let StreamMetadataResult::Success(metadata) = metadata else {
        panic!("no metadata")
    };
    assert_eq!(metadata.metadata().truncate_before, Some(3));
}

async fn refused_deletion_tells_what_was_expected_and_what_was_found(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    peer.append(&stream, NoStream, &[1, 2, 3]).await.unwrap();
    let refusal = delete(&peer, &stream, StreamRevision(0)).await;
    assert!(tells(&refusal, &stream, 0, 2), "{refusal:?}");
    let refusal = tombstone(&peer, &stream, StreamRevision(1)).await;
    assert!(tells(&refusal, &stream, 1, 2), "{refusal:?}");
    let refusal = tombstone(&peer, &stream, NoStream).await;
    assert!(tells(&refusal, &stream, -1, 2), "{refusal:?}");
    assert_eq!(peer.stream(&stream).await, [1, 2, 3]);
}

async fn tombstone_ends_every_call_to_the_stream(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    let appended = peer.append(&stream, NoStream, &[1]).await.unwrap();
    let position = tombstone(&peer, &stream, StreamRevision(0)).await.unwrap();
    assert!(position.is_none_or(|position| position > appended.position));
    let options = ReadStreamOptions::default();
    for refusal in [
        peer.append(&stream, Any, &[2]).await.map(drop),
        peer.append(&stream, NoStream, &[2]).await.map(drop),
        peer.read_stream(&stream, &options).await.map(drop),
        delete(&peer, &stream, Any).await.map(drop),
        tombstone(&peer, &stream, Any).await.map(drop),
    ] {
        assert!(matches!(refusal, Err(Error::ResourceDeleted)), "{refusal:?}");
    }
}

async fn subscription_passes_over_what_a_deletion_hid(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    peer.append(&stream, NoStream, &[1, 2]).await.unwrap();
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
    let mut live = peer.client.subscribe_to_stream(&*stream, &options).await;
    assert_eq!(next_numbers(&mut live, 2).await, [1, 2]);
    delete(&peer, &stream, Any).await.unwrap();
    peer.append(&stream, NoStream, &[3]).await.unwrap();
    assert_eq!(next(&mut live).await.revision, 2);
    let mut late = peer.client.subscribe_to_stream(&*stream, &options).await;
    assert_eq!(next(&mut late).await.revision, 2);
}

async fn repeated_deletion_is_the_first_one(server: Server) {
    let peer = Peer::of(server);
    peer.append("ticket-1", NoStream, &[1, 2, 3]).await.unwrap();
    let first = delete(&peer, "ticket-1", StreamRevision(2)).await.unwrap();
    assert!(first.is_some());
    for state in [Any, NoStream, StreamRevision(2)] {
        assert_eq!(delete(&peer, "ticket-1", state).await.unwrap(), first);
    }
    let existing = delete(&peer, "ticket-1", StreamExists).await;
    assert!(matches!(existing, Err(Error::ResourceDeleted)), "{existing:?}");
    assert_eq!(peer.count().await, 4);
}

async fn stream_that_never_was_cannot_be_deleted_unless_for_ever(server: Server) {
    let peer = Peer::of(server);
    for (state, expected) in [(Any, -2), (NoStream, -1), (StreamExists, -4), (StreamRevision(0), 0)] {
        let refusal = delete(&peer, "ticket-1", state).await;
        assert!(tells(&refusal, "ticket-1", expected, -1), "{refusal:?}");
    }
    assert_eq!(peer.count().await, 0);
    tombstone(&peer, "ticket-1", NoStream).await.unwrap();
    let refusal = peer.append("ticket-1", Any, &[1]).await;
    assert!(matches!(refusal, Err(Error::ResourceDeleted)), "{refusal:?}");
}

async fn deleted_events_stay_in_the_whole_log(server: Server) {
    let peer = Peer::of(server);
    peer.append("ticket-1", NoStream, &[1]).await.unwrap();
    delete(&peer, "ticket-1", Any).await.unwrap();
    peer.append("ticket-1", NoStream, &[2]).await.unwrap();
    tombstone(&peer, "ticket-1", Any).await.unwrap();
    let opened = peer.server.event_type("ticket.opened");
    let all = peer.read_all(&ReadAllOptions::default()).await;
    let kinds: Vec<_> = all.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(kinds, [&*opened, "$metadata", "$metadata", &opened, "$streamDeleted"]);
    assert_eq!(all[4].revision, i64::MAX.cast_unsigned());
}

async fn subscription_ends_with_the_tombstone_of_its_stream(server: Server) {
    let peer = Peer::of(server);
    peer.append("ticket-1", NoStream, &[1]).await.unwrap();
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
    let mut live = peer.client.subscribe_to_stream("ticket-1", &options).await;
    assert_eq!(next(&mut live).await.id.as_u128(), 1);
    tombstone(&peer, "ticket-1", Any).await.unwrap();
    let ended = loop {
        match timeout(PATIENCE, live.next_subscription_event()).await.unwrap() {
            Ok(SubscriptionEvent::CaughtUp(_)) => {}
            other => break other,
        }
    };
    assert!(matches!(ended, Err(Error::ResourceDeleted)), "{ended:?}");
    // Its metastream is closed with it.
    let metastream = peer.read_stream("$$ticket-1", &ReadStreamOptions::default()).await;
    assert!(matches!(metastream, Err(Error::ResourceDeleted)), "{metastream:?}");
    let refusal = peer.append("$$ticket-1", Any, &[2]).await;
    assert!(matches!(refusal, Err(Error::ResourceDeleted)), "{refusal:?}");
}
