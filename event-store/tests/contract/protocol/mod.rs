//! The protocol, sentence by sentence, as the official client sees it and, where that sees too little, as bytes.

mod appends;
mod batch;
mod calls;
mod deadlines;
mod deletion;
mod fuzz;
mod limits;
mod links;
mod metadata;
mod raw;
mod reads;
mod replies;
mod subscriptions;

use std::collections::HashMap;

use kurrentdb::{
    AppendToStreamOptions, Client, Error, EventData, Position, ReadAllOptions, ReadStream, ReadStreamOptions,
    RecordedEvent, StreamPosition, StreamState, Subscription, WriteResult,
};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{PATIENCE, server::Server};

/// A server and the official client of it.
struct Peer {
    server: Server,
    client: Client,
}

impl Peer {
    fn of(server: Server) -> Self {
        let client = Client::new(server.url().parse().unwrap()).unwrap();
        Self { server, client }
    }

    fn event(&self, number: u128) -> EventData {
        EventData::json(
            self.server.event_type("ticket.opened"),
            &serde_json::json!({ "number": number.to_string() }),
        )
        .unwrap()
        .id(Uuid::from_u128(number))
        .metadata_as_json(&HashMap::from([("actor", "somebody")]))
        .unwrap()
    }

    async fn append(&self, stream: &str, state: StreamState, numbers: &[u128]) -> Result<WriteResult, Error> {
        let events: Vec<EventData> = numbers.iter().map(|number| self.event(*number)).collect();
        self.append_events(stream, state, events).await
    }

    async fn append_events(
        &self,
        stream: &str,
        state: StreamState,
        events: Vec<EventData>,
    ) -> Result<WriteResult, Error> {
        let options = AppendToStreamOptions::default().stream_state(state);
        self.client.append_to_stream(stream, &options, events).await
    }

    async fn read_stream(&self, stream: &str, options: &ReadStreamOptions) -> Result<Vec<RecordedEvent>, Error> {
        events(self.client.read_stream(stream, options).await?).await
    }

    /// The stream from its start on.
    async fn stream(&self, stream: &str) -> Vec<u128> {
        let read = self.read_stream(stream, &ReadStreamOptions::default()).await;
        numbers(&read.unwrap())
    }

    async fn read_all(&self, options: &ReadAllOptions) -> Vec<RecordedEvent> {
        events(self.client.read_all(options).await.unwrap()).await.unwrap()
    }

    /// How many events there are in a server of one's own.
    async fn count(&self) -> usize {
        self.read_all(&ReadAllOptions::default()).await.len()
    }
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

async fn next(subscription: &mut Subscription) -> RecordedEvent {
    let next = timeout(PATIENCE, subscription.next()).await.unwrap();
    next.unwrap().event.unwrap()
}

async fn next_numbers(subscription: &mut Subscription, count: usize) -> Vec<u128> {
    let mut numbers = Vec::new();
    for _ in 0..count {
        numbers.push(next(subscription).await.id.as_u128());
    }
    numbers
}

fn at(position: Position) -> StreamPosition<Position> {
    StreamPosition::Position(position)
}
