//! The lines of an NDJSON export: what was asked, an event each, and how many they are.
//!
//! ```text
//! {"letopis_export":1,"log":"<64 hex digits>","asked":{}}
//! {"position":1,"stream":"ticket-…","revision":0,"id":"…","type":"ticket.opened","recorded":"…Z","metadata":"{…}","payload":"{…}","crc":"<8 hex digits>"}
//! {"end":{"events":1,"position":1}}
//! ```
//!
//! Metadata and payload are the stored bytes as text, or, when they are none, as base64 in `metadata_base64` and
//! `payload_base64`; `"json":false` stands in events that their writer did not call JSON. The checksum is CRC32C over the
//! line up to the comma before it.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use crc32c::crc32c;
use event_store::Leaf;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Event, Scope};

/// Form of the file; it goes up when an older program could not read it.
pub(crate) const FORM: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    #[serde(rename = "letopis_export")]
    pub(crate) form: u32,
    /// What tells the log from others; `None` when it was empty.
    pub(crate) log: Option<String>,
    pub(crate) asked: Scope,
}

/// The last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Footer {
    pub(crate) end: Total,
}

/// What all events come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Total {
    pub(crate) events: u64,
    /// Of the last event, 0 when there is none.
    pub(crate) position: u64,
}

/// How every last line begins, and no other.
pub(crate) const END: &[u8] = b"{\"end\"";

/// What follows the checked part of a line.
const CRC: &[u8] = b",\"crc\":\"";
const DIGITS: usize = 8;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form<'a> {
    position: u64,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    revision: u64,
    id: Uuid,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    recorded: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<bool>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    metadata: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    metadata_base64: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    payload: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    payload_base64: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    crc: Option<Cow<'a, str>>,
}

/// An event as a line says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) position: u64,
    pub(crate) stream: Cow<'a, str>,
    pub(crate) revision: u64,
    pub(crate) id: Uuid,
    pub(crate) event_type: Cow<'a, str>,
    pub(crate) recorded: DateTime<Utc>,
    pub(crate) is_json: bool,
    pub(crate) metadata: Cow<'a, [u8]>,
    pub(crate) payload: Cow<'a, [u8]>,
    /// Whether its checksum fits.
    pub(crate) is_whole: bool,
}

/// Why a line is no event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineFault {
    #[error("does not read as an event: {0}")]
    Json(#[from] serde_json::Error),
    #[error("field {0} is missing, or given twice: as text and as base64")]
    Field(&'static str),
    #[error("field {field} is no base64: {source}")]
    Base64 {
        field: &'static str,
        source: base64::DecodeError,
    },
}

/// Writes an event as one line, its end included. `buffer` is overwritten.
///
/// # Errors
/// Only when serde fails, which plain data does not give it reason to.
pub(crate) fn write(event: &Event<'_>, buffer: &mut Vec<u8>) -> serde_json::Result<()> {
    let leaf = &event.leaf;
    let (metadata, metadata_base64) = as_text(leaf.metadata);
    let (payload, payload_base64) = as_text(leaf.payload);
    let form = Form {
        position: leaf.position,
        stream: leaf.stream.into(),
        revision: leaf.revision,
        id: leaf.id,
        event_type: leaf.event_type.into(),
        recorded: event.recorded,
        json: (!event.is_json).then_some(false),
        metadata,
        metadata_base64,
        payload,
        payload_base64,
        crc: None,
    };
    buffer.clear();
    serde_json::to_writer(&mut *buffer, &form)?;
    // The closing brace makes room for the checksum.
    buffer.pop();
    let crc = crc32c(buffer);
    buffer.extend_from_slice(CRC);
    buffer.extend_from_slice(format!("{crc:08x}\"}}\n").as_bytes());
    Ok(())
}

/// Bytes as text, or as base64 when they are none.
fn as_text(bytes: &[u8]) -> (Option<Cow<'_, str>>, Option<Cow<'_, str>>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text.into()), None),
        Err(_binary) => (None, Some(STANDARD.encode(bytes).into())),
    }
}

