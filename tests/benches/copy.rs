//! Postgres alone: binary `COPY` of ready rows into the ticket list's own table, with its indexes.

use std::time::Instant;

use anyhow::{Context, Result};
use domain::ids::foreign;
use sqlx::{ConnectOptions, Connection};
use uuid::Uuid;

use crate::{database::Database, load::per_second, workload::SUBJECT};

const ROWS: usize = 50_000;
const STATEMENT: &str = "COPY read_ticket_list_v7.ticket_list (ticket_id, version, number, ticket_type, subject, contact_id, \
     category_id, subcategory_id, priority, status, hold_reason, hold_until, assignee_id, resolution_reason, \
     resolution_note, reopen_count, channel, external_id, opened_at, updated_at, resolved_at, closed_at) \
     FROM STDIN (FORMAT binary)";
const COLUMNS: i16 = 22;
/// Signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Microseconds from 2000 to 2026.
const NOW: i64 = 820_497_600_000_000;

/// Rows a second.
pub(crate) async fn copy() -> Result<f64> {
    let rows = rows()?;
    let database = Database::new().await?;
    let mut connection = database.options.connect().await?;
    let start = Instant::now();
    let mut copy = connection.copy_in_raw(STATEMENT).await?;
    for chunk in rows.chunks(1 << 16) {
        copy.send(chunk).await?;
    }
    let copied = copy.finish().await?;
    let time = start.elapsed();
    connection.close().await?;
    database.remove().await?;
    let copied = usize::try_from(copied).context("a count")?;
    anyhow::ensure!(copied == ROWS, "{copied} rows came, not {ROWS}");
    Ok(per_second(copied, time))
}

fn rows() -> Result<Vec<u8>> {
    let mut all = HEADER.to_vec();
    for number in 0..ROWS {
        row(&mut all, number)?;
    }
    all.extend((-1_i16).to_be_bytes());
    Ok(all)
}

fn row(out: &mut Vec<u8>, number: usize) -> Result<()> {
    let id = foreign("bench", "copied", &number.to_string());
    let number = i64::try_from(number)?;
    out.extend(COLUMNS.to_be_bytes());
    let mut field = |bytes: Option<&[u8]>| {
        let length = bytes.map_or(Ok(-1), |it| i32::try_from(it.len()))?;
        out.extend(length.to_be_bytes());
        out.extend(bytes.unwrap_or_default());
        anyhow::Ok(())
    };
    let (contact, agent) = (
        Uuid::from_u128(1),
        foreign("bench", "agent", &(number % 150).to_string()),
    );
    let category = format!("category {}", number % 40);
    let (opened, updated) = ((NOW + number).to_be_bytes(), (NOW + 2 * number).to_be_bytes());
    for value in [
        Some(&id.as_bytes()[..]),
        Some(&6_i64.to_be_bytes()),
        Some(&number.to_be_bytes()),
        Some(b"incident"),
        Some(SUBJECT.as_bytes()),
        Some(contact.as_bytes()),
        Some(category.as_bytes()),
        None,
        Some(&3_i16.to_be_bytes()),
        Some(b"resolved"),
        None,
        None,
        Some(agent.as_bytes()),
        Some(b"solved"),
        None,
        Some(&0_i32.to_be_bytes()),
        Some(b"api"),
        None,
        Some(&opened),
        Some(&updated),
        Some(&updated),
        None,
    ] {
        field(value)?;
    }
    Ok(())
}
