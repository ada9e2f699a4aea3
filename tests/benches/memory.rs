//! A server that takes the official client's appends into memory and does nothing else: what client and transport
//! leave to any store on this machine.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use anyhow::Result;
use bytes::Bytes;
use event_store_node::Incoming;
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    Request, Response, Status, Streaming,
    body::Body,
    codec::ProstCodec,
    codegen::{BoxFuture, Service, http},
    server::{ClientStreamingService, Grpc},
    transport::Server,
};

const APPEND: &str = "/event_store.client.streams.Streams/Append";

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct MemoryNode {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl MemoryNode {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let serving = Server::builder().serve_with_incoming(Calls::default(), Incoming::new(listener));
        let server = tokio::spawn(async move {
            // Whoever measures sees it in the appends that fail.
            serving.await.ok();
        });
        Ok(Self { address, server })
    }

    pub(crate) fn url(&self) -> String {
        format!("esdb://{}?tls=false&discoveryInterval=50", self.address)
    }
}

impl Drop for MemoryNode {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct AppendReq {
    #[prost(message, optional, tag = "2")]
    event: Option<Event>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(bytes = "bytes", tag = "3")]
    metadata: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    data: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AppendResp {
    #[prost(message, optional, tag = "1")]
    success: Option<Success>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Success {
    #[prost(uint64, optional, tag = "1")]
    revision: Option<u64>,
    #[prost(message, optional, tag = "3")]
    position: Option<Position>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Position {
    #[prost(uint64, tag = "1")]
    commit: u64,
    #[prost(uint64, tag = "2")]
    prepare: u64,
}

#[derive(Clone, Default)]
struct Calls {
    kept: Arc<Mutex<Vec<Event>>>,
}

impl Service<http::Request<Body>> for Calls {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let append = Append(Arc::clone(&self.kept));
        Box::pin(async move {
            if request.uri().path() != APPEND {
                return Ok(Status::unimplemented("appends only").into_http());
            }
            let codec = ProstCodec::<AppendResp, AppendReq>::default();
            Ok(Grpc::new(codec).client_streaming(append, request).await)
        })
    }
}

struct Append(Arc<Mutex<Vec<Event>>>);

impl ClientStreamingService<AppendReq> for Append {
    type Response = AppendResp;
    type Future = BoxFuture<Response<AppendResp>, Status>;

    fn call(&mut self, request: Request<Streaming<AppendReq>>) -> Self::Future {
        let kept = Arc::clone(&self.0);
        Box::pin(async move {
            let mut messages = request.into_inner();
            let mut position = 0;
            while let Some(message) = messages.message().await? {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(message.event);
                position = kept.len() as u64;
            }
            let position = Position {
                commit: position,
                prepare: position,
            };
            let success = Success {
                revision: Some(position.commit),
                position: Some(position),
            };
            Ok(Response::new(AppendResp { success: Some(success) }))
        })
    }
}
