use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::organisation;
use projections::audit_entry::{Change, Entry};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    graphql::{
        LogPosition, caller,
        ids::{self, Kind},
        life::said,
    },
    problem::Language,
};

/// Something that somebody did: one event of the log.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct AuditEntry {
    /// Place of the event in the log.
    pub(super) position: LogPosition,
    /// When it was decided; for an import, when it happened there.
    pub(super) at: DateTime<Utc>,
    /// Who did it: `kind:id`; kinds are agent, contact, bot, system, `api_key` and import.
    pub(super) actor: String,
    /// For whom they did it: `kind:id`; null when for themselves.
    pub(super) on_behalf_of: Option<String>,
    /// Stored type of the event, such as `ticket.resolved`.
    #[graphql(name = "type")]
    pub(super) event_type: String,
    /// What sort of thing it was done to: category of the event, such as `ticket` or `inbox`.
    pub(super) object_type: String,
    /// The thing: its id in this API if it has one, else its uuid.
    pub(super) object_id: ID,
    /// Place of the event among those of the thing's stream, from 1.
    pub(super) version: i64,
    /// The ticket to which the thing belongs.
    pub(super) ticket_id: Option<ID>,
    /// What it changed, field by field.
    pub(super) changes: Vec<AuditChange>,
    /// Internet address that it was asked from; null when nobody outside asked, it was not noted, or the data of who asked
    /// was erased.
    pub(super) address: Option<String>,
    /// The whole matter: equal for all that one command or operation led to.
    pub(super) matter: ID,
    /// The command that led to it.
    pub(super) command: ID,
}

/// What became of a field.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct AuditChange {
    /// Name of the field; `field:<id>` is a custom field, `message` the text of a message.
    pub(super) field: String,
    /// What it said before; null when nothing.
    pub(super) before: Option<AuditValue>,
    /// What it says after that; null when nothing.
    pub(super) after: Option<AuditValue>,
}

/// What a field says.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub(in crate::graphql) struct AuditValue {
    /// As text; what has parts as JSON. Null when it is gone.
    pub(super) text: Option<String>,
    /// Whose personal data it is: the uuid of a contact, a user or a ticket; null when nobody's.
    pub(super) person: Option<ID>,
    /// Whether the person's data was erased.
    pub(super) erased: bool,
    /// Whether the text was withdrawn.
    pub(super) redacted: bool,
}

#[ComplexObject]
impl AuditEntry {
    /// What was done, in words, in the language of `Accept-Language`.
    #[expect(clippy::unused_async, reason = "the form of a resolver")]
    async fn summary(&self, ctx: &Context<'_>) -> Result<&'static str> {
        Ok(self.words(caller(ctx)?.language))
    }
}

impl AuditEntry {
    pub(super) fn words(&self, language: Language) -> &'static str {
        said(&self.event_type, language)
    }
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        Self {
            position: LogPosition::from(event_store::Position(entry.position.cast_unsigned())),
            at: entry.at,
            actor: entry.actor,
            on_behalf_of: entry.on_behalf_of,
            event_type: entry.event_type,
            object_id: object(&entry.object_kind, entry.object_id),
            object_type: entry.object_kind,
            version: entry.version,
            ticket_id: entry.ticket_id.map(|it| ids::global(Kind::Ticket, it)),
            changes: entry.changes.0.into_iter().map(AuditChange::from).collect(),
            address: entry.address,
            matter: ID(entry.correlation_id.to_string()),
            command: ID(entry.command_id.to_string()),
        }
    }
}

fn object(category: &str, id: Uuid) -> ID {
    let kind = match category {
        "ticket" | "assignment" => Some(Kind::Ticket),
        "contact" => Some(Kind::Contact),
        "organization" => Some(Kind::Organization),
        "user" => Some(Kind::Agent),
        "session" => Some(Kind::Session),
        "api_key" => Some(Kind::ApiKey),
        "attachment" => Some(Kind::Attachment),
        "view" => Some(Kind::View),
        "bulk" => Some(Kind::Bulk),
        "what_if" => Some(Kind::WhatIf),
        other => organisation::Kind::parse(other).map(Kind::Item),
    };
    kind.map_or_else(|| ID(id.to_string()), |kind| ids::global(kind, id))
}

impl From<Change> for AuditChange {
    fn from(change: Change) -> Self {
        Self {
            field: change.field,
            before: AuditValue::of(&change.before),
            after: AuditValue::of(&change.after),
        }
    }
}

impl AuditValue {
    fn of(value: &Value) -> Option<Self> {
        let person = value.get("personal").and_then(Value::as_str).map(ID::from);
        let said = if person.is_some() {
            value.get("value")
        } else {
            Some(value)
        };
        let redacted = value.get("redacted") == Some(&Value::Bool(true));
        let text = match said {
            Some(Value::Null) if person.is_none() => return None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) if !redacted => Some(other.to_string()),
            Some(_) | None => None,
        };
        Some(Self {
            erased: person.is_some() && text.is_none(),
            text,
            person,
            redacted,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::AuditValue;

    #[test]
    fn values_are_text_and_say_whose_they_are() {
        let text = |value: Value| AuditValue::of(&value).map(|it| (it.text, it.erased, it.redacted));
        assert_eq!(text(Value::Null), None);
        assert_eq!(text(json!("open")), Some((Some("open".to_owned()), false, false)));
        assert_eq!(text(json!(["a"])), Some((Some(r#"["a"]"#.to_owned()), false, false)));
        let of = Uuid::from_u128(7);
        let known = text(json!({"personal": of, "value": "Мария"}));
        assert_eq!(known, Some((Some("Мария".to_owned()), false, false)));
        assert_eq!(text(json!({"personal": of})), Some((None, true, false)));
        assert_eq!(text(json!({"redacted": true})), Some((None, false, true)));
    }
}
