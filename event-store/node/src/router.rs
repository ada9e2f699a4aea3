//! From the path of a call to its service.

use std::convert::Infallible;
use std::task::{Context, Poll};

use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::NamedService;

use crate::gossip::GossipService;
use crate::proto::gossip::gossip_server::GossipServer;
use crate::proto::server_features::server_features_server::ServerFeaturesServer;
use crate::proto::streams::streams_server::StreamsServer;
use crate::server_features::FeaturesService;
use crate::service::StreamsService;

type Streams = StreamsServer<StreamsService>;
type Features = ServerFeaturesServer<FeaturesService>;
type Gossip = GossipServer<GossipService>;

/// Three services do not need tonic's own router, which brings axum.
#[derive(Clone)]
pub(crate) struct Router {
    pub(crate) streams: Streams,
    pub(crate) features: Features,
    pub(crate) gossip: Gossip,
}

impl Service<http::Request<Body>> for Router {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = request.uri().path().split('/').nth(1).unwrap_or_default();
        if service == <Streams as NamedService>::NAME {
            self.streams.call(request)
        } else if service == <Features as NamedService>::NAME {
            self.features.call(request)
        } else if service == <Gossip as NamedService>::NAME {
            self.gossip.call(request)
        } else {
            let refusal = Status::unimplemented(format!("the embedded node has no service \"{service}\""));
            Box::pin(async move { Ok(refusal.into_http()) })
        }
    }
}
