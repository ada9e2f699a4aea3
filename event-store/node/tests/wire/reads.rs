use kurrentdb::{
    AppendToStreamOptions, Error, ReadAllOptions, ReadEvent, ReadStreamOptions, StreamMetadata, StreamPosition,
    StreamState, SubscribeToAllOptions, SubscriptionFilter,
};
use tempfile::TempDir;

use super::{append, at, next, numbers, read_all, read_stream, start};

#[tokio::test]
async fn stream_is_read_in_both_directions() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "other-1", StreamState::NoStream, &[100]).await.unwrap();
    append(&client, "ticket-1", StreamState::NoStream, &[0, 1, 2, 3, 4])
        .await
        .unwrap();
    let options = ReadStreamOptions::default();
    for (options, expected) in [
        (
            options.clone().forwards().position(StreamPosition::Start),
            vec![0, 1, 2, 3, 4],
        ),
        (
            options.clone().forwards().position(StreamPosition::Position(3)),
            vec![3, 4],
        ),
        (
            options
                .clone()
                .forwards()
                .position(StreamPosition::Position(1))
                .max_count(2),
            vec![1, 2],
        ),
        (
            options.clone().forwards().position(StreamPosition::Position(99)),
            vec![],
        ),
        (
            options.clone().backwards().position(StreamPosition::End),
            vec![4, 3, 2, 1, 0],
        ),
        (
            options.clone().backwards().position(StreamPosition::End).max_count(1),
            vec![4],
        ),
        (
            options.clone().backwards().position(StreamPosition::Position(2)),
            vec![2, 1, 0],
        ),
        (
            options
                .clone()
                .backwards()
                .position(StreamPosition::Position(99))
                .max_count(2),
            vec![4, 3],
        ),
    ] {
        let found = read_stream(&client, "ticket-1", &options).await.unwrap();
        assert_eq!(numbers(&found), expected);
    }
    let found = read_stream(&client, "ticket-1", &options.clone().max_count(1))
        .await
        .unwrap();
    let first = &found[0];
    assert_eq!(
        (first.stream_id(), first.event_type.as_str(), first.is_json),
        ("ticket-1", "ticket.opened", true)
    );
    assert_eq!(
        (first.revision, first.position.commit, first.position.prepare),
        (0, 2, 2)
    );
    assert_eq!(
        (&first.data[..], &first.custom_metadata[..]),
        (&b"{\"number\":\"0\"}"[..], &b"{\"actor\":\"somebody\"}"[..])
    );
    assert!(first.created.timestamp() > 1_700_000_000);

    let unknown = read_stream(&client, "ticket-2", &options).await;
    assert!(matches!(unknown, Err(Error::ResourceNotFound)));
    node.stop().await.unwrap();
}

#[tokio::test]
async fn all_is_read_in_both_directions_with_and_without_filter() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    for (stream, numbers) in [
        ("ticket-1", [1, 2]),
        ("$system-1", [3, 4]),
        ("customer-1", [5, 6]),
        ("ticket-2", [7, 8]),
    ] {
        append(&client, stream, StreamState::NoStream, &numbers).await.unwrap();
    }
    let options = || ReadAllOptions::default();
    let tickets = || {
        SubscriptionFilter::on_stream_name()
            .add_prefix("ticket-")
            .add_prefix("none-")
    };
    let by_name = |regex| SubscriptionFilter::on_stream_name().regex(regex);
    let no_system = SubscriptionFilter::on_stream_name().exclude_system_events();
    for (options, expected) in [
        (
            options().forwards().position(StreamPosition::Start),
            vec![1, 2, 3, 4, 5, 6, 7, 8],
        ),
        (options().forwards().position(at(7)), vec![7, 8]),
        (options().forwards().position(at(99)), vec![]),
        (
            options().backwards().position(StreamPosition::End).max_count(3),
            vec![8, 7, 6],
        ),
        (options().backwards().position(at(3)), vec![2, 1]),
        (
            options().forwards().position(StreamPosition::Start).filter(tickets()),
            vec![1, 2, 7, 8],
        ),
        (
            options().forwards().position(at(2)).filter(tickets()).max_count(2),
            vec![2, 7],
        ),
        (
            options().backwards().position(StreamPosition::End).filter(tickets()),
            vec![8, 7, 2, 1],
        ),
        (
            options().forwards().position(StreamPosition::Start).filter(no_system),
            vec![1, 2, 5, 6, 7, 8],
        ),
        (options().position(StreamPosition::Start).backwards(), vec![]),
        (options().position(StreamPosition::End).forwards(), vec![]),
        (options().max_count(0), vec![]),
        (options().filter(by_name(r"^(?!(\$.+|customer-\d)$)")), vec![1, 2, 7, 8]),
        (options().filter(by_name("stem|mer")), vec![3, 4, 5, 6]),
        (
            options()
                .filter(SubscriptionFilter::on_event_type().regex("opened$"))
                .max_count(1),
            vec![1],
        ),
    ] {
        assert_eq!(numbers(&read_all(&client, &options).await), expected);
    }
    node.stop().await.unwrap();
}

