//! The node as the official client sees it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests do")]
#![expect(clippy::tests_outside_test_module, reason = "the whole file is tests")]
#![expect(clippy::wildcard_enum_match_arm, reason = "enums of the client")]

use std::collections::HashMap;
use std::path::Path;

use event_store_node::{Node, NodeConfig, NodeError};
use kurrentdb::{
    AppendToStreamOptions, Client, CurrentRevision, Error, EventData, Position, ReadAllOptions, ReadStream,
    ReadStreamOptions, RecordedEvent, StreamPosition, StreamState, SubscribeToAllOptions, SubscribeToStreamOptions,
    Subscription, SubscriptionEvent, SubscriptionFilter, WriteResult,
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

async fn start(directory: &Path) -> (Node, Client) {
    let listen = "127.0.0.1:0".parse().unwrap();
    let node = Node::start(NodeConfig {
        data: directory.to_owned(),
        listen,
    })
    .await
    .unwrap();
    let client = connect(&node);
    (node, client)
}

fn connect(node: &Node) -> Client {
    Client::new(node.connection_string().parse().unwrap()).unwrap()
}

fn event(number: u128) -> EventData {
    EventData::json("ticket.opened", &serde_json::json!({ "number": number.to_string() }))
        .unwrap()
        .id(Uuid::from_u128(number))
        .metadata_as_json(&HashMap::from([("actor", "somebody")]))
        .unwrap()
}

async fn append(client: &Client, stream: &str, state: StreamState, numbers: &[u128]) -> Result<WriteResult, Error> {
    let options = AppendToStreamOptions::default().stream_state(state);
    client
        .append_to_stream(stream, &options, numbers.iter().copied().map(event).collect::<Vec<_>>())
        .await
}

async fn events(mut stream: ReadStream) -> Result<Vec<RecordedEvent>, Error> {
    let mut events = Vec::new();
    while let Some(event) = stream.next().await? {
        events.push(event.event.unwrap());
    }
    Ok(events)
}

fn numbers(events: &[RecordedEvent]) -> Vec<u128> {
    events.iter().map(|event| event.id.as_u128()).collect()
}

async fn read_stream(client: &Client, stream: &str, options: &ReadStreamOptions) -> Result<Vec<RecordedEvent>, Error> {
    events(client.read_stream(stream, options).await?).await
}

async fn read_all(client: &Client, options: &ReadAllOptions) -> Vec<RecordedEvent> {
    events(client.read_all(options).await.unwrap()).await.unwrap()
}

async fn next(subscription: &mut Subscription) -> RecordedEvent {
    subscription.next().await.unwrap().event.unwrap()
}

fn at(position: u64) -> StreamPosition<Position> {
    StreamPosition::Position(Position {
        commit: position,
        prepare: position,
    })
}

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
    ] {
        assert_eq!(numbers(&read_all(&client, &options).await), expected);
    }
    let regex = options().filter(SubscriptionFilter::on_event_type().regex("^ticket"));
    let refusal = client.read_all(&regex).await.err().unwrap().to_string();
    assert!(refusal.contains("only prefixes are supported"), "{refusal}");
    node.stop().await.unwrap();
}

#[tokio::test]
async fn subscription_gets_old_and_new_events_once_and_in_order() {
    const APPENDERS: u128 = 8;
    const EACH: u128 = 60;
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    for number in 0..300 {
        let stream = if number % 3 == 0 { "customer-0" } else { "ticket-0" };
        append(&client, stream, StreamState::Any, &[number]).await.unwrap();
    }
    let mut appenders = JoinSet::new();
    for appender in 1..=APPENDERS {
        let client = client.clone();
        appenders.spawn(async move {
            for number in 0..EACH {
                let stream = if number % 2 == 0 {
                    format!("ticket-{appender}")
                } else {
                    format!("customer-{appender}")
                };
                append(&client, &stream, StreamState::Any, &[appender * 1000 + number])
                    .await
                    .unwrap();
            }
        });
    }
    let filter = SubscriptionFilter::on_stream_name().add_prefix("ticket-").max(10);
    let options = SubscribeToAllOptions::default()
        .position(at(150))
        .filter(filter.clone());
    let mut subscription = client.subscribe_to_all(&options).await;
    let (mut seen, mut checkpoints) = (Vec::new(), 0);
    let expected = 100 + usize::try_from(APPENDERS * EACH / 2).unwrap();
    while seen.len() < expected {
        match subscription.next_subscription_event().await.unwrap() {
            SubscriptionEvent::EventAppeared(event) => {
                let event = event.event.unwrap();
                seen.push((event.position.commit, event.id.as_u128()));
            }
            SubscriptionEvent::Checkpoint(_) => checkpoints += 1,
            _ => {}
        }
    }
    appenders.join_all().await;
    let all = read_all(&client, &ReadAllOptions::default().position(at(151)).filter(filter)).await;
    let appended: Vec<_> = all
        .iter()
        .map(|event| (event.position.commit, event.id.as_u128()))
        .collect();
    assert_eq!(seen, appended);
    assert!(checkpoints >= 15, "{checkpoints}");
    node.stop().await.unwrap();
}

