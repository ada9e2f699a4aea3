//! Entries beside their events.

use std::io::{BufRead, BufReader, Read};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    faults::Faults,
    open::Package,
    proofs::{Fact, More},
};

const NDJSON: &str = "entries.ndjson";
const CSV: &str = "entries.csv";
const XLSX: &str = "entries.xlsx";

/// Types of events that hold what lets somebody in: their bytes need not be there.
const WITHHELD: &[&str] = &[
    "api_key.issued",
    "ticket.tracking_link_issued",
    "user.invited",
    "user.password_set",
    "user.recovery_code_used",
    "user.recovery_requested",
    "user.registered",
    "user.reinvited",
    "user.two_factor_enabled",
];

/// What an entry says of its event; empty where it says nothing.
#[derive(Debug, Default)]
struct Said {
    line: u64,
    position: String,
    event_id: String,
    event_type: String,
    stream: String,
    version: String,
    at: String,
    actor: String,
    matter: String,
    command: String,
}

enum Reader<'a> {
    Ndjson(Box<dyn BufRead + 'a>, u64),
    Csv(Box<csv::Reader<Box<dyn Read + 'a>>>),
    /// A form that is compared by its checksum alone, or none at all.
    None,
}

/// The entries of a package, read as their events are.
pub(super) struct Entries<'a> {
    name: &'static str,
    reader: Reader<'a>,
    /// One that was read and belongs to an event to come.
    next: Option<Said>,
    compared: u64,
    /// Whether reading failed: then nothing more is compared.
    failed: bool,
}

impl<'a> Entries<'a> {
    /// The entries of whatever form there is.
    pub(super) fn open(package: &'a mut Package, faults: &mut Faults) -> Self {
        let names = package.names().unwrap_or_default();
        let name = [NDJSON, CSV, XLSX]
            .into_iter()
            .find(|it| names.iter().any(|name| name == it));
        let reader = match name {
            None => {
                faults.add(
                    "entries",
                    None,
                    "there are none: entries.ndjson, entries.csv or entries.xlsx",
                );
                Reader::None
            }
            Some(XLSX) => Reader::None,
            Some(name) => match package.read(name) {
                Ok(Some(reader)) if name == NDJSON => Reader::Ndjson(Box::new(BufReader::new(reader)), 0),
                Ok(Some(reader)) => Reader::Csv(Box::new(csv::Reader::from_reader(behind_bom(reader)))),
                Ok(None) => Reader::None,
                Err(error) => {
                    faults.add(name, None, format!("cannot be read: {error}"));
                    Reader::None
                }
            },
        };
        Self {
            name: name.unwrap_or(XLSX),
            reader,
            next: None,
            compared: 0,
            failed: false,
        }
    }

    /// Compares an event with its entry; a table has a row for each of its changes.
    pub(super) fn compare(&mut self, fact: &Fact, faults: &mut Faults) {
        if self.failed || matches!(self.reader, Reader::None) {
            return;
        }
        let position = fact.position.to_string();
        let mut rows = 0_u64;
        while let Some(said) = self.take(faults) {
            if said.position != position
                && (rows > 0 || said.position.parse::<u64>().is_ok_and(|it| it > fact.position))
            {
                self.next = Some(said);
                break;
            }
            rows += 1;
            if let Some(what) = differs(&said, fact) {
                faults.add(self.name, Some(said.line), what);
            }
            if matches!(self.reader, Reader::Ndjson(..)) {
                break;
            }
        }
        if rows == 0 && !self.failed {
            faults.add(self.name, None, format!("has no entry of position {position}"));
        }
        self.compared += 1;
    }

    /// How many were compared; what is left over belongs to no event.
    pub(super) fn end(&mut self, faults: &mut Faults) -> Option<u64> {
        if matches!(self.reader, Reader::None) {
            return None;
        }
        if let Some(said) = self.take(faults) {
            let what = format!("position {:?} has no proof", said.position);
            faults.add(self.name, Some(said.line), what);
        }
        Some(self.compared)
    }

