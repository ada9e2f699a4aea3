use std::time::Duration;

use kurrentdb::{
    AppendToStreamOptions, EventData, ReadAllOptions, ReadStreamOptions, StreamMetadata, StreamMetadataResult,
    StreamPosition, StreamState, SubscribeToStreamOptions,
};
use tempfile::TempDir;

use super::{append, next, numbers, read_all, read_stream, start};

#[tokio::test]
async fn newest_metadata_is_what_a_metastream_shows() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    let options = ReadStreamOptions::default();
    let nothing = client.get_stream_metadata("ticket-1", &options).await.unwrap();
    assert!(nothing.is_not_found());
    for count in 1..4 {
        let metadata = StreamMetadata::builder()
            .max_count(count)
            .max_age(Duration::from_mins(1))
            .build();
        client
            .set_stream_metadata("ticket-1", &AppendToStreamOptions::default(), &metadata)
            .await
            .unwrap();
        let StreamMetadataResult::Success(found) = client.get_stream_metadata("ticket-1", &options).await.unwrap()
        else {
            panic!()
        };
        assert_eq!((found.metadata(), found.version()), (&metadata, count - 1));
    }
    let metastream = read_stream(&client, "$$ticket-1", &options).await.unwrap();
    assert_eq!(metastream.len(), 1);
    assert_eq!(read_all(&client, &ReadAllOptions::default()).await.len(), 3);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn metadata_shortens_reads_and_subscriptions() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[0, 1, 2, 3, 4])
        .await
        .unwrap();
    for (metadata, expected) in [
        (StreamMetadata::builder().max_count(3).build(), vec![2, 3, 4]),
        (
            StreamMetadata::builder().truncate_before(4).max_count(3).build(),
            vec![4],
        ),
        (
            StreamMetadata::builder().max_age(Duration::from_hours(1)).build(),
            vec![0, 1, 2, 3, 4],
        ),
        (StreamMetadata::builder().truncate_before(1).build(), vec![1, 2, 3, 4]),
    ] {
        client
            .set_stream_metadata("ticket-1", &AppendToStreamOptions::default(), &metadata)
            .await
            .unwrap();
        let options = ReadStreamOptions::default();
        assert_eq!(
            numbers(&read_stream(&client, "ticket-1", &options).await.unwrap()),
            expected
        );
        let backwards = options.backwards().position(StreamPosition::End);
        let mut found = numbers(&read_stream(&client, "ticket-1", &backwards).await.unwrap());
        found.reverse();
        assert_eq!(found, expected);
        let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
        let mut subscription = client.subscribe_to_stream("ticket-1", &options).await;
        for number in expected {
            assert_eq!(next(&mut subscription).await.id.as_u128(), number);
        }
    }
    let malformed = EventData::binary("$metadata", "{".into());
    client
        .append_to_stream("$$ticket-1", &AppendToStreamOptions::default(), malformed)
        .await
        .unwrap();
    assert_eq!(
        read_stream(&client, "ticket-1", &ReadStreamOptions::default())
            .await
            .unwrap()
            .len(),
        5
    );
    node.stop().await.unwrap();
}
