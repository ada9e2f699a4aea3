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
use crate::whole::Whole;

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
            self.streams.call(request.map(Whole::new))
        } else if service == <Features as NamedService>::NAME {
            self.features.call(request)
        } else if service == <Gossip as NamedService>::NAME {
            self.gossip.call(request)
        } else {
            let refusal = absent(service);
            Box::pin(async move { Ok(refusal.into_http()) })
        }
    }
}

/// Services that clients know and this node does not have, with what to do instead.
const ABSENT: [(&str, &str); 5] = [
    (
        "persistent_subscriptions.PersistentSubscriptions",
        "persistent subscriptions; subscribe to the stream or to $all and keep the position yourself",
    ),
    (
        "projections.Projections",
        "projections in the store; read $all and project on the client's side",
    ),
    (
        "users.Users",
        "users; nobody has to log in, so keep it to addresses you trust",
    ),
    (
        "operations.Operations",
        "operations; nothing is scavenged or merged, and the program that runs the node stops it",
    ),
    (
        "monitoring.Monitoring",
        "monitoring; the program that runs the node tells its health",
    ),
];

fn absent(service: &str) -> Status {
    let known = service
        .strip_prefix("event_store.client.")
        .and_then(|name| ABSENT.iter().find(|(absent, _)| *absent == name));
    Status::unimplemented(match known {
        Some((_, instead)) => format!("the embedded node has no {instead}"),
        None => format!("the embedded node has no service \"{service}\""),
    })
}
