//! The node as the official client sees it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests do")]
#![expect(clippy::tests_outside_test_module, reason = "the whole file is tests")]
#![expect(clippy::wildcard_enum_match_arm, reason = "enums of the client")]

mod absent;
mod appends;
mod batch;
mod deletion;
mod fuzz;
mod limits;
mod links;
mod metadata;
mod node;
mod raw;
mod reads;
mod subscriptions;

use std::collections::HashMap;
use std::path::Path;

use event_store_node::{Node, NodeConfig};
use kurrentdb::{
    AppendToStreamOptions, Client, Error, EventData, Position, ReadAllOptions, ReadStream, ReadStreamOptions,
    RecordedEvent, StreamPosition, StreamState, Subscription, WriteResult,
};
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
