//! What somebody with access to the files can do to a log, from clumsy to thorough.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use anyhow::{Context, Result};
use crc32c::crc32c_append;
use event_store::Chain;
use rusqlite::{Connection, params};
use serde_json::Value;
use uuid::Uuid;

/// A row of the node's table with its names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) position: i64,
    pub(crate) stream: String,
    pub(crate) revision: i64,
    pub(crate) kind: String,
    pub(crate) id: Vec<u8>,
    pub(crate) created: i64,
    pub(crate) is_json: bool,
    pub(crate) meta: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

/// The log's file in a data folder.
pub(crate) fn open(data: &Path) -> Result<Connection> {
    Ok(Connection::open(data.join("log/events.db"))?)
}

/// All rows in the order of the log.
pub(crate) fn rows(data: &Path) -> Result<Vec<Row>> {
    let file = open(data)?;
    let mut select = file.prepare(
        "SELECT pos, s.name, rev, t.name, e.id, created, is_json, meta, data
         FROM events e JOIN streams s ON s.id = sid JOIN types t ON t.id = type_id ORDER BY pos",
    )?;
    let rows = select.query_map([], |row| {
        Ok(Row {
            position: row.get(0)?,
            stream: row.get(1)?,
            revision: row.get(2)?,
            kind: row.get(3)?,
            id: row.get(4)?,
            created: row.get(5)?,
            is_json: row.get(6)?,
            meta: row.get(7)?,
            data: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Puts these rows in the place of all others, with checksums that fit.
pub(crate) fn replace(data: &Path, rows: &[Row]) -> Result<()> {
    let mut file = open(data)?;
    let change = file.transaction()?;
    change.execute("DELETE FROM events", [])?;
    for row in rows {
        change.execute(
            "INSERT INTO events (pos, sid, rev, type_id, id, created, is_json, crc, meta, data) VALUES (?1,
             (SELECT id FROM streams WHERE name = ?2), ?3, (SELECT id FROM types WHERE name = ?4), ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                row.position, row.stream, row.revision, row.kind, row.id, row.created, row.is_json, checksum(row),
                row.meta, row.data
            ],
        )?;
    }
    Ok(change.commit()?)
}

/// Gives rows the positions of their order, and each stream's rows their revisions and a hash chain that fits.
pub(crate) fn make_consistent(rows: &mut [Row]) -> Result<()> {
    let mut ends: HashMap<String, (i64, Chain)> = HashMap::new();
    for (position, row) in (1..).zip(rows) {
        row.position = position;
        let (next, chain) = ends
            .entry(row.stream.clone())
            .or_insert_with(|| (0, Chain::genesis(&row.stream)));
        row.revision = *next;
        *next += 1;
        let mut fields: BTreeMap<String, Value> = serde_json::from_slice(&row.meta)?;
        fields.remove("chain");
        let bare = serde_json::to_vec(&fields)?;
        *chain = chain.link(Uuid::from_slice(&row.id)?, &row.kind, &bare, &row.data);
        fields.insert("chain".to_owned(), chain.to_hex().into());
        row.meta = serde_json::to_vec(&fields)?;
    }
    Ok(())
}

/// Replaces text in bytes by other text of the same length.
pub(crate) fn edit(bytes: &mut Vec<u8>, from: &str, to: &str) -> Result<()> {
    let text = String::from_utf8(bytes.clone())?;
    anyhow::ensure!(text.contains(from), "{from} is not in {text}");
    *bytes = text.replacen(from, to, 1).into_bytes();
    Ok(())
}

/// As the node computes it; the test of the node's own keeps the formula from changing.
fn checksum(row: &Row) -> i64 {
    let mut fixed = Vec::new();
    for number in [row.position, row.revision, row.created] {
        fixed.extend_from_slice(&number.to_le_bytes());
    }
    for part in [row.stream.as_bytes(), row.kind.as_bytes(), &row.meta, &row.data] {
        fixed.extend_from_slice(&(part.len() as u64).to_le_bytes());
    }
    fixed.push(u8::from(row.is_json));
    let parts = [
        &fixed,
        &row.id,
        row.stream.as_bytes(),
        row.kind.as_bytes(),
        &row.meta,
        &row.data,
    ];
    parts.into_iter().fold(0, crc32c_append).into()
}

/// Copies a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| entry.path().display().to_string())?;
        }
    }
    Ok(())
}
