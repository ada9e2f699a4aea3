//! Answers to the appends of a batch; errors are told inside them, so that the session goes on.

use prost::Message;
use prost_types::Any;
use tonic::Code;

use super::events::MAX_APPEND;
use crate::proto::rpc;
use crate::proto::streams::batch_append_req::options::ExpectedStreamPosition as Expectation;
use crate::proto::streams::batch_append_resp::success::{CurrentRevisionOption, PositionOption};
use crate::proto::streams::batch_append_resp::{ExpectedStreamPosition, Result as Outcome, Success};
use crate::proto::streams::{BatchAppendReq, BatchAppendResp};
use crate::proto::wrong_expected_version::{CurrentStreamRevisionOption, ExpectedStreamPositionOption};
use crate::proto::{
    AllStreamPosition, BadRequest, MaximumAppendSizeExceeded, StreamDeleted, StreamIdentifier, Timeout, Uuid,
    WrongExpectedVersion,
};
use crate::storage::{Appended, Expected};

/// What comes back with every answer, as it was sent.
pub(crate) struct Asked {
    correlation_id: Option<Uuid>,
    stream: StreamIdentifier,
    expected: Option<Expectation>,
}

/// Why an append of a batch did not take place.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Which part of it is wrong.
    Invalid(String),
    TooLarge,
    /// Its deadline passed. It may have been carried out when it was with the writer by then.
    Timeout,
}

impl Asked {
    pub(crate) fn new(message: &BatchAppendReq) -> Self {
        let options = message.options.clone().unwrap_or_default();
        Self {
            correlation_id: message.correlation_id.clone(),
            stream: options.stream_identifier.unwrap_or_default(),
            expected: options.expected_stream_position,
        }
    }
}

pub(crate) fn failure(asked: &Asked, failure: &Failure) -> BatchAppendResp {
    let error = match failure {
        Failure::Invalid(text) => error(
            Code::InvalidArgument,
            text.clone(),
            ("BadRequest", &BadRequest { message: text.clone() }),
        ),
        Failure::TooLarge => {
            let max_append_size = u32::try_from(MAX_APPEND).unwrap_or(u32::MAX);
            error(
                Code::InvalidArgument,
                format!("one append may hold {MAX_APPEND} bytes; split it"),
                (
                    "MaximumAppendSizeExceeded",
                    &MaximumAppendSizeExceeded { max_append_size },
                ),
            )
        }
        Failure::Timeout => error(
            Code::DeadlineExceeded,
            "the deadline of the append has passed".to_owned(),
            ("Timeout", &Timeout {}),
        ),
    };
    response(asked, Outcome::Error(error))
}

pub(crate) fn outcome(asked: &Asked, expected: Expected, appended: Appended) -> BatchAppendResp {
    let outcome = match appended {
        Appended::Success { revision, position } => Outcome::Success(success(revision, position)),
        Appended::WrongExpectedVersion { current } => Outcome::Error(wrong_version(asked, expected, current)),
        Appended::StreamDeleted => Outcome::Error(error(
            Code::FailedPrecondition,
            format!("Event stream '{}' is deleted.", name(asked)),
            (
                "StreamDeleted",
                &StreamDeleted {
                    stream_identifier: Some(asked.stream.clone()),
                },
            ),
        )),
    };
    response(asked, outcome)
}

fn success(revision: Option<i64>, position: Option<i64>) -> Success {
    let position = position.map(i64::cast_unsigned);
    Success {
        current_revision_option: Some(match revision {
            Some(revision) => CurrentRevisionOption::CurrentRevision(revision.cast_unsigned()),
            None => CurrentRevisionOption::NoStream(()),
        }),
        position_option: Some(match position {
            Some(position) => PositionOption::Position(AllStreamPosition {
                commit_position: position,
                prepare_position: position,
            }),
            None => PositionOption::NoPosition(()),
        }),
    }
}

fn wrong_version(asked: &Asked, expected: Expected, current: Option<i64>) -> rpc::Status {
    let details = WrongExpectedVersion {
        current_stream_revision_option: Some(match current {
            Some(revision) => CurrentStreamRevisionOption::CurrentStreamRevision(revision.cast_unsigned()),
            None => CurrentStreamRevisionOption::CurrentNoStream(()),
        }),
        expected_stream_position_option: Some(match expected {
            Expected::Revision(revision) => ExpectedStreamPositionOption::ExpectedStreamPosition(revision),
            Expected::NoStream => ExpectedStreamPositionOption::ExpectedNoStream(()),
            Expected::Any => ExpectedStreamPositionOption::ExpectedAny(()),
            Expected::StreamExists => ExpectedStreamPositionOption::ExpectedStreamExists(()),
        }),
    };
    let text = format!("stream '{}' has another revision than expected", name(asked));
    error(Code::AlreadyExists, text, ("WrongExpectedVersion", &details))
}

fn name(asked: &Asked) -> String {
    String::from_utf8_lossy(&asked.stream.stream_name).into_owned()
}

fn error(code: Code, message: String, (kind, details): (&str, &impl Message)) -> rpc::Status {
    rpc::Status {
        code: code.into(),
        message,
        details: vec![Any {
            type_url: format!("type.googleapis.com/event_store.client.{kind}"),
            value: details.encode_to_vec(),
        }],
    }
}

fn response(asked: &Asked, outcome: Outcome) -> BatchAppendResp {
    BatchAppendResp {
        correlation_id: asked.correlation_id.clone(),
        result: Some(outcome),
        stream_identifier: Some(asked.stream.clone()),
        expected_stream_position: asked.expected.as_ref().map(|expected| match *expected {
            Expectation::StreamPosition(revision) => ExpectedStreamPosition::StreamPosition(revision),
            Expectation::NoStream(()) => ExpectedStreamPosition::NoStream(()),
            Expectation::Any(()) => ExpectedStreamPosition::Any(()),
            Expectation::StreamExists(()) => ExpectedStreamPosition::StreamExists(()),
        }),
    }
}
