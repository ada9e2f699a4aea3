//! The three forms say what `auditEntries` says.

use std::{collections::BTreeMap, io::Cursor};

use anyhow::{Context, Result, ensure};
use calamine::{Data, Reader, Xlsx};
use chrono::DateTime;
use serde_json::{Value, json};
use tests::run;

use super::{Files, history, lines, package, package_in, text};
use crate::audit::entries;

const TYPES: &str = "ticket,contact,conversation,subject";

/// A row of a table, cell by column.
type Row = BTreeMap<String, String>;

/// What `auditEntries` says, as exports say it, in the order of the log.
async fn expected(client: &tests::Client) -> Result<Vec<Value>> {
    let types: Vec<&str> = TYPES.split(',').collect();
    let mut nodes = entries(client, json!({"types": types})).await?;
    nodes.reverse();
    for node in &mut nodes {
        node["position"] = node["position"].as_str().context("no position")?.parse::<i64>()?.into();
        node["at"] = instant(&node["at"])?.into();
    }
    nodes.sort_by_key(|it| it["position"].as_i64());
    Ok(nodes)
}

fn instant(value: &Value) -> Result<i64> {
    let text = value.as_str().context("no instant")?;
    Ok(DateTime::parse_from_rfc3339(text)?.timestamp_micros())
}

/// What only exports say is taken out.
fn comparable(mut entry: Value) -> Result<Value> {
    entry["at"] = instant(&entry["at"])?.into();
    let fields = entry.as_object_mut().context("no object")?;
    for name in ["eventId", "stream", "command"] {
        let said = fields.remove(name).context("missing")?;
        ensure!(said.as_str().is_some_and(|it| it.len() >= 36), "{name}: {said}");
    }
    Ok(entry)
}

/// The entries that the rows of a table tell.
fn told(rows: &[Row]) -> Result<Vec<Value>> {
    let mut entries: Vec<Value> = Vec::new();
    for row in rows {
        let cell = |name: &str| row.get(name).map(String::as_str).context(format!("no column {name}"));
        let optional = |name: &str| cell(name).map(|it| if it.is_empty() { Value::Null } else { json!(it) });
        let value = |side: &str| -> Result<Value> {
            let (is, text) = (cell(&format!("{side}_is"))?, cell(side)?);
            let person = optional(&format!("{side}_person"))?;
            Ok(match is {
                "nothing" => Value::Null,
                "text" => json!({"text": text, "person": person, "erased": false, "redacted": false}),
                "erased" => json!({"text": null, "person": person, "erased": true, "redacted": false}),
                _ => json!({"text": null, "person": person, "erased": false, "redacted": true}),
            })
        };
        let position: i64 = cell("position")?.parse()?;
        let number: usize = cell("change")?.parse()?;
        if entries.last().is_none_or(|it| it["position"] != position) {
            entries.push(json!({
                "position": position, "eventId": cell("event_id")?, "at": cell("at")?, "actor": cell("actor")?,
                "onBehalfOf": optional("on_behalf_of")?, "type": cell("type")?, "summary": cell("summary")?,
                "objectType": cell("object_type")?, "objectId": cell("object_id")?, "stream": cell("stream")?,
                "version": cell("version")?.parse::<i64>()?, "ticketId": optional("ticket_id")?,
                "address": optional("address")?, "matter": cell("matter")?, "command": cell("command")?, "changes": [],
            }));
        }
        let changes = entries
            .last_mut()
            .and_then(|it| it["changes"].as_array_mut())
            .context("no entry")?;
        ensure!(
            number == changes.len() + usize::from(number > 0),
            "change {number} out of order"
        );
        if number > 0 {
            changes.push(json!({"field": cell("field")?, "before": value("before")?, "after": value("after")?}));
        }
    }
    Ok(entries)
}

fn from_csv(files: &Files) -> Result<Vec<Row>> {
    let text = text(files, "entries.csv")?;
    let text = text
        .strip_prefix('\u{feff}')
        .context("spreadsheets would not take it for UTF-8")?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers()?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let dangerous = record
            .iter()
            .find(|it| it.starts_with(['=', '+', '-', '@', '\t', '\r']));
        ensure!(dangerous.is_none(), "a formula: {dangerous:?}");
        let cells = record.iter().map(|it| it.strip_prefix('\'').unwrap_or(it).to_owned());
        rows.push(head.iter().map(str::to_owned).zip(cells).collect());
    }
    Ok(rows)
}

