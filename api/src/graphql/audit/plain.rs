//! An entry as exports give it: what `auditEntries` answers, and where it stands in the log.

use chrono::SecondsFormat;
use projections::audit_entry::Entry;
use serde::Serialize;
use uuid::Uuid;

use super::object::{AuditChange, AuditEntry, AuditValue};
use crate::problem::Language;

/// Something that somebody did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlainEntry {
    /// Place of the event in the log.
    pub(crate) position: i64,
    /// Id of the event.
    pub(crate) event_id: Uuid,
    /// When it was decided: RFC 3339, UTC, to the microsecond.
    pub(crate) at: String,
    /// Who did it, `kind:id`.
    pub(crate) actor: String,
    /// For whom they did it.
    pub(crate) on_behalf_of: Option<String>,
    /// Stored type of the event.
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    /// What was done, in words.
    pub(crate) summary: &'static str,
    /// What sort of thing it was done to.
    pub(crate) object_type: String,
    /// The thing, as the API names it.
    pub(crate) object_id: String,
    /// The stream of the event.
    pub(crate) stream: String,
    /// Place of the event in its stream, from 1.
    pub(crate) version: i64,
    /// The ticket to which the thing belongs, as the API names it.
    pub(crate) ticket_id: Option<String>,
    /// Internet address that it was asked from.
    pub(crate) address: Option<String>,
    /// The whole matter.
    pub(crate) matter: String,
    /// The command that led to it.
    pub(crate) command: String,
    /// What it changed.
    pub(crate) changes: Vec<PlainChange>,
}

/// What became of a field.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PlainChange {
    /// Its name.
    pub(crate) field: String,
    /// What it said before.
    pub(crate) before: Option<PlainValue>,
    /// What it says after that.
    pub(crate) after: Option<PlainValue>,
}

/// What a field says.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PlainValue {
    /// As text; what has parts as JSON.
    pub(crate) text: Option<String>,
    /// Whose personal data it is.
    pub(crate) person: Option<String>,
    /// Whether the person's data was erased.
    pub(crate) erased: bool,
    /// Whether the text was withdrawn.
    pub(crate) redacted: bool,
}

impl PlainEntry {
    /// An entry, with the id and the stream of its event.
    pub(crate) fn new(entry: Entry, event_id: Uuid, stream: String, language: Language) -> Self {
        let position = entry.position;
        let entry = AuditEntry::from(entry);
        Self {
            position,
            event_id,
            at: entry.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            summary: entry.words(language),
            actor: entry.actor,
            on_behalf_of: entry.on_behalf_of,
            event_type: entry.event_type,
            object_type: entry.object_type,
            object_id: entry.object_id.0,
            stream,
            version: entry.version,
            ticket_id: entry.ticket_id.map(|it| it.0),
            address: entry.address,
            matter: entry.matter.0,
            command: entry.command.0,
            changes: entry.changes.into_iter().map(PlainChange::from).collect(),
        }
    }
}

impl From<AuditChange> for PlainChange {
    fn from(change: AuditChange) -> Self {
        Self {
            field: change.field,
            before: change.before.map(PlainValue::from),
            after: change.after.map(PlainValue::from),
        }
    }
}

impl From<AuditValue> for PlainValue {
    fn from(value: AuditValue) -> Self {
        Self {
            text: value.text,
            person: value.person.map(|it| it.0),
            erased: value.erased,
            redacted: value.redacted,
        }
    }
}
