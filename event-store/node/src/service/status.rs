//! Refusals and faults as gRPC statuses.

use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::NodeError;

/// Clients find out what happened from the trailer `exception`, not from the text.
const EXCEPTION: &str = "exception";

pub(crate) fn invalid(text: impl Into<String>) -> Status {
    Status::invalid_argument(text)
}

pub(crate) fn stopping() -> Status {
    Status::unavailable("the node is stopping; try again")
}

pub(crate) fn absent(call: &str) -> Status {
    Status::unimplemented(format!(
        "the embedded node has no {call}; append events one call at a time instead"
    ))
}

/// The client reconnects on either code; only damage is worth telling apart.
pub(crate) fn of_fault(fault: &NodeError) -> Status {
    match fault {
        NodeError::Damaged { .. } => Status::data_loss(fault.to_string()),
        NodeError::InUse { .. }
        | NodeError::AddressInUse { .. }
        | NodeError::Listen { .. }
        | NodeError::Open { .. }
        | NodeError::Foreign { .. }
        | NodeError::Newer { .. }
        | NodeError::CannotWrite { .. }
        | NodeError::CannotRead { .. }
        | NodeError::Behind { .. }
        | NodeError::MarkerMissing { .. }
        | NodeError::MarkerDamaged { .. }
        | NodeError::NoLog { .. }
        | NodeError::TargetNotEmpty { .. }
        | NodeError::Ended { .. } => Status::unavailable(fault.to_string()),
    }
}

pub(crate) fn missing_property(index: usize, property: &'static str) -> Status {
    let mut trailers = MetadataMap::new();
    trailers.insert(
        EXCEPTION,
        MetadataValue::from_static("missing-required-metadata-property"),
    );
    trailers.insert(
        "required-metadata-properties",
        MetadataValue::from_static("type,content-type"),
    );
    let text = format!("metadata of event {index} of the append has no \"{property}\"");
    Status::with_metadata(Code::InvalidArgument, text, trailers)
}

pub(crate) fn append_too_large(limit: usize) -> Status {
    let mut trailers = MetadataMap::new();
    trailers.insert(EXCEPTION, MetadataValue::from_static("maximum-append-size-exceeded"));
    trailers.insert("maximum-append-size", MetadataValue::from(limit));
    let text = format!("one append may hold {limit} bytes; split it");
    Status::with_metadata(Code::InvalidArgument, text, trailers)
}
