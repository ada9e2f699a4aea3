//! Refusals and faults as gRPC statuses.

use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::NodeError;
use crate::storage::{Expected, GaveUp};

/// Clients find out what happened from the trailer `exception`, not from the text.
const EXCEPTION: &str = "exception";

pub(crate) fn invalid(text: impl Into<String>) -> Status {
    Status::invalid_argument(text)
}

pub(crate) fn stopping() -> Status {
    Status::unavailable("the node is stopping; try again")
}

/// What tonic answers when a unary call takes too long; clients know it as "deadline exceeded".
pub(crate) fn too_late() -> Status {
    Status::cancelled("Timeout expired")
}

/// Clients parse the text as well as the trailers.
pub(crate) fn stream_deleted(stream: &str) -> Status {
    let trailers = trailers("stream-deleted", &[("stream-name", stream)]);
    let text = format!("Event stream '{stream}' is deleted.");
    Status::with_metadata(Code::FailedPrecondition, text, trailers)
}

/// For calls whose answers have no place for it. Clients parse the text as well as the trailers.
pub(crate) fn wrong_version(call: &str, stream: &str, expected: Expected, current: Option<i64>) -> Status {
    let (expected, actual) = (version(expected), current.unwrap_or(-1).to_string());
    let text = format!(
        "{call} failed due to WrongExpectedVersion. Stream: {stream}, Expected version: {expected}, Actual version: {actual}"
    );
    let trailers = trailers(
        "wrong-expected-version",
        &[
            ("stream-name", stream),
            ("expected-version", &expected),
            ("actual-version", &actual),
        ],
    );
    Status::with_metadata(Code::FailedPrecondition, text, trailers)
}

/// The protocol's numbers for what is no revision.
fn version(expected: Expected) -> String {
    match expected {
        Expected::Revision(revision) => revision.to_string(),
        Expected::NoStream => "-1".to_owned(),
        Expected::Any => "-2".to_owned(),
        Expected::StreamExists => "-4".to_owned(),
    }
}

fn trailers(exception: &'static str, others: &[(&'static str, &str)]) -> MetadataMap {
    let mut trailers = MetadataMap::new();
    trailers.insert(EXCEPTION, MetadataValue::from_static(exception));
    for (key, value) in others {
        // Escaped, a name always fits into a header.
        if let Ok(value) = escaped(value).parse() {
            trailers.insert(*key, value);
        }
    }
    trailers
}

/// Headers hold visible ASCII; everything else is percent-encoded, as gRPC does with its messages.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        0x20..0x7f => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

pub(crate) fn filter_gave_up(gave_up: &GaveUp) -> Status {
    Status::invalid_argument(format!(
        "options.filter has a regex that needs too many steps for the name {:?}; write a simpler one",
        gave_up.name
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
        | NodeError::Empty { .. }
        | NodeError::TargetNotEmpty { .. }
        | NodeError::Ended { .. } => Status::unavailable(fault.to_string()),
    }
}

pub(crate) fn missing_property(index: usize, property: &'static str) -> Status {
    let trailers = trailers(
        "missing-required-metadata-property",
        &[("required-metadata-properties", "type,content-type")],
    );
    let text = format!("metadata of event {index} of the append has no \"{property}\"");
    Status::with_metadata(Code::InvalidArgument, text, trailers)
}

pub(crate) fn append_too_large(limit: usize) -> Status {
    let trailers = trailers(
        "maximum-append-size-exceeded",
        &[("maximum-append-size", &limit.to_string())],
    );
    let text = format!("one append may hold {limit} bytes; split it");
    Status::with_metadata(Code::InvalidArgument, text, trailers)
}

#[cfg(test)]
mod tests {
    use super::{stream_deleted, wrong_version};
    use crate::storage::Expected;

    #[test]
    fn wrong_version_is_told_in_text_and_trailers() {
        for (expected, number) in [
            (Expected::Revision(7), "7"),
            (Expected::NoStream, "-1"),
            (Expected::Any, "-2"),
            (Expected::StreamExists, "-4"),
        ] {
            let refusal = wrong_version("Delete", "a-1", expected, Some(3));
            let end = format!(
                "failed due to WrongExpectedVersion. Stream: a-1, Expected version: {number}, Actual version: 3"
            );
            assert!(refusal.message().ends_with(&end), "{refusal}");
            let trailer = |key: &str| refusal.metadata().get(key).unwrap().to_str().unwrap().to_owned();
            assert_eq!(trailer("exception"), "wrong-expected-version");
            assert_eq!(trailer("stream-name"), "a-1");
            assert_eq!(trailer("expected-version"), number);
            assert_eq!(trailer("actual-version"), "3");
        }
    }

    #[test]
    fn any_name_fits_into_a_trailer() {
        let refusal = stream_deleted("я\n1");
        assert_eq!(refusal.message(), "Event stream 'я\n1' is deleted.");
        assert_eq!(refusal.metadata().get("stream-name").unwrap(), "%D1%8F%0A1");
    }
}
