//! A server of foreign make that answers every call in one way: what the protocol allows and no node of ours does.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Code, Request, Response, Status,
    body::Body,
    codec::ProstCodec,
    codegen::{BoxFuture, Service, http},
    metadata::MetadataMap,
    server::{Grpc, UnaryService},
    transport::Server,
};

use crate::server::anywhere;

/// What it answers.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Every call to streams ends with OK and nothing in it.
    Ended,
    /// Not the leader; that is there.
    LeaderAt(SocketAddr),
    /// Gossip names this leader, which may change; nothing else is answered.
    Gossip(Arc<Mutex<SocketAddr>>),
}

/// A running impostor; ends with its owner.
pub(crate) struct Impostor {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Impostor {
    pub(crate) async fn answering(answer: Answer) -> Self {
        let listener = TcpListener::bind(anywhere()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let service = Answering {
            answer,
            calls: Arc::clone(&calls),
        };
        let task = tokio::spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            Server::builder().serve_with_incoming(service, incoming).await.unwrap();
        });
        Self { address, calls, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Calls to streams answered so far.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[derive(Clone)]
struct Answering {
    answer: Answer,
    calls: Arc<AtomicUsize>,
}

impl Service<http::Request<Body>> for Answering {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let path = request.uri().path();
        if path.contains("streams") {
            self.calls.fetch_add(1, Ordering::SeqCst);
        }
        let status = match &self.answer {
            Answer::Gossip(leader) if path.contains("gossip") => {
                let member = Member::leading(*leader.lock().unwrap());
                return Box::pin(async move {
                    let codec = ProstCodec::<Cluster, ()>::default();
                    Ok(Grpc::new(codec).unary(Gossip(member), request).await)
                });
            }
            Answer::Ended if path.contains("streams") => Status::new(Code::Ok, ""),
            Answer::LeaderAt(leader) if path.contains("streams") => elsewhere(*leader),
            Answer::Ended | Answer::LeaderAt(_) | Answer::Gossip(_) => Status::unimplemented("not here"),
        };
        Box::pin(async move { Ok(status.into_http()) })
    }
}

fn elsewhere(leader: SocketAddr) -> Status {
    let mut trailers = MetadataMap::new();
    trailers.insert("exception", "not-leader".parse().unwrap());
    trailers.insert("leader-endpoint-host", leader.ip().to_string().parse().unwrap());
    trailers.insert("leader-endpoint-port", leader.port().to_string().parse().unwrap());
    Status::with_metadata(Code::NotFound, "Leader info available", trailers)
}

/// Answers with one member.
struct Gossip(Member);

impl UnaryService<()> for Gossip {
    type Response = Cluster;
    type Future = Ready<Result<Response<Cluster>, Status>>;

    fn call(&mut self, _request: Request<()>) -> Self::Future {
        let members = vec![self.0.clone()];
        ready(Ok(Response::new(Cluster { members })))
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct Cluster {
    #[prost(message, repeated, tag = "1")]
    members: Vec<Member>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Member {
    #[prost(int32, tag = "3")]
    state: i32,
    #[prost(bool, tag = "4")]
    is_alive: bool,
    #[prost(message, optional, tag = "5")]
    end_point: Option<EndPoint>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct EndPoint {
    #[prost(string, tag = "1")]
    address: String,
    #[prost(uint32, tag = "2")]
    port: u32,
}

impl Member {
    fn leading(at: SocketAddr) -> Self {
        /// `Leader` of the protocol.
        const LEADER: i32 = 8;
        Self {
            state: LEADER,
            is_alive: true,
            end_point: Some(EndPoint {
                address: at.ip().to_string(),
                port: at.port().into(),
            }),
        }
    }
}