fn from_xlsx(files: &Files) -> Result<Vec<Row>> {
    let bytes = files.get("entries.xlsx").context("no spreadsheet")?;
    let mut book = Xlsx::new(Cursor::new(bytes.clone()))?;
    let (name, range) = book.worksheets().into_iter().next().context("no sheet")?;
    ensure!(book.worksheet_formula(&name)?.is_empty(), "there are formulas");
    let cell = |it: &Data| match it {
        Data::Empty => String::new(),
        other @ (Data::Int(_)
        | Data::Float(_)
        | Data::String(_)
        | Data::Bool(_)
        | Data::DateTime(_)
        | Data::DateTimeIso(_)
        | Data::DurationIso(_)
        | Data::Error(_)) => other.to_string(),
    };
    let mut rows = range.rows();
    let head: Vec<String> = rows.next().context("no head")?.iter().map(cell).collect();
    Ok(rows
        .map(|row| head.iter().cloned().zip(row.iter().map(cell)).collect())
        .collect())
}

#[test]
fn every_form_says_what_the_audit_says() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let client = &app.client;
        let expected = expected(client).await?;
        ensure!(expected.len() > 8, "{}", expected.len());
        let path = |form: &str| format!("/audit/export?format={form}&types={TYPES}");
        let (_, ndjson) = package(client, &path("ndjson")).await?;
        let (_, csv) = package(client, &path("csv")).await?;
        let (_, xlsx) = package(client, &path("xlsx")).await?;
        let forms = [
            ("ndjson", lines(&ndjson, "entries.ndjson")?),
            ("csv", told(&from_csv(&csv)?)?),
            ("xlsx", told(&from_xlsx(&xlsx)?)?),
        ];
        for (form, entries) in forms {
            let entries = entries.into_iter().map(comparable).collect::<Result<Vec<_>>>()?;
            ensure!(
                entries.len() == expected.len(),
                "{form}: {} of {}",
                entries.len(),
                expected.len()
            );
            for (entry, expected) in entries.iter().zip(&expected) {
                assert_eq!(entry, expected, "{form}");
            }
        }
        let said = text(&ndjson, "entries.ndjson")?;
        ensure!(
            said.contains("HYPERLINK") && !said.contains("Стёрт"),
            "what is erased is not given"
        );
        ensure!(said.contains("\"erased\":true"), "that it is erased is told");
        app.finish().await
    })
}

#[test]
fn filters_are_those_of_the_audit_and_words_are_in_the_language_asked_for() -> Result<()> {
    run(async {
        let (app, maria) = history().await?;
        let client = &app.client;
        let all = expected(client).await?;
        let of = async |query: &str| -> Result<Vec<Value>> {
            let (_, files) = package(client, &format!("/audit/export?format=ndjson&{query}")).await?;
            lines(&files, "entries.ndjson")
        };
        let subject = of("types=ticket.subject_changed").await?;
        assert_eq!(subject.len(), 1);
        let hers = of(&format!("person={maria}&types={TYPES}")).await?;
        ensure!(!hers.is_empty() && hers.len() < all.len(), "{}", hers.len());
        let at = subject[0]["at"].as_str().context("no instant")?;
        ensure!(at.ends_with('Z'), "{at}");
        let before = of(&format!("to={at}&types={TYPES}")).await?;
        let behind = of(&format!("from={at}&types={TYPES}")).await?;
        assert_eq!(before.len() + behind.len(), all.len());
        assert_eq!(
            of(&format!("matter={}", subject[0]["matter"].as_str().unwrap_or_default()))
                .await?
                .len(),
            1
        );
        assert_eq!(
            of("actor=agent:00000000-0000-4000-8000-000000000001").await?,
            Vec::<Value>::new()
        );
        let (_, files) = package_in(client, "/audit/export?format=ndjson&types=ticket.opened", "ru").await?;
        assert_eq!(lines(&files, "entries.ndjson")?[0]["summary"], "Создана заявка");
        app.finish().await
    })
}
