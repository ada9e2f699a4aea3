//! The events of one append, checked as they come in.

use std::collections::HashMap;

use bytes::Bytes;
use tonic::Status;
use uuid::Uuid;

use super::{request, status};
use crate::proto;
use crate::storage::NewEvent;

/// Events of one append, with their types and metadata.
pub(crate) const MAX_APPEND: usize = 8 << 20;
/// What an event takes here beside its bytes, so that empty ones are not endless.
const EVENT_OVERHEAD: usize = 64;

/// Of an id that is refused.
const SHOWN: usize = 64;

/// An event as both kinds of append propose it.
#[derive(Debug, Default)]
pub(crate) struct Proposed {
    pub(crate) id: Option<proto::Uuid>,
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) custom_metadata: Bytes,
    pub(crate) data: Bytes,
}

/// What has come of one append so far.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) list: Vec<NewEvent>,
    /// Never more than [`MAX_APPEND`].
    pub(crate) size: usize,
}

/// Why an event is not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The append would exceed [`MAX_APPEND`].
    TooLarge,
    Invalid(Status),
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge => status::append_too_large(MAX_APPEND),
            Refusal::Invalid(status) => status,
        }
    }
}

impl Events {
    /// # Errors
    /// The append gets too large, or the event lacks something.
    pub(crate) fn add(&mut self, proposed: Proposed) -> Result<(), Refusal> {
        let metadata = proposed.metadata.iter().map(|(key, value)| key.len() + value.len());
        let size = EVENT_OVERHEAD + proposed.data.len() + proposed.custom_metadata.len() + metadata.sum::<usize>();
        if self.size + size > MAX_APPEND {
            return Err(Refusal::TooLarge);
        }
        let event = new_event(self.list.len(), proposed).map_err(Refusal::Invalid)?;
        self.list.push(event);
        self.size += size;
        Ok(())
    }
}

fn new_event(index: usize, mut proposed: Proposed) -> Result<NewEvent, Status> {
    let id = event_id(index, proposed.id)?;
    let mut property = |name: &'static str| {
        let value = proposed.metadata.remove(name);
        value.ok_or_else(|| status::missing_property(index, name))
    };
    let (kind, content_type) = (property("type")?, property("content-type")?);
    request::name_fits(&format!("type of event {index} of the append"), &kind)?;
    Ok(NewEvent {
        id,
        kind,
        is_json: content_type == "application/json",
        meta: proposed.custom_metadata,
        data: proposed.data,
    })
}

fn event_id(index: usize, id: Option<proto::Uuid>) -> Result<Uuid, Status> {
    uuid(id, || format!("id of event {index} of the append"))
}

/// `field` is what to call it in a refusal.
pub(crate) fn uuid(id: Option<proto::Uuid>, field: impl Fn() -> String) -> Result<Uuid, Status> {
    match id.and_then(|id| id.value) {
        Some(proto::uuid::Value::Structured(id)) => Ok(Uuid::from_u64_pair(
            id.most_significant_bits.cast_unsigned(),
            id.least_significant_bits.cast_unsigned(),
        )),
        Some(proto::uuid::Value::String(text)) => Uuid::try_parse(&text).map_err(|error| {
            let shown: String = text.chars().take(SHOWN).collect();
            status::invalid(format!("{} is {shown:?}: {error}", field()))
        }),
        None => Err(status::invalid(format!("{} is not set", field()))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic::Status;

    use super::{Events, MAX_APPEND, Proposed, event_id, new_event};
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
            let proposed = Proposed {
                id: Some(id(uuid::Value::Structured(uuid::Structured::default()))),
                metadata: HashMap::from([(other.to_owned(), "x".to_owned())]),
                ..Proposed::default()
            };
            let refusal = new_event(0, proposed).unwrap_err();
            assert_eq!(
                refusal.metadata().get("exception").unwrap(),
                "missing-required-metadata-property"
            );
            assert!(refusal.message().contains(&format!("\"{property}\"")));
        }
    }

    #[test]
    fn senseless_types_and_too_much_of_everything_are_refused() {
        let proposed = |kind: &str, size: usize| Proposed {
            id: Some(id(uuid::Value::Structured(uuid::Structured::default()))),
            metadata: HashMap::from([
                ("type".to_owned(), kind.to_owned()),
                ("content-type".to_owned(), "application/json".to_owned()),
            ]),
            data: vec![0; size].into(),
            ..Proposed::default()
        };
        let mut events = Events::default();
        assert!(
            Status::from(events.add(proposed("", 1)).unwrap_err())
                .message()
                .contains("type of event 0 of the append is \"\"")
        );
        assert!(events.add(proposed(&"x".repeat(1025), 1)).is_err());
        assert!(events.add(proposed("x", MAX_APPEND / 2)).is_ok());
        let refusal = Status::from(events.add(proposed("x", MAX_APPEND / 2)).unwrap_err());
        assert_eq!(
            refusal.metadata().get("exception").unwrap(),
            "maximum-append-size-exceeded"
        );
        assert_eq!(refusal.metadata().get("maximum-append-size").unwrap(), "8388608");

        let mut empty = Events::default();
        let taken = (0..MAX_APPEND)
            .take_while(|_| empty.add(proposed("x", 0)).is_ok())
            .count();
        assert!(taken < MAX_APPEND / 64, "{taken}");
    }
}
