//! Whether this program understands every event of a log: type, schema, payload, metadata, the stream's name.
//!
//! Personal data stays sealed: that it opens is for the vault to say.

use std::{collections::BTreeMap, ops::ControlFlow};

use event_store::{DecodeError, decode};
use serde::Serialize;

use crate::{
    Event, Scope, Source, SourceError,
    walk::{Watch, pace},
};

/// Events of one type and schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kind {
    /// Stored type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Schema of the payload, as the metadata says; empty when it says none.
    pub schema: String,
    /// How many.
    pub events: u64,
}

/// Events of one type and schema that are not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Which, and how many of them.
    #[serde(flatten)]
    pub kind: Kind,
    /// Position of the first.
    pub first_position: u64,
    /// Why the first is not understood.
    pub reason: String,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Events looked at.
    pub events: u64,
    /// Events of the store itself, which nobody has to understand.
    pub store_events: u64,
    /// What is understood, by type and schema.
    pub read: Vec<Kind>,
    /// What is not, by type and schema.
    pub unread: Vec<Unread>,
    /// Whether everything was looked at; not when somebody asked to stop.
    pub complete: bool,
}

/// Reads every event as the program would.
///
/// # Errors
/// When the log itself cannot be read.
pub fn decode_check(source: &Source, scope: &Scope, watch: Watch<'_>) -> Result<Checked, SourceError> {
    source.end()?;
    let mut found = Found::default();
    let mut complete = true;
    source.visit(scope.start(source), &mut |event| {
        found.seen += 1;
        if pace(watch, found.seen, event.leaf.position).is_break() {
            complete = false;
            return ControlFlow::Break(());
        }
        if scope.takes(event)? {
            found.look(event);
        }
        ControlFlow::Continue(())
    })?;
    Ok(Checked {
        complete,
        ..found.told()
    })
}

#[derive(Default)]
struct Found {
    seen: u64,
    events: u64,
    store_events: u64,
    read: BTreeMap<(String, String), u64>,
    unread: BTreeMap<(String, String), Unread>,
}

impl Found {
    fn look(&mut self, event: &Event<'_>) {
        if !event.leaf.is_sealed() {
            self.store_events += 1;
            return;
        }
        self.events += 1;
        match decode(&event.to_raw()) {
            Ok(recorded) => {
                let key = (recorded.event_type, recorded.metadata.schema.to_string());
                *self.read.entry(key).or_default() += 1;
            }
            Err(error) => self.add_unread(event, &error),
        }
    }

    fn add_unread(&mut self, event: &Event<'_>, error: &DecodeError) {
        let (event_type, schema) = (event.leaf.event_type.to_owned(), schema(event));
        let unread = self.unread.entry((event_type.clone(), schema.clone()));
        let unread = unread.or_insert_with(|| Unread {
            kind: Kind {
                event_type,
                schema,
                events: 0,
            },
            first_position: event.leaf.position,
            reason: in_full(error),
        });
        unread.kind.events += 1;
    }

    fn told(self) -> Checked {
        let kind = |((event_type, schema), events)| Kind {
            event_type,
            schema,
            events,
        };
        Checked {
            events: self.events,
            store_events: self.store_events,
            read: self.read.into_iter().map(kind).collect(),
            unread: self.unread.into_values().collect(),
            complete: false,
        }
    }
}

/// As the metadata says, be it that the rest of it does not read.
fn schema(event: &Event<'_>) -> String {
    #[derive(serde::Deserialize)]
    struct Schema {
        schema: String,
    }
    serde_json::from_slice::<Schema>(event.leaf.metadata).map_or_else(|_none| String::new(), |it| it.schema)
}

/// The error and its causes, each told once.
fn in_full(error: &DecodeError) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(it) = cause {
        let text = it.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = it.source();
    }
    said
}
