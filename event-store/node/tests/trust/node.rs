//! The node in this process, and what it leaves on the disk.

use std::path::Path;

use event_store_node::{Node, NodeConfig, NodeError};
use kurrentdb::{
    AppendToStreamOptions, Client, Error, EventData, ReadAllOptions, ReadStream, ReadStreamOptions, RecordedEvent,
    StreamState, WriteResult,
};
use tempfile::TempDir;
use uuid::Uuid;

async fn start(directory: &Path) -> (Node, Client) {
    let node = Node::start(NodeConfig {
        data: directory.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
    })
    .await
    .unwrap();
    let client = Client::new(node.connection_string().parse().unwrap()).unwrap();
    (node, client)
}

async fn append(client: &Client, stream: &str, state: StreamState, numbers: &[u128]) -> Result<WriteResult, Error> {
    let options = AppendToStreamOptions::default().stream_state(state);
    let event = |number: &u128| EventData::binary("ticket.opened", "opened".into()).id(Uuid::from_u128(*number));
    let events: Vec<EventData> = numbers.iter().map(event).collect();
    client.append_to_stream(stream, &options, events).await
}

async fn events(mut stream: ReadStream) -> Result<Vec<RecordedEvent>, Error> {
    let mut events = Vec::new();
    while let Some(event) = stream.next().await? {
        events.push(event.event.unwrap());
    }
    Ok(events)
}

async fn read_all(client: &Client) -> Vec<RecordedEvent> {
    let read = client.read_all(&ReadAllOptions::default()).await.unwrap();
    events(read).await.unwrap()
}

#[tokio::test]
async fn restarted_node_has_the_same_events() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[1, 2, 3])
        .await
        .unwrap();
    let before = read_all(&client).await;
    node.stop().await.unwrap();
    let log = directory.path().join("events.db-wal");
    assert!(std::fs::metadata(log).is_ok_and(|log| log.len() == 0) || !directory.path().join("events.db-wal").exists());

    let (node, client) = start(directory.path()).await;
    let after = read_all(&client).await;
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
async fn damaged_event_fails_the_read_and_the_node() {
    let directory = TempDir::new().unwrap();
    let (node, client) = start(directory.path()).await;
    append(&client, "ticket-1", StreamState::NoStream, &[1, 2])
        .await
        .unwrap();
    let file = rusqlite::Connection::open(directory.path().join("events.db")).unwrap();
    file.execute("UPDATE events SET data = x'7b7d' WHERE pos = 2", [])
        .unwrap();
    // A read fails as a call when its first page does.
    let read = match client.read_stream("ticket-1", &ReadStreamOptions::default()).await {
        Ok(read) => events(read).await,
        Err(error) => Err(error),
    };
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
