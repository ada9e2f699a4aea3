//! From the messages of an append to one job for the writer, and back.

use std::sync::Arc;

use tonic::{Status, Streaming};

use super::events::{Events, Proposed};
use super::{request, status};
use crate::proto::Empty;
use crate::proto::streams::append_req::options::ExpectedStreamRevision;
use crate::proto::streams::append_req::{Content, Options};
use crate::proto::streams::append_resp::success::{CurrentRevisionOption, PositionOption};
use crate::proto::streams::append_resp::wrong_expected_version as wrong;
use crate::proto::streams::append_resp::{Position, Result as Outcome, Success, WrongExpectedVersion};
use crate::proto::streams::{AppendReq, AppendResp};
use crate::storage::{Append, Appended, Expected};

pub(crate) async fn receive(mut messages: Streaming<AppendReq>) -> Result<Append, Status> {
    let first = messages.message().await?.and_then(|message| message.content);
    let Some(Content::Options(options)) = first else {
        return Err(status::invalid("the first message of an append must hold its options"));
    };
    let (stream, expected) = target(options)?;
    let mut events = Events::default();
    while let Some(message) = messages.message().await? {
        let Some(Content::ProposedMessage(proposed)) = message.content else {
            let text = format!(
                "message {} of the append holds no proposed event",
                events.list.len() + 1
            );
            return Err(status::invalid(text));
        };
        events.add(Proposed {
            id: proposed.id,
            metadata: proposed.metadata,
            custom_metadata: proposed.custom_metadata,
            data: proposed.data,
        })?;
    }
    Ok(Append {
        stream,
        expected,
        events: events.list,
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

/// # Errors
/// The stream has a tombstone. A wrong version is an answer like any other.
pub(crate) fn answer(stream: &str, expected: Expected, appended: Appended) -> Result<AppendResp, Status> {
    let result = match appended {
        Appended::Success { revision, position } => Outcome::Success(success(revision, position)),
        Appended::WrongExpectedVersion { current } => Outcome::WrongExpectedVersion(wrong_version(expected, current)),
        Appended::StreamDeleted => return Err(status::stream_deleted(stream)),
    };
    Ok(AppendResp { result: Some(result) })
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
