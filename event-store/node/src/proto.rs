//! The messages and service traits compiled from `proto/`.

#![expect(unused_qualifications, unreachable_pub, reason = "generated code")]
#![expect(
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::clone_on_ref_ptr,
    reason = "generated code"
)]

include!(concat!(env!("OUT_DIR"), "/protocol.rs"));

pub(crate) use event_store::client::{
    AllStreamPosition, BadRequest, Empty, MaximumAppendSizeExceeded, StreamDeleted, StreamIdentifier, Timeout, Uuid,
    WrongExpectedVersion, gossip, server_features, streams, uuid, wrong_expected_version,
};
pub(crate) use google::rpc;
