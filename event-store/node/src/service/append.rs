//! From the messages of an append to one job for the writer, and back.

use std::sync::Arc;

use tonic::{Status, Streaming};
use uuid::Uuid;

use super::{request, status};
use crate::proto::streams::append_req::options::ExpectedStreamRevision;
use crate::proto::streams::append_req::{Content, Options, ProposedMessage};
use crate::proto::streams::append_resp::success::{CurrentRevisionOption, PositionOption};
use crate::proto::streams::append_resp::wrong_expected_version as wrong;
use crate::proto::streams::append_resp::{Position, Result as Outcome, Success, WrongExpectedVersion};
use crate::proto::streams::{AppendReq, AppendResp};
use crate::proto::{self, Empty};
use crate::storage::{Append, Appended, Expected, NewEvent};

/// Events of one append, with their types and metadata.
const MAX_APPEND: usize = 8 << 20;
/// What the official client may send in one message; larger ones never reach the limit above.
pub(crate) const MAX_MESSAGE: usize = 17 << 20;

pub(crate) async fn receive(mut messages: Streaming<AppendReq>) -> Result<Append, Status> {
    let first = messages.message().await?.and_then(|message| message.content);
    let Some(Content::Options(options)) = first else {
        return Err(status::invalid("the first message of an append must hold its options"));
    };
    let (stream, expected) = target(options)?;
    let mut events = Vec::with_capacity(1);
    let mut size = 0;
    while let Some(message) = messages.message().await? {
        let Some(Content::ProposedMessage(proposed)) = message.content else {
            return Err(status::invalid(format!(
                "message {} of the append holds no proposed event",
                events.len() + 1
            )));
        };
        size += proposed.data.len() + proposed.custom_metadata.len();
        size += proposed
            .metadata
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum::<usize>();
        if size > MAX_APPEND {
            return Err(status::append_too_large(MAX_APPEND));
        }
        events.push(new_event(events.len(), proposed)?);
    }
    Ok(Append {
        stream,
        expected,
        events,
    })
}

fn target(options: Options) -> Result<(Arc<str>, Expected), Status> {
    let stream = request::stream_name(options.stream_identifier)?;
    let expected = match options.expected_stream_revision {
        Some(ExpectedStreamRevision::Revision(revision)) => Expected::Revision(revision),
        Some(ExpectedStreamRevision::NoStream(Empty {})) => Expected::NoStream,
        Some(ExpectedStreamRevision::Any(Empty {})) => Expected::Any,
        Some(ExpectedStreamRevision::StreamExists(Empty {})) => Expected::StreamExists,
        None => return Err(status::invalid("options.expected_stream_revision is not set")),
    };
    Ok((stream, expected))
}

fn new_event(index: usize, mut proposed: ProposedMessage) -> Result<NewEvent, Status> {
    let id = event_id(index, proposed.id)?;
    let kind = proposed
        .metadata
        .remove("type")
        .ok_or_else(|| status::missing_property(index, "type"))?;
    let content_type = proposed
        .metadata
        .remove("content-type")
        .ok_or_else(|| status::missing_property(index, "content-type"))?;
    Ok(NewEvent {
        id,
        kind,
        is_json: content_type == "application/json",
        meta: proposed.custom_metadata,
        data: proposed.data,
    })
}

fn event_id(index: usize, id: Option<proto::Uuid>) -> Result<Uuid, Status> {
    match id.and_then(|id| id.value) {
        Some(proto::uuid::Value::Structured(id)) => Ok(Uuid::from_u64_pair(
            id.most_significant_bits.cast_unsigned(),
            id.least_significant_bits.cast_unsigned(),
        )),
        Some(proto::uuid::Value::String(text)) => Uuid::try_parse(&text)
            .map_err(|error| status::invalid(format!("id of event {index} of the append is {text:?}: {error}"))),
        None => Err(status::invalid(format!("id of event {index} of the append is not set"))),
    }
}

pub(crate) fn answer(expected: Expected, appended: Appended) -> AppendResp {
    let result = match appended {
        Appended::Success { revision, position } => Outcome::Success(success(revision, position)),
        Appended::WrongExpectedVersion { current } => Outcome::WrongExpectedVersion(wrong_version(expected, current)),
    };
    AppendResp { result: Some(result) }
}

