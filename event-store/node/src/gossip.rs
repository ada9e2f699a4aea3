//! The cluster as this node sees it: itself.

use std::net::SocketAddr;

use tonic::{Request, Response, Status};

use crate::clock;
use crate::proto::gossip::gossip_server::Gossip;
use crate::proto::gossip::member_info::VNodeState;
use crate::proto::gossip::{ClusterInfo, EndPoint, MemberInfo};
use crate::proto::{Empty, Uuid, uuid};

#[derive(Clone)]
pub(crate) struct GossipService {
    address: SocketAddr,
}

impl GossipService {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    fn member(&self) -> MemberInfo {
        let instance = ::uuid::Uuid::new_v5(&::uuid::Uuid::NAMESPACE_URL, self.address.to_string().as_bytes());
        MemberInfo {
            instance_id: Some(Uuid {
                value: Some(uuid::Value::String(instance.to_string())),
            }),
            time_stamp: clock::ticks(),
            state: VNodeState::Leader.into(),
            is_alive: true,
            http_end_point: Some(EndPoint {
                address: self.address.ip().to_string(),
                port: u32::from(self.address.port()),
            }),
        }
    }
}

#[tonic::async_trait]
impl Gossip for GossipService {
    async fn read(&self, _request: Request<Empty>) -> Result<Response<ClusterInfo>, Status> {
        Ok(Response::new(ClusterInfo {
            members: vec![self.member()],
        }))
    }
}
