//! What waits, page by page: there may be more of it than fits into memory.

use std::io::{BufWriter, Write};

use anyhow::Result;
use event_store::Position;
use projections::parked::{self, Parked, Wanted};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::why;
use crate::cli::models::status::aligned;

/// Events asked for at a time.
const PAGE: i64 = 1_000;

/// Writes what waits to standard output, at most `limit` events.
pub(super) async fn write(pool: &PgPool, model: Option<&str>, json: bool, limit: Option<i64>) -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout());
    let mut after: Option<(i64, Position)> = None;
    let mut left = limit.unwrap_or(i64::MAX);
    write!(out, "{}", if json { "[" } else { "" })?;
    loop {
        let page = parked::page(pool, Wanted::of(model), after, PAGE).await?;
        let Some(last) = page.last() else { break };
        let is_first = after.is_none();
        after = Some((last.generation, last.position));
        let wanted = page.get(..usize::try_from(left)?).unwrap_or(&page);
        left -= i64::try_from(wanted.len())?;
        if json {
            write_json(wanted, is_first, &mut out)?;
        } else {
            writeln!(out, "{}", table(wanted, is_first))?;
        }
        if wanted.len() < page.len() {
            // For people: a program has asked for so many.
            write!(out, "{}", if json { "" } else { "and more\n" })?;
            break;
        }
    }
    match (json, after) {
        (true, _) => writeln!(out, "]")?,
        (false, None) => writeln!(out, "nothing is parked")?,
        (false, Some(_)) => {}
    }
    Ok(out.flush()?)
}

fn write_json(page: &[Parked], is_first: bool, out: &mut impl Write) -> Result<()> {
    for (index, it) in page.iter().enumerate() {
        write!(out, "{}", if is_first && index == 0 { "" } else { "," })?;
        serde_json::to_writer(&mut *out, &for_machines(it))?;
    }
    Ok(())
}

fn for_machines(it: &Parked) -> Value {
    json!({
        "model": it.model, "version": it.version, "generation": it.generation, "position": it.position.0,
        "stream": it.stream, "stream_id": it.stream_id, "revision": it.revision, "type": it.event_type,
        "reason": it.reason, "parked_at": it.parked_at.to_rfc3339(),
    })
}

const HEADINGS: [&str; 9] = [
    "MODEL",
    "VERSION",
    "GENERATION",
    "POSITION",
    "STREAM",
    "REVISION",
    "TYPE",
    "SINCE",
    "WHY",
];

fn table(page: &[Parked], is_first: bool) -> String {
    let mut rows = Vec::with_capacity(page.len() + 1);
    rows.extend(is_first.then(|| HEADINGS.map(str::to_owned)));
    rows.extend(page.iter().map(|it| {
        [
            it.model.clone(),
            it.version.to_string(),
            it.generation.to_string(),
            it.position.to_string(),
            it.stream.clone(),
            it.revision.to_string(),
            it.event_type.clone(),
            it.parked_at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            why(it).to_owned(),
        ]
    }));
    aligned(&rows)
}