fn as_bytes<'a>(
    name: &'static str,
    text: Option<Cow<'a, str>>,
    base64: Option<Cow<'a, str>>,
) -> Result<Cow<'a, [u8]>, LineFault> {
    match (text, base64) {
        (Some(Cow::Borrowed(text)), None) => Ok(text.as_bytes().into()),
        (Some(Cow::Owned(text)), None) => Ok(text.into_bytes().into()),
        (None, Some(text)) => match STANDARD.decode(text.as_bytes()) {
            Ok(bytes) => Ok(bytes.into()),
            Err(source) => Err(LineFault::Base64 { field: name, source }),
        },
        (Some(_), Some(_)) | (None, None) => Err(LineFault::Field(name)),
    }
}

impl<'a> Line<'a> {
    /// The event of a line, without or with its end.
    ///
    /// # Errors
    /// [`LineFault`].
    pub(crate) fn read(text: &'a [u8]) -> Result<Self, LineFault> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let form: Form<'a> = serde_json::from_slice(text)?;
        Ok(Self {
            position: form.position,
            stream: form.stream,
            revision: form.revision,
            id: form.id,
            event_type: form.event_type,
            recorded: form.recorded,
            is_json: form.json.unwrap_or(true),
            metadata: as_bytes("metadata", form.metadata, form.metadata_base64)?,
            payload: as_bytes("payload", form.payload, form.payload_base64)?,
            is_whole: is_whole(text),
        })
    }

    /// What it says.
    pub(crate) fn event(&self) -> Event<'_> {
        Event {
            leaf: Leaf {
                position: self.position,
                stream: &self.stream,
                revision: self.revision,
                id: self.id,
                event_type: &self.event_type,
                metadata: &self.metadata,
                payload: &self.payload,
            },
            recorded: self.recorded,
            is_json: self.is_json,
        }
    }
}

/// Whether a line ends in the checksum of what comes before.
fn is_whole(text: &[u8]) -> bool {
    let checked = text
        .strip_suffix(b"\"}")
        .and_then(|it| it.split_last_chunk::<DIGITS>())
        .and_then(|(before, digits)| Some((before.strip_suffix(CRC)?, digits)));
    checked.is_some_and(|(before, digits)| format!("{:08x}", crc32c(before)).as_bytes() == digits)
}

#[cfg(test)]
mod tests {
    use event_store::Leaf;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::{Line, write};
    use crate::Event;

    const EVENT: Event<'_> = Event {
        leaf: Leaf {
            position: 17,
            stream: "ticket-1",
            revision: 2,
            id: Uuid::from_u128(7),
            event_type: "ticket.opened",
            metadata: br#"{"a":"b"}"#,
            payload: "{\"ё\":1}".as_bytes(),
        },
        recorded: chrono::DateTime::from_timestamp_nanos(1_763_700_000_123_456_700),
        is_json: true,
    };

    fn line(event: &Event<'_>) -> Vec<u8> {
        let mut buffer = vec![1, 2, 3];
        write(event, &mut buffer).unwrap();
        buffer
    }

    /// Files live longer than programs.
    #[test]
    fn form_of_a_line_is_stable() {
        let expected = "{\"position\":17,\"stream\":\"ticket-1\",\"revision\":2,\"id\":\"00000000-0000-0000-0000-000000000007\",\
                        \"type\":\"ticket.opened\",\"recorded\":\"2025-11-21T04:40:00.123456700Z\",\
                        \"metadata\":\"{\\\"a\\\":\\\"b\\\"}\",\"payload\":\"{\\\"ё\\\":1}\",\"crc\":\"";
        let text = String::from_utf8(line(&EVENT)).unwrap();
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(text.len(), expected.len() + 11);
    }

    proptest! {
        #[test]
        fn every_event_comes_back_as_it_was(
            metadata in proptest::collection::vec(any::<u8>(), 0..40),
            payload in "\\PC{0,20}",
            stream in "\\PC{1,20}",
            is_json: bool,
        ) {
            let leaf = Leaf { stream: &stream, metadata: &metadata, payload: payload.as_bytes(), ..EVENT.leaf };
            let event = Event { leaf, is_json, ..EVENT };
            let text = line(&event);
            let read = Line::read(&text).unwrap();
            prop_assert!(read.is_whole);
            prop_assert_eq!(read.event(), event);
        }

        #[test]
        fn no_changed_byte_passes(at in 0_usize..230, bit in 0_u32..8) {
            let mut text = line(&EVENT);
            // The line end is none of the line's.
            let at = at % (text.len() - 1);
            text[at] ^= 1 << bit;
            prop_assert!(!Line::read(&text).is_ok_and(|it| it.is_whole));
        }
    }
}
