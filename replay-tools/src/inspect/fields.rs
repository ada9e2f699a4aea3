//! An event's fields, and what differs from what the stream had in them before.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::metadata::Metadata;
use event_store::Raw;
use serde_json::{Map, Value, json};

use super::{Opened, OpenedValue};

/// An event as it is told.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    /// Its stored parts.
    pub raw: &'a Raw,
    /// `None` when it does not read: another program wrote it.
    pub metadata: Option<Metadata>,
    /// Fields of its payload.
    pub fields: Vec<Field>,
}

/// A field of a payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds; `{"of": …, "sealed": true}` for what is sealed, `{"forgotten": true}` for what nobody can read any
    /// more.
    pub value: Value,
    /// How that compares.
    pub change: Change,
}

/// A value beside the last one that the stream had in the same field.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// There was none.
    New,
    /// It is the same.
    Same,
    /// It was this one.
    Was(Value),
}

/// Tells events in their order. `opened` has the personal fields of each, or is empty.
pub fn tell<'a>(events: &'a [Raw], opened: &[Opened]) -> Vec<Told<'a>> {
    let mut before = HashMap::new();
    let nothing = Opened::new();
    let told = events.iter().enumerate().map(|(at, raw)| {
        let opened = opened.get(at).unwrap_or(&nothing);
        Told {
            raw,
            metadata: serde_json::from_slice(&raw.metadata).ok(),
            fields: fields(raw, opened, &mut before),
        }
    });
    told.collect()
}

/// The last value of each field of each stream, as it lies there and as it is shown.
type Before<'a> = HashMap<(&'a str, String), (Value, Value)>;

fn fields<'a>(raw: &'a Raw, opened: &Opened, before: &mut Before<'a>) -> Vec<Field> {
    let told = payload(raw).into_iter().map(|(name, stored)| {
        let value = opened.get(name.as_str()).map_or_else(|| masked(&stored), shown);
        let is_opened = opened.contains_key(name.as_str());
        // Two ciphertexts of one text differ, so what is opened is compared as it reads.
        let compared = if is_opened { value.clone() } else { stored };
        let last = before.insert((&raw.stream, name.clone()), (compared.clone(), value.clone()));
        let change = match last {
            None => Change::New,
            Some((stored, _)) if stored == compared => Change::Same,
            Some((_, shown)) => Change::Was(shown),
        };
        Field { name, value, change }
    });
    told.collect()
}

/// A payload that is no object has one field without a name of its own.
fn payload(raw: &Raw) -> Map<String, Value> {
    match serde_json::from_slice(&raw.payload) {
        Ok(Value::Object(fields)) => named(&raw.event_type, fields),
        Ok(other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_))) => {
            std::iter::once(("payload".to_owned(), other)).collect()
        }
        Err(_no_json) => {
            let text = String::from_utf8_lossy(&raw.payload).into_owned();
            std::iter::once(("payload".to_owned(), Value::String(text))).collect()
        }
    }
}

/// What an event changes by `from` and `to` has the name that it has where the stream tells it first.
fn named(event_type: &str, mut fields: Map<String, Value>) -> Map<String, Value> {
    let name = match event_type {
        "ticket.prioritized" => "priority",
        "ticket.type_changed" => "type",
        _ => return fields,
    };
    if let Some(to) = fields.remove("to") {
        fields.remove("from");
        fields.insert(name.to_owned(), to);
    }
    fields
}

fn shown(value: &OpenedValue) -> Value {
    match value {
        OpenedValue::Known(value) => value.clone(),
        OpenedValue::Forgotten => json!({ "forgotten": true }),
        OpenedValue::Shut(reason) => json!({ "sealed": true, "reason": reason }),
    }
}

/// Ciphertexts say nothing to anybody: whose they are is left.
fn masked(value: &Value) -> Value {
    match value {
        Value::Object(fields) if fields.len() == 2 && fields.get("sealed").is_some_and(Value::is_string) => {
            json!({ "of": fields.get("of"), "sealed": true })
        }
        Value::Object(fields) => fields.iter().map(|(name, it)| (name.clone(), masked(it))).collect(),
        Value::Array(values) => values.iter().map(masked).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

impl Told<'_> {
    /// When it was decided, UTC; when the log took it, if that does not read.
    pub fn at(&self) -> DateTime<Utc> {
        self.metadata.as_ref().map_or(self.raw.stored_at, |it| it.at)
    }

    /// `kind:id` of who asked for it; `None` when that does not read.
    pub fn actor(&self) -> Option<String> {
        self.metadata.as_ref().map(|it| it.actor.to_string())
    }
}

#[cfg(test)]
mod tests {
    use event_store::{Position, Raw};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::{super::OpenedValue, Change, Field, tell};

    fn raw(revision: u64, payload: &Value) -> Raw {
        Raw {
            id: Uuid::nil(),
            stream: "ticket-1".to_owned(),
            revision,
            position: Position(revision + 1),
            event_type: "ticket.opened".to_owned(),
            payload: payload.to_string().into(),
            metadata: "{}".into(),
            stored_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            is_json: true,
        }
    }

    fn field(name: &str, value: Value, change: Change) -> Field {
        Field {
            name: name.to_owned(),
            value,
            change,
        }
    }

    #[test]
    fn only_what_differs_from_the_same_field_before_is_a_change() {
        let events = [
            raw(0, &json!({"priority": "low", "number": 1})),
            raw(1, &json!({"priority": "high", "number": 1})),
            raw(2, &json!({})),
            raw(3, &json!({"priority": "high"})),
        ];
        let told = tell(&events, &[]);
        assert_eq!(told[0].fields[0].change, Change::New);
        let second = [
            field("number", json!(1), Change::Same),
            field("priority", json!("high"), Change::Was(json!("low"))),
        ];
        assert!(second.iter().all(|it| told[1].fields.contains(it)), "{:?}", told[1]);
        assert_eq!(told[3].fields, [field("priority", json!("high"), Change::Same)]);
        assert!(told[0].metadata.is_none() && told[0].at() == events[0].stored_at);
    }

    #[test]
    fn sealed_text_is_said_to_be_sealed_and_an_opened_one_is_compared_as_it_reads() {
        let sealed = |text: &str| json!({"subject": {"of": "7", "sealed": text}});
        let events = [raw(0, &sealed("AA")), raw(1, &sealed("BB"))];
        let mask = json!({"of": "7", "sealed": true});
        let told = tell(&events, &[]);
        assert_eq!(told[1].fields, [field("subject", mask.clone(), Change::Was(mask))]);
        let known = [("subject", OpenedValue::Known(json!("Почта")))].into();
        let told = tell(
            &events,
            &[known, [("subject", OpenedValue::Known(json!("Почта")))].into()],
        );
        assert_eq!(told[1].fields, [field("subject", json!("Почта"), Change::Same)]);
    }
}