#[tokio::test]
async fn expression_that_cannot_be_used_is_refused_and_one_that_explodes_ends_the_read() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[1]).await.unwrap();
    append(&client, &"a".repeat(200), StreamState::NoStream, &[2])
        .await
        .unwrap();
    let filter = |regex: &str| SubscriptionFilter::on_stream_name().regex(regex);
    for (regex, text) in [("ticket(", "\"ticket(\""), (&"x".repeat(5000), "it has 5000 bytes")] {
        let read = client.read_all(&ReadAllOptions::default().filter(filter(regex))).await;
        let refusal = read.err().unwrap().to_string();
        assert!(refusal.contains(text), "{refusal}");
    }
    let explosive = filter(r"^(?=(a+)+$)(a|aa)+\1b$|ticket");
    let options = ReadAllOptions::default().filter(explosive.clone());
    let mut read = client.read_all(&options).await.unwrap();
    assert_eq!(
        read.next().await.unwrap().unwrap().event.unwrap().stream_id(),
        "ticket-1"
    );
    let ended = read.next().await.unwrap_err().to_string();
    assert!(ended.contains("needs too many steps"), "{ended}");

    let options = SubscribeToAllOptions::default()
        .position(StreamPosition::Start)
        .filter(explosive);
    let mut subscription = client.subscribe_to_all(&options).await;
    assert_eq!(next(&mut subscription).await.stream_id(), "ticket-1");
    let ended = subscription.next().await.unwrap_err().to_string();
    assert!(ended.contains("needs too many steps"), "{ended}");
    node.stop().await.unwrap();
}

#[tokio::test]
async fn read_of_a_stream_tells_its_ends() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[0, 1, 2, 3])
        .await
        .unwrap();
    let metadata = StreamMetadata::builder().truncate_before(1).build();
    client
        .set_stream_metadata("ticket-1", &AppendToStreamOptions::default(), &metadata)
        .await
        .unwrap();
    let options = || ReadStreamOptions::default();
    for (options, (events, first)) in [
        (options(), (3, None)),
        (options().max_count(0), (0, Some(1))),
        (options().position(StreamPosition::Position(9)), (0, Some(1))),
        (
            options().backwards().position(StreamPosition::Position(0)),
            (0, Some(1)),
        ),
    ] {
        let mut read = client.read_stream("ticket-1", &options).await.unwrap();
        let (mut seen, mut ends) = (0, (None, None));
        while let Some(message) = read.next_read_event().await.unwrap() {
            match message {
                ReadEvent::Event(_) => seen += 1,
                ReadEvent::FirstStreamPosition(revision) => ends.0 = Some(revision),
                ReadEvent::LastStreamPosition(revision) => ends.1 = Some(revision),
                ReadEvent::LastAllStreamPosition(position) => panic!("{position:?}"),
            }
        }
        assert_eq!((seen, ends), (events, (first, Some(3))));
    }
    node.stop().await.unwrap();
}
