//! `person.json`, written as rows come.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use projections::person_data::Section;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::problem::Language;

/// Name and version of the form.
const FORM: &str = "letopis person 1";

/// What is said of the whole.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// The id that was asked for.
    pub(super) id: Uuid,
    /// All ids of the person.
    pub(super) ids: Vec<Uuid>,
    /// Whether their data was erased.
    pub(super) erased: bool,
    /// When this was gathered.
    pub(super) at: DateTime<Utc>,
    /// Internal notes, which are not given.
    pub(super) notes: i64,
    /// Of the page.
    pub(super) language: Language,
}

/// Writes an object whose fields are the sections.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    is_open: bool,
    has_rows: bool,
}

impl Sheet {
    pub(super) fn head(head: &Head, to: &mut impl Write) -> io::Result<()> {
        let fields = [
            ("form", json!(FORM)),
            (
                "exportedAt",
                json!(head.at.to_rfc3339_opts(SecondsFormat::Micros, true)),
            ),
            ("personId", json!(head.id)),
            ("ids", json!(head.ids)),
            ("erased", json!(head.erased)),
            ("leftOut", json!({"internalNotes": head.notes})),
        ];
        for (index, (name, value)) in fields.iter().enumerate() {
            let before = if index == 0 { "{" } else { "," };
            write!(to, "{before}\n  \"{name}\": {value}")?;
        }
        Ok(())
    }

    pub(super) fn section(&mut self, section: &Section, to: &mut impl Write) -> io::Result<()> {
        self.close(to)?;
        write!(to, ",\n  \"{}\": [", section.name)?;
        (self.is_open, self.has_rows) = (true, false);
        Ok(())
    }

    pub(super) fn row(&mut self, row: &Value, to: &mut impl Write) -> io::Result<()> {
        let before = if self.has_rows { "," } else { "" };
        self.has_rows = true;
        write!(to, "{before}\n    {row}")
    }

    fn close(&mut self, to: &mut impl Write) -> io::Result<()> {
        if !self.is_open {
            return Ok(());
        }
        self.is_open = false;
        to.write_all(if self.has_rows { b"\n  ]" } else { b"]" })
    }

    pub(super) fn end(mut self, to: &mut impl Write) -> io::Result<()> {
        self.close(to)?;
        to.write_all(b"\n}\n")
    }
}