    fn take(&mut self, faults: &mut Faults) -> Option<Said> {
        if let Some(said) = self.next.take() {
            return Some(said);
        }
        let read = match &mut self.reader {
            Reader::None => return None,
            Reader::Ndjson(reader, line) => {
                *line += 1;
                object(reader.as_mut(), *line)
            }
            Reader::Csv(reader) => row(reader),
        };
        read.unwrap_or_else(|(line, what)| {
            self.failed = true;
            faults.add(self.name, Some(line), what);
            None
        })
    }
}

fn behind_bom<'a>(mut reader: Box<dyn Read + 'a>) -> Box<dyn Read + 'a> {
    let mut head = [0; 3];
    match reader.read_exact(&mut head) {
        Ok(()) if head == *b"\xef\xbb\xbf" => reader,
        Ok(()) => Box::new(std::io::Cursor::new(head).chain(reader)),
        // The list of checksums tells of a file that is as short.
        Err(_short) => Box::new(std::io::empty()),
    }
}

type Unread = (u64, String);

fn object(reader: &mut dyn BufRead, line: u64) -> Result<Option<Said>, Unread> {
    let mut text = Vec::new();
    let read = reader.read_until(b'\n', &mut text);
    let count = read.map_err(|it| (line, format!("cannot be read: {it}")))?;
    if count == 0 {
        return Ok(None);
    }
    let it: Value = serde_json::from_slice(&text).map_err(|it| (line, format!("is no JSON: {it}")))?;
    let of = |name: &str| match &it[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    };
    Ok(Some(said(line, of)))
}

fn row(reader: &mut csv::Reader<Box<dyn Read + '_>>) -> Result<Option<Said>, Unread> {
    let mut record = csv::StringRecord::new();
    let line = reader.position().line();
    let failed = |it: csv::Error| (line, format!("is no row: {it}"));
    let head = reader.headers().map_err(failed)?.clone();
    if !reader.read_record(&mut record).map_err(failed)? {
        return Ok(None);
    }
    let line = record.position().map_or(line, csv::Position::line);
    let of = |name: &str| {
        let name = if name == "eventId" { "event_id" } else { name };
        let cell = head.iter().position(|it| it == name).and_then(|at| record.get(at));
        cell.unwrap_or_default().to_owned()
    };
    Ok(Some(said(line, of)))
}

fn said(line: u64, of: impl Fn(&str) -> String) -> Said {
    Said {
        line,
        position: of("position"),
        event_id: of("eventId"),
        event_type: of("type"),
        stream: of("stream"),
        version: of("version"),
        at: of("at"),
        actor: of("actor"),
        matter: of("matter"),
        command: of("command"),
    }
}

/// What an entry says otherwise than its event.
fn differs(said: &Said, fact: &Fact) -> Option<String> {
    let position = fact.position.to_string();
    let mut pairs = vec![
        ("position", said.position.as_str(), position.as_str()),
        ("event id", &said.event_id, &fact.id),
    ];
    let version = fact.more.as_ref().map(|it| it.version.to_string()).unwrap_or_default();
    if let Some(More {
        event_type,
        stream,
        actor,
        matter,
        command,
        ..
    }) = &fact.more
    {
        pairs.extend([
            ("type", said.event_type.as_str(), event_type.as_str()),
            ("stream", &said.stream, stream),
            ("version", &said.version, &version),
            ("actor", &said.actor, actor),
            ("matter", &said.matter, matter),
            ("command", &said.command, command),
        ]);
    }
    let other = pairs.into_iter().find(|(_, said, fact)| said != fact);
    if let Some((what, said, is)) = other {
        return Some(format!(
            "position {position}: {what} is {said:?}, the event says {is:?}"
        ));
    }
    let Some(more) = &fact.more else {
        let event_type = &said.event_type;
        let may_be = WITHHELD.contains(&event_type.as_str());
        return (!may_be).then(|| {
            format!("position {position}: the event's bytes are not given out, and {event_type} holds nothing secret")
        });
    };
    let at = more.at;
    let said_at: Option<DateTime<Utc>> = said.at.parse().ok();
    (said_at != at).then(|| {
        format!(
            "position {position}: at is {:?}, the event says another instant",
            said.at
        )
    })
}