#[tokio::test]
async fn subscription_tells_when_it_is_live() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "customer-1", StreamState::NoStream, &[1, 2, 3, 4, 5])
        .await
        .unwrap();
    let filter = SubscriptionFilter::on_event_type().add_prefix("customer.").max(2);
    let options = SubscribeToAllOptions::default()
        .position(StreamPosition::Start)
        .filter(filter);
    let mut subscription = client.subscribe_to_all(&options).await;
    let confirmed = subscription.next_subscription_event().await.unwrap();
    assert!(matches!(confirmed, SubscriptionEvent::Confirmed(_)));
    for expected in [2, 4, 5] {
        match subscription.next_subscription_event().await.unwrap() {
            SubscriptionEvent::Checkpoint(position) => assert_eq!(position.commit, expected),
            other => panic!("{other:?}"),
        }
    }
    match subscription.next_subscription_event().await.unwrap() {
        SubscriptionEvent::CaughtUp(Some(live)) => assert_eq!(live.position.map(|position| position.commit), Some(5)),
        other => panic!("{other:?}"),
    }
    node.stop().await.unwrap();
}

#[tokio::test]
async fn stream_subscription_begins_before_the_stream_does() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
    let mut whole = client.subscribe_to_stream("ticket-1", &options).await;
    assert!(matches!(
        whole.next_subscription_event().await.unwrap(),
        SubscriptionEvent::Confirmed(_)
    ));
    append(&client, "ticket-1", StreamState::NoStream, &[1, 2])
        .await
        .unwrap();
    append(&client, "ticket-2", StreamState::NoStream, &[9]).await.unwrap();

    let end = options.clone().start_from(StreamPosition::End);
    let mut new = client.subscribe_to_stream("ticket-1", &end).await;
    assert!(matches!(
        new.next_subscription_event().await.unwrap(),
        SubscriptionEvent::Confirmed(_)
    ));
    let mut after_first = client
        .subscribe_to_stream("ticket-1", &options.start_from(StreamPosition::Position(0)))
        .await;
    append(&client, "ticket-1", StreamState::StreamRevision(1), &[3])
        .await
        .unwrap();

    assert_eq!(
        numbers(&[next(&mut whole).await, next(&mut whole).await, next(&mut whole).await]),
        [1, 2, 3]
    );
    assert_eq!(
        numbers(&[next(&mut after_first).await, next(&mut after_first).await]),
        [2, 3]
    );
    assert_eq!(numbers(&[next(&mut new).await]), [3]);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn restarted_node_has_the_same_events() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[1, 2, 3])
        .await
        .unwrap();
    let before = read_all(&client, &ReadAllOptions::default()).await;
    node.stop().await.unwrap();
    let log = directory.path().join("events.db-wal");
    assert!(std::fs::metadata(log).is_ok_and(|log| log.len() == 0) || !directory.path().join("events.db-wal").exists());

    let (node, client) = start(directory.path()).await;
    let after = read_all(&client, &ReadAllOptions::default()).await;
    let facts = |events: &[RecordedEvent]| -> Vec<_> {
        events
            .iter()
            .map(|event| (event.id, event.position, event.created, event.data.clone()))
            .collect()
    };
    assert_eq!(facts(&before), facts(&after));
    let next = append(&client, "ticket-1", StreamState::StreamRevision(2), &[4])
        .await
        .unwrap();
    assert_eq!((next.next_expected_version, next.position.commit), (3, 4));
    node.stop().await.unwrap();
}

#[tokio::test]
async fn stop_ends_subscriptions_with_an_error() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    let mut subscription = client.subscribe_to_all(&SubscribeToAllOptions::default()).await;
    assert!(matches!(
        subscription.next_subscription_event().await.unwrap(),
        SubscriptionEvent::Confirmed(_)
    ));
    let (stopped, ended) = tokio::join!(node.stop(), subscription.next());
    assert_eq!(stopped, Ok(()));
    assert!(matches!(ended, Err(Error::ServerError(_))), "{ended:?}");
}

#[tokio::test]
async fn damaged_event_fails_the_read_and_the_node() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[1, 2])
        .await
        .unwrap();
    let file = rusqlite::Connection::open(directory.path().join("events.db")).unwrap();
    file.execute("UPDATE events SET data = x'7b7d' WHERE pos = 2", [])
        .unwrap();
    let read = read_stream(&client, "ticket-1", &ReadStreamOptions::default()).await;
    assert!(
        matches!(&read, Err(Error::ServerError(text)) if text.contains("position 2")),
        "{read:?}"
    );
    let fault = node.failed().await;
    assert!(matches!(fault, NodeError::Damaged { .. }), "{fault}");
    drop(file);
    assert_eq!(node.stop().await, Err(fault));
}

#[tokio::test]
async fn taken_directory_or_port_is_named() {
    let (first, second) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (node, _client) = start(first.path()).await;
    let config = NodeConfig {
        data: first.path().to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
    };
    let refusal = Node::start(config).await.unwrap_err();
    assert!(matches!(&refusal, NodeError::InUse { path } if *path == first.path().display().to_string()));
    let config = NodeConfig {
        data: second.path().to_owned(),
        listen: node.address(),
    };
    let refusal = Node::start(config).await.unwrap_err();
    assert_eq!(
        refusal,
        NodeError::AddressInUse {
            address: node.address()
        }
    );
    node.stop().await.unwrap();
}
