//! What an event makes of the thing it happened to, field by field.

use domain::event::DomainEvent;
use event_store::Recorded;
use serde_json::{Map, Value, json};

/// What an event says of one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    /// The field has this value from then on; null empties it.
    Put(String, Value),
    /// These are among the field's values from then on.
    Add(String, Vec<Value>),
    /// These are no longer.
    Take(String, Vec<Value>),
    /// Belongs to what happened, and to nothing that stays.
    Say(String, Value),
}

/// What an event says, and of which part of its thing.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Empty for the thing itself.
    pub(super) part: String,
    pub(super) facts: Vec<Fact>,
    /// Whether what is put is all that the thing says from then on.
    pub(super) is_whole: bool,
}

/// What an event says, given its payload.
pub(super) fn said(event: &Recorded<DomainEvent>, mut payload: Map<String, Value>) -> Said {
    let (category, name) = event.event_type.split_once('.').unwrap_or_default();
    match category {
        "ticket" | "assignment" => whole(ticket(name, payload)),
        "conversation" => conversation(name, payload),
        "contact" => whole(contact(name, payload)),
        "access" => access(name, payload),
        "user" => whole(user(name, payload)),
        _ => {
            let definition = payload.remove("definition");
            if let Some(Value::Object(definition)) = definition {
                return Said {
                    is_whole: true,
                    ..whole(put(definition).chain(say(payload)).collect())
                };
            }
            whole(match name {
                "retired" | "revoked" => vec![Fact::Put(name.to_owned(), json!(true))],
                "restored" => vec![Fact::Put("retired".to_owned(), Value::Null)],
                _ if is_kept(category) => put(payload).collect(),
                _ => say(payload).collect(),
            })
        }
    }
}

fn whole(facts: Vec<Fact>) -> Said {
    Said {
        facts,
        ..Said::default()
    }
}

/// Whether what events of this category say stays until another event says otherwise.
fn is_kept(category: &str) -> bool {
    matches!(
        category,
        "api_key" | "attachment" | "classifier" | "claim" | "visitor_secret"
    )
}

fn put(fields: Map<String, Value>) -> impl Iterator<Item = Fact> {
    fields.into_iter().map(|(field, value)| Fact::Put(field, value))
}

fn say(fields: Map<String, Value>) -> impl Iterator<Item = Fact> {
    fields.into_iter().map(|(field, value)| Fact::Say(field, value))
}

fn items(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(items)) => items,
        Some(item) => vec![item],
        None => Vec::new(),
    }
}

/// What the difference of a ticket before and after tells.
const SHOWN: &[&str] = &[
    "agent_id",
    "category_id",
    "into",
    "place",
    "status_id",
    "subcategory_id",
    "tag_ids",
    "to",
    "until",
    "user_id",
];

/// How a ticket stands is told by the difference of what it was and is; here is what that does not tell.
fn ticket(name: &str, mut payload: Map<String, Value>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(subject) = payload.remove("subject") {
        facts.push(Fact::Put("subject".to_owned(), subject));
    }
    if name == "resolved" {
        let note = payload.remove("note").unwrap_or_default();
        facts.push(Fact::Put("resolution_note".to_owned(), note));
    }
    if name == "reopened" {
        facts.push(Fact::Put("resolution_note".to_owned(), Value::Null));
    }
    if name == "custom_field_set" {
        let id = payload.remove("field_id").unwrap_or_default();
        let value = payload.remove("value").unwrap_or_default();
        facts.push(Fact::Put(format!("field:{}", text(&id)), value));
    }
    if name == "opened" {
        // All of it is how the ticket stands from then on.
        return facts;
    }
    payload.retain(|field, _| !SHOWN.contains(&field.as_str()));
    if name == "prioritized" {
        payload.remove("from");
    }
    facts.extend(say(payload));
    facts
}

fn conversation(name: &str, mut payload: Map<String, Value>) -> Said {
    if name == "started" {
        return whole(put(payload).collect());
    }
    if !matches!(
        name,
        "message_received" | "message_posted" | "message_edited" | "message_redacted"
    ) {
        return whole(say(payload).collect());
    }
    let part = format!("message:{}", payload.get("seq").map(text).unwrap_or_default());
    let body = payload.remove("body").unwrap_or_default();
    let facts = [Fact::Put("message".to_owned(), body)].into_iter().chain(say(payload));
    Said {
        part,
        facts: facts.collect(),
        is_whole: false,
    }
}