/// Every choice is made: the official client panics on one that is not.
fn success(revision: Option<i64>, position: Option<i64>) -> Success {
    Success {
        current_revision_option: Some(match revision {
            Some(revision) => CurrentRevisionOption::CurrentRevision(revision.cast_unsigned()),
            None => CurrentRevisionOption::NoStream(Empty {}),
        }),
        position_option: Some(match position {
            Some(position) => {
                let position = position.cast_unsigned();
                PositionOption::Position(Position {
                    commit_position: position,
                    prepare_position: position,
                })
            }
            None => PositionOption::NoPosition(Empty {}),
        }),
    }
}

fn wrong_version(expected: Expected, current: Option<i64>) -> WrongExpectedVersion {
    use wrong::{CurrentRevisionOption, CurrentRevisionOption2060, ExpectedRevisionOption, ExpectedRevisionOption2060};
    let (current, current_2060) = match current.map(i64::cast_unsigned) {
        Some(revision) => (
            CurrentRevisionOption::CurrentRevision(revision),
            CurrentRevisionOption2060::CurrentRevision2060(revision),
        ),
        None => (
            CurrentRevisionOption::CurrentNoStream(Empty {}),
            CurrentRevisionOption2060::NoStream2060(Empty {}),
        ),
    };
    let (expected, expected_2060) = match expected {
        Expected::Revision(revision) => (
            ExpectedRevisionOption::ExpectedRevision(revision),
            Some(ExpectedRevisionOption2060::ExpectedRevision2060(revision)),
        ),
        Expected::Any => (
            ExpectedRevisionOption::ExpectedAny(Empty {}),
            Some(ExpectedRevisionOption2060::Any2060(Empty {})),
        ),
        Expected::StreamExists => (
            ExpectedRevisionOption::ExpectedStreamExists(Empty {}),
            Some(ExpectedRevisionOption2060::StreamExists2060(Empty {})),
        ),
        // The first release had no field for it.
        Expected::NoStream => (ExpectedRevisionOption::ExpectedNoStream(Empty {}), None),
    };
    WrongExpectedVersion {
        current_revision_option: Some(current),
        current_revision_option_20_6_0: Some(current_2060),
        expected_revision_option: Some(expected),
        expected_revision_option_20_6_0: expected_2060,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{event_id, new_event};
    use crate::proto::streams::append_req::ProposedMessage;
    use crate::proto::{Uuid, uuid};

    fn id(value: uuid::Value) -> Uuid {
        Uuid { value: Some(value) }
    }

    #[test]
    fn both_forms_of_an_id_mean_the_same() {
        let text = "01234567-89ab-cdef-8123-456789abcdef";
        let halves = uuid::Structured {
            most_significant_bits: 0x0123_4567_89ab_cdef,
            least_significant_bits: 0x8123_4567_89ab_cdef_u64.cast_signed(),
        };
        let structured = event_id(0, Some(id(uuid::Value::Structured(halves)))).unwrap();
        assert_eq!(structured.to_string(), text);
        assert_eq!(
            event_id(0, Some(id(uuid::Value::String(text.to_owned())))).unwrap(),
            structured
        );
    }

    #[test]
    fn malformed_or_missing_id_is_named() {
        let malformed = event_id(3, Some(id(uuid::Value::String("zz".to_owned())))).unwrap_err();
        assert!(
            malformed.message().contains("id of event 3 of the append is \"zz\""),
            "{malformed}"
        );
        assert!(
            event_id(3, None)
                .unwrap_err()
                .message()
                .contains("id of event 3 of the append is not set")
        );
    }

    #[test]
    fn missing_metadata_is_told_in_a_trailer() {
        for property in ["type", "content-type"] {
            let other = if property == "type" { "content-type" } else { "type" };
            let proposed = ProposedMessage {
                id: Some(id(uuid::Value::Structured(uuid::Structured::default()))),
                metadata: HashMap::from([(other.to_owned(), "x".to_owned())]),
                ..ProposedMessage::default()
            };
            let refusal = new_event(0, proposed).unwrap_err();
            assert_eq!(
                refusal.metadata().get("exception").unwrap(),
                "missing-required-metadata-property"
            );
            assert!(refusal.message().contains(&format!("\"{property}\"")));
        }
    }
}
