//! As much of the protocol as an impostor speaks.

use std::{
    collections::HashMap,
    future::{Ready, ready},
    net::SocketAddr,
    pin::Pin,
};

use prost::{Message, Oneof};
use tokio_stream::{Stream, StreamExt};
use tonic::{
    Request, Response, Status,
    server::{ServerStreamingService, UnaryService},
};

/// Tells who leads.
pub(crate) struct Gossip(pub(crate) SocketAddr);

impl UnaryService<()> for Gossip {
    type Response = Cluster;
    type Future = Ready<Result<Response<Cluster>, Status>>;

    fn call(&mut self, _request: Request<()>) -> Self::Future {
        /// `Leader` of the protocol.
        const LEADER: i32 = 8;
        let leader = Member {
            state: LEADER,
            is_alive: true,
            end_point: Some(EndPoint {
                address: self.0.ip().to_string(),
                port: self.0.port().into(),
            }),
        };
        let members = vec![leader];
        ready(Ok(Response::new(Cluster { members })))
    }
}

/// Answers reads with an event each.
pub(crate) struct Reads {
    /// Subscriptions are confirmed, and that is all.
    pub(crate) forgetful: bool,
}

/// Streams have three events.
const EVENTS: u64 = 3;

type Said = Result<ReadResp, Status>;

impl ServerStreamingService<ReadReq> for Reads {
    type Response = ReadResp;
    type ResponseStream = Pin<Box<dyn Stream<Item = Said> + Send>>;
    type Future = Ready<Result<Response<Self::ResponseStream>, Status>>;

    #[expect(clippy::result_large_err, reason = "the error is tonic's")]
    fn call(&mut self, request: Request<ReadReq>) -> Self::Future {
        let options = request.into_inner().options.unwrap();
        let revision = options.stream.map_or(0, |it| it.revision.unwrap_or(0));
        let content = if self.forgetful && options.subscription.is_some() {
            Some(Content::Confirmation(Confirmation {
                subscription_id: "1".to_owned(),
            }))
        } else {
            (revision < EVENTS).then(|| Content::Event(ReadEvent::numbered(revision)))
        };
        let said = tokio_stream::iter(content.map(|it| Ok(ReadResp { content: Some(it) })));
        let response: Self::ResponseStream = if options.subscription.is_some() {
            Box::pin(said.chain(tokio_stream::pending()))
        } else {
            Box::pin(said)
        };
        ready(Ok(Response::new(response)))
    }
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Cluster {
    #[prost(message, repeated, tag = "1")]
    members: Vec<Member>,
}

#[derive(Clone, PartialEq, Message)]
struct Member {
    #[prost(int32, tag = "3")]
    state: i32,
    #[prost(bool, tag = "4")]
    is_alive: bool,
    #[prost(message, optional, tag = "5")]
    end_point: Option<EndPoint>,
}

#[derive(Clone, PartialEq, Message)]
struct EndPoint {
    #[prost(string, tag = "1")]
    address: String,
    #[prost(uint32, tag = "2")]
    port: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ReadReq {
    #[prost(message, optional, tag = "1")]
    options: Option<Options>,
}

#[derive(Clone, PartialEq, Message)]
struct Options {
    #[prost(message, optional, tag = "1")]
    stream: Option<StreamOptions>,
    #[prost(message, optional, tag = "6")]
    subscription: Option<()>,
}

#[derive(Clone, PartialEq, Message)]
struct StreamOptions {
    #[prost(uint64, optional, tag = "2")]
    revision: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ReadResp {
    #[prost(oneof = "Content", tags = "1, 2")]
    content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Content {
    #[prost(message, tag = "1")]
    Event(ReadEvent),
    #[prost(message, tag = "2")]
    Confirmation(Confirmation),
}

#[derive(Clone, PartialEq, Message)]
struct Confirmation {
    #[prost(string, tag = "1")]
    subscription_id: String,
}

#[derive(Clone, PartialEq, Message)]
struct ReadEvent {
    #[prost(message, optional, tag = "1")]
    event: Option<RecordedEvent>,
    #[prost(uint64, tag = "3")]
    commit_position: u64,
}

impl ReadEvent {
    fn numbered(revision: u64) -> Self {
        let position = revision + 1;
        Self {
            event: Some(RecordedEvent {
                id: Some(Id {
                    string: format!("00000000-0000-0000-0000-{revision:012}"),
                }),
                stream: Some(StreamName {
                    name: b"any-1".to_vec(),
                }),
                stream_revision: revision,
                prepare_position: position,
                commit_position: position,
                metadata: [
                    ("type", "ticket.opened"),
                    ("content-type", "application/json"),
                    ("created", "0"),
                ]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            }),
            commit_position: position,
        }
    }
}

#[derive(Clone, PartialEq, Message)]
struct RecordedEvent {
    #[prost(message, optional, tag = "1")]
    id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    stream: Option<StreamName>,
    #[prost(uint64, tag = "3")]
    stream_revision: u64,
    #[prost(uint64, tag = "4")]
    prepare_position: u64,
    #[prost(uint64, tag = "5")]
    commit_position: u64,
    #[prost(map = "string, string", tag = "6")]
    metadata: HashMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
struct Id {
    #[prost(string, tag = "2")]
    string: String,
}

#[derive(Clone, PartialEq, Message)]
struct StreamName {
    #[prost(bytes = "vec", tag = "3")]
    name: Vec<u8>,
}
