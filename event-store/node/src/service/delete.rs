//! The two deletions and their answers.

use tonic::Status;

use super::{request, status};
use crate::proto::Empty;
use crate::proto::streams::delete_req::options::ExpectedStreamRevision as DeleteExpected;
use crate::proto::streams::tombstone_req::options::ExpectedStreamRevision as TombstoneExpected;
use crate::proto::streams::{DeleteReq, TombstoneReq, delete_resp, tombstone_resp};
use crate::storage::{Delete, Deletion, Expected};

pub(crate) fn soft(request: DeleteReq) -> Result<Delete, Status> {
    let options = request.options.ok_or_else(|| status::invalid("options is not set"))?;
    let expected = match options.expected_stream_revision {
        Some(DeleteExpected::Revision(revision)) => Expected::Revision(revision),
        Some(DeleteExpected::NoStream(Empty {})) => Expected::NoStream,
        Some(DeleteExpected::Any(Empty {})) => Expected::Any,
        Some(DeleteExpected::StreamExists(Empty {})) => Expected::StreamExists,
        None => return Err(status::invalid("options.expected_stream_revision is not set")),
    };
    Ok(Delete {
        stream: request::deletable(options.stream_identifier)?,
        expected,
        kind: Deletion::Soft,
    })
}

pub(crate) fn tombstone(request: TombstoneReq) -> Result<Delete, Status> {
    let options = request.options.ok_or_else(|| status::invalid("options is not set"))?;
    let expected = match options.expected_stream_revision {
        Some(TombstoneExpected::Revision(revision)) => Expected::Revision(revision),
        Some(TombstoneExpected::NoStream(Empty {})) => Expected::NoStream,
        Some(TombstoneExpected::Any(Empty {})) => Expected::Any,
        Some(TombstoneExpected::StreamExists(Empty {})) => Expected::StreamExists,
        None => return Err(status::invalid("options.expected_stream_revision is not set")),
    };
    Ok(Delete {
        stream: request::deletable(options.stream_identifier)?,
        expected,
        kind: Deletion::Tombstone,
    })
}

pub(crate) fn deleted(position: i64) -> delete_resp::PositionOption {
    let position = position.cast_unsigned();
    delete_resp::PositionOption::Position(delete_resp::Position {
        commit_position: position,
        prepare_position: position,
    })
}

pub(crate) fn tombstoned(position: i64) -> tombstone_resp::PositionOption {
    let position = position.cast_unsigned();
    tombstone_resp::PositionOption::Position(tombstone_resp::Position {
        commit_position: position,
        prepare_position: position,
    })
}
