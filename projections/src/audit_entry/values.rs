//! What events say, as entries show it: JSON in which everything personal names whose it is, and nothing is a secret.

use domain::{
    event::DomainEvent,
    personal::{DataSubject, PersonalField},
};
use event_store::Recorded;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::NAME;
use crate::ProjectError;

/// What lets somebody in, tells where bytes lie, or is too large to be shown: no entry has it.
const UNTOLD: &[&str] = &[
    "blob",
    "code_hash",
    "hash",
    "key",
    "link",
    "model",
    "recovery",
    "secret",
    "secret_hash",
    "seed",
    "texts",
    "token_hash",
];

/// What lets somebody in, by itself or with what its owner knows: such events are not given out as they are stored.
const LETS_IN: &[&str] = &[
    "code_hash",
    "hash",
    "link",
    "recovery",
    "secret",
    "secret_hash",
    "seed",
    "token_hash",
];

/// Whether a stored payload holds what lets somebody in; also when it does not read.
pub fn lets_in(payload: &[u8]) -> bool {
    fn holds(value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields
                .iter()
                .any(|(name, it)| LETS_IN.contains(&name.as_str()) || holds(it)),
            Value::Array(items) => items.iter().any(holds),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }
    serde_json::from_slice(payload).map_or(true, |it| holds(&it))
}

/// What stands in the place of a text that was withdrawn.
pub(super) fn redacted() -> Value {
    json!({"redacted": true})
}

/// The event's payload, and those whose data stands in it.
///
/// # Errors
/// Only when serde fails, which plain data does not give it reason to.
pub(super) fn payload(event: &Recorded<DomainEvent>) -> Result<(Map<String, Value>, Vec<Uuid>), ProjectError> {
    said(&event.event).ok_or_else(|| ProjectError::Unfit {
        projection: NAME,
        event_type: event.event_type.clone(),
        position: event.position.0,
        reason: "its payload is no JSON object",
    })
}

fn said(event: &DomainEvent) -> Option<(Map<String, Value>, Vec<Uuid>)> {
    let mut open = event.clone();
    let mut personal = Vec::new();
    let mut people = Vec::new();
    for (name, field) in open.personal_mut() {
        if !UNTOLD.contains(&name) {
            personal.push((name, value(field)?));
            people.extend(Some(field.subject().0).filter(|_| field.subject() != DataSubject::NOBODY));
        }
        // Only what is sealed can be written.
        field.seal(String::new());
    }
    let stored = open.to_stored().ok()?;
    let mut payload: Map<String, Value> = serde_json::from_slice(&stored.payload).ok()?;
    for (name, value) in personal {
        payload.insert(name.to_owned(), value);
    }
    payload.retain(|name, value| !UNTOLD.contains(&name.as_str()) && !value.is_null());
    people.sort_unstable();
    people.dedup();
    Some((payload, people))
}

fn value(field: &dyn PersonalField) -> Option<Value> {
    let of = field.subject();
    let plain: Option<Value> = match field.plain() {
        Some(plain) => Some(serde_json::from_slice(&plain.ok()?).ok()?),
        None => None,
    };
    Some(match plain {
        Some(value) if of == DataSubject::NOBODY => value,
        Some(value) => json!({"personal": of.0, "value": value}),
        None => json!({"personal": of.0}),
    })
}

/// The ids in a payload: what the event names.
pub(super) fn named(payload: &Map<String, Value>) -> Vec<Uuid> {
    let mut named = Vec::new();
    payload.values().for_each(|it| gather(it, &mut named));
    named
}

fn gather(value: &Value, named: &mut Vec<Uuid>) {
    match value {
        Value::String(text) => named.extend(Uuid::parse_str(text)),
        Value::Array(items) => items.iter().for_each(|it| gather(it, named)),
        Value::Object(fields) => fields.values().for_each(|it| gather(it, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
