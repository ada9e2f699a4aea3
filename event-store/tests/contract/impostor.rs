//! A server of foreign make that answers every call in one way: what the protocol allows and no node of ours does.

use std::{
    convert::Infallible,
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
    Code, Status,
    body::Body,
    codec::ProstCodec,
    codegen::{BoxFuture, Service, http},
    metadata::MetadataMap,
    server::Grpc,
    transport::Server,
};

use crate::{server::anywhere, wire};

/// What it answers.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Every call to streams ends with OK and nothing in it.
    Ended,
    /// Not the leader; that is there.
    LeaderAt(SocketAddr),
    /// Reads of a stream end with OK after each event, long before the third and last.
    Short,
    /// Subscriptions are confirmed and then forgotten, though there is an event.
    Forgetful,
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
                let gossip = wire::Gossip(*leader.lock().unwrap());
                return Box::pin(async move {
                    let codec = ProstCodec::<wire::Cluster, ()>::default();
                    Ok(Grpc::new(codec).unary(gossip, request).await)
                });
            }
            Answer::Short | Answer::Forgetful if path.contains("streams") => {
                let reads = wire::Reads {
                    forgetful: matches!(self.answer, Answer::Forgetful),
                };
                return Box::pin(async move {
                    let codec = ProstCodec::<wire::ReadResp, wire::ReadReq>::default();
                    Ok(Grpc::new(codec).server_streaming(reads, request).await)
                });
            }
            Answer::Ended if path.contains("streams") => Status::new(Code::Ok, ""),
            Answer::LeaderAt(leader) if path.contains("streams") => elsewhere(*leader),
            Answer::Ended | Answer::LeaderAt(_) | Answer::Short | Answer::Forgetful | Answer::Gossip(_) => {
                Status::unimplemented("not here")
            }
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
