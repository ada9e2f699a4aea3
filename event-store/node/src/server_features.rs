//! What clients may call.

use tonic::{Request, Response, Status};

use crate::proto::Empty;
use crate::proto::server_features::server_features_server::ServerFeatures;
use crate::proto::server_features::{SupportedMethod, SupportedMethods};

/// The release whose behaviour the node follows; clients accept nothing but digits and dots.
const VERSION: &str = "24.10.0";
const STREAMS: &str = "event_store.client.streams.streams";
const GOSSIP: &str = "event_store.client.gossip.gossip";

/// No persistent subscriptions: a client that does not find a method takes another way or says so.
const METHODS: [(&str, &str); 6] = [
    ("append", STREAMS),
    ("batchappend", STREAMS),
    ("delete", STREAMS),
    ("read", STREAMS),
    ("tombstone", STREAMS),
    ("read", GOSSIP),
];

#[derive(Clone)]
pub(crate) struct FeaturesService;

#[tonic::async_trait]
impl ServerFeatures for FeaturesService {
    async fn get_supported_methods(&self, _request: Request<Empty>) -> Result<Response<SupportedMethods>, Status> {
        let methods = METHODS.map(|(method, service)| SupportedMethod {
            method_name: method.to_owned(),
            service_name: service.to_owned(),
            features: Vec::new(),
        });
        Ok(Response::new(SupportedMethods {
            methods: methods.into(),
            event_store_server_version: VERSION.to_owned(),
        }))
    }
}
