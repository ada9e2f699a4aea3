//! What a read sends, in the protocol's words.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::request::Ids;
use crate::clock;
use crate::proto::streams::ReadResp;
use crate::proto::streams::read_resp::read_event::{self, Entry, RecordedEvent};
use crate::proto::streams::read_resp::{
    CaughtUp, Checkpoint, Content, Position, ReadEvent, StreamNotFound, SubscriptionConfirmation,
};
use crate::proto::{self, StreamIdentifier};
use crate::storage::{Recorded, Target};

fn message(content: Content) -> ReadResp {
    ReadResp { content: Some(content) }
}

/// A link that was resolved goes beside its target, which is missing when it is gone.
pub(crate) fn event(mut event: Recorded, ids: Ids) -> ReadResp {
    let position = event.position.cast_unsigned();
    let (event, link) = match event.target.take() {
        None => (Some(event), None),
        Some(Target::Event(target)) => (Some(*target), Some(event)),
        Some(Target::Gone) => (None, Some(event)),
    };
    message(Content::Event(ReadEvent {
        event: event.map(|event| recorded(event, ids)),
        link: link.map(|link| recorded(link, ids)),
        position: Some(read_event::Position::CommitPosition(position)),
    }))
}

fn recorded(event: Recorded, ids: Ids) -> RecordedEvent {
    let position = event.position.cast_unsigned();
    let content_type = if event.is_json {
        "application/json"
    } else {
        "application/octet-stream"
    };
    let metadata = vec![
        entry("type", Bytes::copy_from_slice(event.kind.as_bytes())),
        entry("created", event.created.to_string().into()),
        entry("content-type", Bytes::from_static(content_type.as_bytes())),
    ];
    RecordedEvent {
        id: Some(id(event.id, ids)),
        stream_identifier: Some(stream_identifier(&event.stream)),
        stream_revision: event.revision.cast_unsigned(),
        prepare_position: position,
        commit_position: position,
        metadata,
        custom_metadata: event.meta.into(),
        data: event.data.into(),
    }
}

fn entry(key: &'static str, value: Bytes) -> Entry {
    Entry {
        key: Bytes::from_static(key.as_bytes()),
        value,
    }
}

fn id(bytes: [u8; 16], ids: Ids) -> proto::Uuid {
    let id = Uuid::from_bytes(bytes);
    let value = match ids {
        Ids::Text => proto::uuid::Value::String(id.to_string()),
        Ids::Structured => {
            let (most, least) = id.as_u64_pair();
            proto::uuid::Value::Structured(proto::uuid::Structured {
                most_significant_bits: most.cast_signed(),
                least_significant_bits: least.cast_signed(),
            })
        }
    };
    proto::Uuid { value: Some(value) }
}

pub(crate) fn stream_identifier(name: &str) -> StreamIdentifier {
    StreamIdentifier {
        stream_name: Bytes::copy_from_slice(name.as_bytes()),
    }
}

pub(crate) fn stream_not_found(name: &Arc<str>) -> ReadResp {
    message(Content::StreamNotFound(StreamNotFound {
        stream_identifier: Some(stream_identifier(name)),
    }))
}

pub(crate) fn first_stream_position(revision: i64) -> ReadResp {
    message(Content::FirstStreamPosition(revision.cast_unsigned()))
}

pub(crate) fn last_stream_position(revision: i64) -> ReadResp {
    message(Content::LastStreamPosition(revision.cast_unsigned()))
}

pub(crate) fn confirmation(subscription_id: String) -> ReadResp {
    message(Content::Confirmation(SubscriptionConfirmation { subscription_id }))
}

pub(crate) fn checkpoint(position: i64) -> ReadResp {
    let position = position.cast_unsigned();
    message(Content::Checkpoint(Checkpoint {
        commit_position: position,
        prepare_position: position,
        timestamp: Some(clock::timestamp(clock::ticks())),
    }))
}

pub(crate) fn caught_up_with_all(position: i64) -> ReadResp {
    let position = position.cast_unsigned();
    message(Content::CaughtUp(CaughtUp {
        timestamp: Some(clock::timestamp(clock::ticks())),
        stream_revision: None,
        position: Some(Position {
            commit_position: position,
            prepare_position: position,
        }),
    }))
}

/// -1 for a stream without events.
pub(crate) fn caught_up_with_stream(revision: i64) -> ReadResp {
    message(Content::CaughtUp(CaughtUp {
        timestamp: Some(clock::timestamp(clock::ticks())),
        stream_revision: Some(revision),
        position: None,
    }))
}