fn contact(name: &str, mut payload: Map<String, Value>) -> Vec<Fact> {
    let handle =
        |payload: &mut Map<String, Value>| format!("handle:{}", text(&payload.remove("handle_id").unwrap_or_default()));
    let flag = |field: &str, value: Value| vec![Fact::Put(field.to_owned(), value)];
    match name {
        "handle_added" => {
            let field = handle(&mut payload);
            let added = Fact::Put(field, payload.remove("handle").unwrap_or_default());
            [added].into_iter().chain(say(payload)).collect()
        }
        "handle_removed" => vec![Fact::Put(handle(&mut payload), Value::Null)],
        "handle_verified" => vec![Fact::Put(format!("{} verified", handle(&mut payload)), json!(true))],
        "assigned_to_organization" => vec![Fact::Add(
            "organizations".to_owned(),
            items(payload.remove("organization_id")),
        )],
        "removed_from_organization" => {
            vec![Fact::Take(
                "organizations".to_owned(),
                items(payload.remove("organization_id")),
            )]
        }
        "absorbed" => vec![Fact::Add("merged".to_owned(), items(payload.remove("contact_id")))],
        "separated" => vec![Fact::Take("merged".to_owned(), items(payload.remove("contact_id")))],
        "merged" => flag("merged_into", payload.remove("into").unwrap_or_default()),
        "unmerged" => flag("merged_into", Value::Null),
        "blocked" => vec![
            Fact::Put("blocked".to_owned(), json!(true)),
            Fact::Put("reason".to_owned(), payload.remove("reason").unwrap_or_default()),
        ],
        "unblocked" => vec![
            Fact::Put("blocked".to_owned(), Value::Null),
            Fact::Put("reason".to_owned(), Value::Null),
        ],
        "consent_given" | "consent_withdrawn" => {
            let purpose = payload.remove("purpose").unwrap_or_default();
            let field = format!("consent:{}", text(&purpose));
            let given = Fact::Put(field, json!(name == "consent_given"));
            [given].into_iter().chain(say(payload)).collect()
        }
        _ => put(payload).collect(),
    }
}

fn access(name: &str, mut payload: Map<String, Value>) -> Said {
    let role = payload.get("role").map(text).unwrap_or_default();
    match name {
        "granted" | "revoked" => {
            let user = payload.remove("user_id").unwrap_or_default();
            let grants = vec![Value::Object(payload)];
            let part = format!("user:{}", text(&user));
            let user = Fact::Say("user_id".to_owned(), user);
            let field = "grants".to_owned();
            let changed = if name == "granted" {
                Fact::Add(field, grants)
            } else {
                Fact::Take(field, grants)
            };
            Said {
                part,
                facts: vec![changed, user],
                is_whole: false,
            }
        }
        "role_retired" => Said {
            part: format!("role:{role}"),
            facts: vec![
                Fact::Put("retired".to_owned(), json!(true)),
                Fact::Say("role".to_owned(), json!(role)),
            ],
            is_whole: false,
        },
        _ => Said {
            part: format!("role:{role}"),
            facts: put(payload).collect(),
            is_whole: false,
        },
    }
}

fn user(name: &str, payload: Map<String, Value>) -> Vec<Fact> {
    let state = match name {
        "invited" | "registered" => Some("invited"),
        "activated" | "reinstated" => Some("active"),
        "suspended" => Some("suspended"),
        _ => None,
    };
    let second = match name {
        "two_factor_enabled" => Some(true),
        "two_factor_disabled" => Some(false),
        _ => None,
    };
    let state = state.map(|it| Fact::Put("status".to_owned(), json!(it)));
    let second = second.map(|it| Fact::Put("two_factor".to_owned(), json!(it)));
    let password = (name == "password_set").then(|| Fact::Say("password".to_owned(), json!("set")));
    state
        .into_iter()
        .chain(second)
        .chain(password)
        .chain(put(payload))
        .collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
