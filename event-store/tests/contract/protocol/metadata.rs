//! Metastreams, and what they hide of their streams.

use std::time::Duration;

use kurrentdb::{
    AppendToStreamOptions, EventData, ReadStreamOptions, StreamMetadata, StreamMetadataBuilder, StreamMetadataResult,
    StreamPosition, StreamState, SubscribeToStreamOptions,
};

use super::{Peer, next_numbers, numbers};
use crate::server::{Server, rules};

rules! {
    any: [
        metastream_shows_only_its_newest_event,
        metadata_shortens_reads_and_subscriptions,
        truncated_stream_keeps_its_revisions,
    ],
    own: [
        metadata_that_is_none_hides_nothing,
        metastream_of_a_metastream_is_refused,
    ],
}

async fn set(peer: &Peer, stream: &str, metadata: &StreamMetadata) {
    let options = AppendToStreamOptions::default();
    peer.client
        .set_stream_metadata(stream, &options, metadata)
        .await
        .unwrap();
}

async fn metastream_shows_only_its_newest_event(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    let options = ReadStreamOptions::default();
    let nothing = peer.client.get_stream_metadata(&*stream, &options).await.unwrap();
    assert!(nothing.is_not_found());
    for count in 1..4 {
        let metadata = StreamMetadata::builder()
            .max_count(count)
            .max_age(Duration::from_mins(1))
            .build();
        set(&peer, &stream, &metadata).await;
        let found = peer.client.get_stream_metadata(&*stream, &options).await.unwrap();
        let StreamMetadataResult::Success(found) = found else {
            panic!("no metadata")
        };
        assert_eq!((found.metadata(), found.version()), (&metadata, count - 1));
    }
    let metastream = peer.read_stream(&format!("$${stream}"), &options).await.unwrap();
    assert_eq!(metastream.len(), 1);
    assert_eq!((&*metastream[0].event_type, metastream[0].revision), ("$metadata", 2));
}

async fn metadata_shortens_reads_and_subscriptions(server: Server) {
    let peer = Peer::of(server);
    let metadata = StreamMetadata::builder;
    for (name, metadata, expected) in [
        (1, metadata().max_count(3), &[2, 3, 4][..]),
        (2, metadata().truncate_before(4).max_count(3), &[4]),
        (3, metadata().truncate_before(1).max_count(9), &[1, 2, 3, 4]),
        (4, metadata().max_age(Duration::from_hours(1)), &[0, 1, 2, 3, 4]),
        (5, metadata().truncate_before(1), &[1, 2, 3, 4]),
    ] as [(u8, StreamMetadataBuilder, &[u128]); 5]
    {
        let stream = peer.server.stream(name);
        peer.append(&stream, StreamState::NoStream, &[0, 1, 2, 3, 4])
            .await
            .unwrap();
        set(&peer, &stream, &metadata.build()).await;
        assert_eq!(peer.stream(&stream).await, expected);
        let backwards = ReadStreamOptions::default().backwards().position(StreamPosition::End);
        let mut found = numbers(&peer.read_stream(&stream, &backwards).await.unwrap());
        found.reverse();
        assert_eq!(found, expected);
        let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
        let mut subscription = peer.client.subscribe_to_stream(&*stream, &options).await;
        assert_eq!(next_numbers(&mut subscription, expected.len()).await, expected);
    }
}

async fn truncated_stream_keeps_its_revisions(server: Server) {
    let peer = Peer::of(server);
    let stream = peer.server.stream("ticket-1");
    peer.append(&stream, StreamState::NoStream, &[0, 1, 2]).await.unwrap();
    set(&peer, &stream, &StreamMetadata::builder().truncate_before(3).build()).await;
    assert!(peer.stream(&stream).await.is_empty());
    let answer = peer
        .append(&stream, StreamState::StreamRevision(2), &[3])
        .await
        .unwrap();
    assert_eq!(answer.next_expected_version, 3);
    assert_eq!(peer.stream(&stream).await, [3]);
}

async fn metadata_that_is_none_hides_nothing(server: Server) {
    let peer = Peer::of(server);
    peer.append("ticket-1", StreamState::NoStream, &[0, 1, 2])
        .await
        .unwrap();
    set(&peer, "ticket-1", &StreamMetadata::builder().max_count(1).build()).await;
    assert_eq!(peer.stream("ticket-1").await, [2]);
    for (kind, data) in [("$metadata", "{"), ("other", r#"{"$maxCount":1}"#)] {
        let event = EventData::binary(kind, data.into());
        peer.append_events("$$ticket-1", StreamState::Any, vec![event])
            .await
            .unwrap();
        assert_eq!(peer.stream("ticket-1").await, [0, 1, 2], "{kind} {data}");
    }
}

async fn metastream_of_a_metastream_is_refused(server: Server) {
    let peer = Peer::of(server);
    let refusal = peer.append("$$$$ticket-1", StreamState::Any, &[1]).await.unwrap_err();
    assert!(
        refusal.to_string().contains("a metastream has no metadata"),
        "{refusal}"
    );
    assert_eq!(peer.count().await, 0);
}
