use kurrentdb::{
    DeleteStreamOptions, Error, ReadAllOptions, ReadStreamOptions, StreamPosition, StreamState,
    SubscribeToStreamOptions, SubscriptionEvent, TombstoneStreamOptions,
};
use tempfile::TempDir;

use super::{append, next, numbers, read_all, read_stream, start};

fn delete(state: StreamState) -> DeleteStreamOptions {
    DeleteStreamOptions::default().stream_state(state)
}

fn tombstone(state: StreamState) -> TombstoneStreamOptions {
    TombstoneStreamOptions::default().stream_state(state)
}

#[tokio::test]
async fn deleted_stream_is_not_found_until_it_begins_anew() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[1, 2, 3])
        .await
        .unwrap();
    let refusal = client
        .delete_stream("ticket-1", &delete(StreamState::StreamRevision(0)))
        .await;
    let text = "Stream: ticket-1, Expected version: 0, Actual version: 2";
    assert!(
        matches!(&refusal, Err(Error::Grpc { message, .. }) if message.ends_with(text)),
        "{refusal:?}"
    );
    let position = client
        .delete_stream("ticket-1", &delete(StreamState::StreamRevision(2)))
        .await
        .unwrap();
    assert_eq!(position.map(|position| position.commit), Some(4));
    let again = client
        .delete_stream("ticket-1", &delete(StreamState::Any))
        .await
        .unwrap();
    assert_eq!(again, position);
    let existing = client
        .delete_stream("ticket-1", &delete(StreamState::StreamExists))
        .await;
    assert!(matches!(existing, Err(Error::ResourceDeleted)), "{existing:?}");

    for options in [
        ReadStreamOptions::default(),
        ReadStreamOptions::default().backwards().position(StreamPosition::End),
    ] {
        let read = read_stream(&client, "ticket-1", &options).await;
        assert!(matches!(read, Err(Error::ResourceNotFound)), "{read:?}");
    }
    let anew = append(&client, "ticket-1", StreamState::NoStream, &[4]).await.unwrap();
    assert_eq!(anew.next_expected_version, 3);
    let read = read_stream(&client, "ticket-1", &ReadStreamOptions::default())
        .await
        .unwrap();
    assert_eq!((numbers(&read), read[0].revision), (vec![4], 3));
    let metadata = client
        .get_stream_metadata("ticket-1", &ReadStreamOptions::default())
        .await
        .unwrap();
    let kurrentdb::StreamMetadataResult::Success(metadata) = metadata else {
        panic!()
    };
    assert_eq!(metadata.metadata().truncate_before, Some(3));

    // Nothing is removed.
    let all = read_all(&client, &ReadAllOptions::default()).await;
    let kinds: Vec<_> = all.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "ticket.opened",
            "ticket.opened",
            "ticket.opened",
            "$metadata",
            "$metadata",
            "ticket.opened"
        ]
    );
    node.stop().await.unwrap();
}

#[tokio::test]
async fn tombstone_ends_every_call_to_the_stream() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[1]).await.unwrap();
    let refusal = client
        .tombstone_stream("ticket-1", &tombstone(StreamState::NoStream))
        .await;
    assert!(
        matches!(&refusal, Err(Error::Grpc { message, .. }) if message.contains("Expected version: -1, Actual version: 0")),
        "{refusal:?}"
    );
    let mut live = client
        .subscribe_to_stream(
            "ticket-1",
            &SubscribeToStreamOptions::default().start_from(StreamPosition::Start),
        )
        .await;
    assert_eq!(next(&mut live).await.id.as_u128(), 1);
    let position = client
        .tombstone_stream("ticket-1", &tombstone(StreamState::StreamRevision(0)))
        .await
        .unwrap();
    assert_eq!(position.map(|position| position.commit), Some(2));

    let ended = loop {
        match live.next_subscription_event().await {
            Ok(SubscriptionEvent::CaughtUp(_)) => {}
            other => break other,
        }
    };
    assert!(matches!(ended, Err(Error::ResourceDeleted)), "{ended:?}");
    let options = ReadStreamOptions::default();
    for refusal in [
        append(&client, "ticket-1", StreamState::Any, &[2]).await.map(drop),
        append(&client, "$$ticket-1", StreamState::Any, &[2]).await.map(drop),
        client.read_stream("ticket-1", &options).await.map(drop),
        client.read_stream("$$ticket-1", &options).await.map(drop),
        client
            .delete_stream("ticket-1", &delete(StreamState::Any))
            .await
            .map(drop),
        client
            .tombstone_stream("ticket-1", &tombstone(StreamState::Any))
            .await
            .map(drop),
    ] {
        assert!(matches!(refusal, Err(Error::ResourceDeleted)), "{refusal:?}");
    }
    let all = read_all(&client, &ReadAllOptions::default()).await;
    assert_eq!(
        (all[1].event_type.as_str(), all[1].revision),
        ("$streamDeleted", i64::MAX.cast_unsigned())
    );
    node.stop().await.unwrap();
}

#[tokio::test]
async fn subscription_passes_over_what_a_deletion_hid() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[1, 2])
        .await
        .unwrap();
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
    let mut live = client.subscribe_to_stream("ticket-1", &options).await;
    assert_eq!(numbers(&[next(&mut live).await, next(&mut live).await]), [1, 2]);
    client
        .delete_stream("ticket-1", &delete(StreamState::Any))
        .await
        .unwrap();
    append(&client, "ticket-1", StreamState::NoStream, &[3]).await.unwrap();
    assert_eq!(next(&mut live).await.revision, 2);
    let mut late = client.subscribe_to_stream("ticket-1", &options).await;
    assert_eq!(next(&mut late).await.revision, 2);
    node.stop().await.unwrap();
}
