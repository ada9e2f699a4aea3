//! An event in words, in a line, and as JSON.

use chrono::{DateTime, Utc};
use replay_tools::inspect::{Change, Field, Told};
use serde_json::{Map, Value, json};

use super::shown::{Ink, Style, plain};

/// What is said of an import: that the log took the event later than it was decided.
const LATER_S: i64 = 60;

fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Position, time, who, what, and where in which stream.
pub(super) fn line(told: &Told<'_>, style: Style) -> String {
    let raw = told.raw;
    let place = format!(
        "{}, event {} of {}",
        plain(&raw.event_type),
        raw.revision,
        plain(&raw.stream)
    );
    format!("{}  {}", head(told, style), style.paint(Ink::Aside, &place))
}

fn head(told: &Told<'_>, style: Style) -> String {
    let actor = told.actor().map_or_else(|| "?".to_owned(), |it| plain(&it));
    let words = plain(style.words(&told.raw.event_type));
    format!(
        "{:>6}  {}  {actor}  {}",
        told.raw.position,
        instant(told.at()),
        style.paint(Ink::Heading, &words)
    )
}

/// The same with its fields, one a line: `+` new, `~` another value than before, none: the same again.
pub(super) fn paragraph(told: &Told<'_>, style: Style) -> String {
    let raw = told.raw;
    let mut aside = format!(
        "{}, event {} of {}",
        plain(&raw.event_type),
        raw.revision,
        plain(&raw.stream)
    );
    if (raw.stored_at - told.at()).num_seconds().abs() >= LATER_S {
        aside = format!("{aside}, in the log since {}", instant(raw.stored_at));
    }
    let mut lines = vec![
        head(told, style),
        format!("        {}", style.paint(Ink::Aside, &aside)),
    ];
    let width = told
        .fields
        .iter()
        .map(|it| it.name.chars().count())
        .max()
        .unwrap_or_default();
    lines.extend(told.fields.iter().map(|it| field(it, width, style)));
    lines.join("\n")
}

fn field(field: &Field, width: usize, style: Style) -> String {
    let name = format!("{:width$}", plain(&field.name));
    let value = style.value(&field.value);
    match &field.change {
        Change::New => format!("      {}", style.paint(Ink::Added, &format!("+ {name}  {value}"))),
        Change::Same => format!("        {name}  {value}"),
        Change::Was(before) => format!(
            "      {}  {} → {}",
            style.paint(Ink::Changed, &format!("~ {name}")),
            style.paint(Ink::Removed, &style.value(before)),
            style.paint(Ink::Added, &value)
        ),
    }
}

/// Everything that is known of it.
pub(super) fn as_json(told: &Told<'_>, style: Style) -> Value {
    let raw = told.raw;
    let metadata = told.metadata.as_ref();
    let fields: Map<String, Value> = told
        .fields
        .iter()
        .map(|it| (it.name.clone(), it.value.clone()))
        .collect();
    let before = told.fields.iter().filter_map(|it| match &it.change {
        Change::Was(value) => Some((it.name.clone(), value.clone())),
        Change::New | Change::Same => None,
    });
    json!({
        "position": raw.position.0, "stream": raw.stream, "revision": raw.revision, "id": raw.id,
        "type": raw.event_type, "words": style.words(&raw.event_type), "at": told.at(), "recorded": raw.stored_at,
        "actor": told.actor(), "command": metadata.map(|it| it.command_id),
        "correlation": metadata.map(|it| it.correlation_id), "causation": metadata.map(|it| it.causation_id),
        "schema": metadata.map(|it| it.schema), "fields": fields, "before": before.collect::<Map<_, _>>(),
    })
}
