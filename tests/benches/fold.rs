//! What a program written for one table alone reaches: events in memory, folded, written in sets, checkpoint in the same
//! transaction; no log, no decoding, no personal data.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use anyhow::Result;
use domain::ids::foreign;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::{
    database::Database,
    load::per_second,
    workload::{STEPS, SUBJECT},
};

const BATCH: usize = 1000;
const TABLE: &str = "CREATE TABLE folded (
    id uuid PRIMARY KEY, version bigint NOT NULL, number bigint NOT NULL, subject text NOT NULL,
    priority smallint NOT NULL, status text NOT NULL, assignee uuid, reason text, changed_at bigint NOT NULL
); CREATE TABLE place (position bigint NOT NULL); INSERT INTO place VALUES (0)";
const UPSERT: &str = "INSERT INTO folded SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::text[],
    $5::smallint[], $6::text[], $7::uuid[], $8::text[], $9::bigint[])
    ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version, priority = EXCLUDED.priority, status = EXCLUDED.status,
    assignee = EXCLUDED.assignee, reason = EXCLUDED.reason, changed_at = EXCLUDED.changed_at";

#[derive(Clone)]
struct Row {
    version: i64,
    number: i64,
    priority: i16,
    status: &'static str,
    assignee: Option<Uuid>,
    reason: Option<&'static str>,
    changed_at: i64,
}

/// Events a second, of so many tickets.
pub(crate) async fn fold(tickets: usize, spread: bool) -> Result<f64> {
    let ids: Vec<Uuid> = (0..tickets)
        .map(|it| foreign("bench", "folded", &it.to_string()))
        .collect();
    let events: Vec<(usize, usize)> = if spread {
        (0..STEPS)
            .flat_map(|step| (0..tickets).map(move |ticket| (ticket, step)))
            .collect()
    } else {
        (0..tickets)
            .flat_map(|ticket| (0..STEPS).map(move |step| (ticket, step)))
            .collect()
    };
    let database = Database::new().await?;
    let mut connection = database.options.connect().await?;
    connection.execute(sqlx::raw_sql(TABLE)).await?;
    connection.execute("SET synchronous_commit = off").await?;
    let start = Instant::now();
    let mut rows: HashMap<usize, Row> = HashMap::new();
    for (batch, events) in events.chunks(BATCH).enumerate() {
        let mut touched = BTreeSet::new();
        for (ticket, step) in events {
            apply(&mut rows, *ticket, *step);
            touched.insert(*ticket);
        }
        let mut tx = connection.begin().await?;
        sqlx::query("UPDATE place SET position = $1")
            .bind(i64::try_from(batch)?)
            .execute(&mut *tx)
            .await?;
        upsert(&touched, &rows, &ids, &mut tx).await?;
        tx.commit().await?;
    }
    let time = start.elapsed();
    connection.close().await?;
    database.remove().await?;
    Ok(per_second(events.len(), time))
}

fn apply(rows: &mut HashMap<usize, Row>, ticket: usize, step: usize) {
    let row = rows.entry(ticket).or_insert(Row {
        version: 0,
        number: i64::try_from(ticket).unwrap_or_default(),
        priority: 2,
        status: "new",
        assignee: None,
        reason: None,
        changed_at: 0,
    });
    row.version += 1;
    row.changed_at += 1;
    match step {
        0 => {}
        1 => row.priority = 3,
        2 => (row.assignee, row.status) = (Some(Uuid::from_u128(1)), "open"),
        3 => (row.status, row.reason) = ("pending", Some("customer")),
        4 => (row.status, row.reason) = ("open", None),
        _last => row.status = "resolved",
    }
}

async fn upsert(
    touched: &BTreeSet<usize>,
    rows: &HashMap<usize, Row>,
    ids: &[Uuid],
    tx: &mut PgConnection,
) -> Result<()> {
    let chosen: Vec<(Uuid, &Row)> = touched
        .iter()
        .filter_map(|it| Some((*ids.get(*it)?, rows.get(it)?)))
        .collect();
    sqlx::query(UPSERT)
        .bind(chosen.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind(chosen.iter().map(|(_, it)| it.version).collect::<Vec<_>>())
        .bind(chosen.iter().map(|(_, it)| it.number).collect::<Vec<_>>())
        .bind(chosen.iter().map(|_| SUBJECT).collect::<Vec<_>>())
        .bind(chosen.iter().map(|(_, it)| it.priority).collect::<Vec<_>>())
        .bind(chosen.iter().map(|(_, it)| it.status).collect::<Vec<_>>())
        .bind(chosen.iter().map(|(_, it)| it.assignee).collect::<Vec<_>>())
        .bind(chosen.iter().map(|(_, it)| it.reason).collect::<Vec<_>>())
        .bind(chosen.iter().map(|(_, it)| it.changed_at).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}
