//! Two copies of a table side by side, in the order of their keys.

use std::{cmp::Ordering, collections::BTreeMap};

use futures_util::{Stream, StreamExt, TryStreamExt};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::{
    DiffError,
    report::{Cell, Row, Table},
    tables::{Described, Order},
};

/// A key as it is ordered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(i64),
    Text(String),
}

/// A row on its way.
struct Passing {
    key: Vec<Part>,
    texts: Vec<String>,
    row: String,
}

/// A row that is not the same on both sides, by its key.
struct Found {
    texts: Vec<String>,
    live: Option<String>,
    rebuilt: Option<String>,
}

/// Compares two tables of one shape; tells at most `told` rows in full.
pub(super) async fn merge(
    (live, one): (&Described, &mut PgConnection),
    (rebuilt, other): (&Described, &mut PgConnection),
    told: usize,
) -> Result<Table, DiffError> {
    let mut table = Table::of(&live.name);
    let found = walk((live, &mut *one), (rebuilt, &mut *other), &mut table, told).await?;
    for found in found {
        let row = if live.key.is_empty() {
            Row::whole(found.live, found.rebuilt)
        } else {
            let left = fetch(live, &found.texts, one).await?;
            let right = fetch(rebuilt, &found.texts, other).await?;
            column_by_column(live, &found.texts, left.as_ref(), right.as_ref())
        };
        table.rows.push(row);
    }
    Ok(table)
}

async fn walk(
    (live, one): (&Described, &mut PgConnection),
    (rebuilt, other): (&Described, &mut PgConnection),
    table: &mut Table,
    told: usize,
) -> Result<Vec<Found>, DiffError> {
    let (left_sql, right_sql) = (live.rows(), rebuilt.rows());
    let mut lefts = std::pin::pin!(passing(live, left_sql, one));
    let mut rights = std::pin::pin!(passing(rebuilt, right_sql, other));
    let mut found = Vec::new();
    let (mut left, mut right) = (lefts.try_next().await?, rights.try_next().await?);
    loop {
        let order = match (&left, &right) {
            (None, None) => return Ok(found),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.key.cmp(&right.key),
        };
        let mut pair = (None, None);
        if order.is_le() {
            pair.0 = std::mem::replace(&mut left, lefts.try_next().await?);
        }
        if order.is_ge() {
            pair.1 = std::mem::replace(&mut right, rights.try_next().await?);
        }
        let differs = table.count(
            pair.0.as_ref().map(|it| it.row.as_str()),
            pair.1.as_ref().map(|it| it.row.as_str()),
        );
        if differs && found.len() < told {
            let texts = pair.0.as_ref().or(pair.1.as_ref()).map(|it| it.texts.clone());
            found.push(Found {
                texts: texts.unwrap_or_default(),
                live: pair.0.map(|it| it.row),
                rebuilt: pair.1.map(|it| it.row),
            });
        }
    }
}

/// The rows of a table; only what the connection holds at a time is in memory.
fn passing<'a>(
    table: &'a Described,
    sql: String,
    connection: &'a mut PgConnection,
) -> impl Stream<Item = Result<Passing, DiffError>> + 'a {
    // Names of tables and columns come from the catalogue, quoted.
    sqlx::query(AssertSqlSafe(sql)).fetch(connection).map(|row| {
        let row = row?;
        let (texts, text): (Vec<String>, String) = (row.try_get("key")?, row.try_get("row")?);
        let key = texts.iter().enumerate().map(|(index, text)| part(table, index, text));
        Ok(Passing {
            key: key.collect::<Result<_, _>>()?,
            texts,
            row: text,
        })
    })
}

fn part(table: &Described, index: usize, text: &str) -> Result<Part, DiffError> {
    match table.key.get(index).map(super::tables::KeyColumn::order) {
        Some(Order::Number) => text.parse().map(Part::Number).map_err(|_no_number| DiffError::Key {
            table: table.name.clone(),
            key: text.to_owned(),
        }),
        Some(Order::Value | Order::Text) | None => Ok(Part::Text(text.to_owned())),
    }
}

async fn fetch(
    table: &Described,
    key: &[String],
    connection: &mut PgConnection,
) -> Result<Option<BTreeMap<String, Value>>, DiffError> {
    // As above.
    let mut query = sqlx::query_scalar::<_, String>(AssertSqlSafe(table.row()));
    for text in key {
        query = query.bind(text);
    }
    let row = query.fetch_optional(connection).await?;
    Ok(row.map(|it| serde_json::from_str(&it).unwrap_or_default()))
}

fn column_by_column(
    table: &Described,
    key: &[String],
    live: Option<&BTreeMap<String, Value>>,
    rebuilt: Option<&BTreeMap<String, Value>>,
) -> Row {
    let named: Vec<String> = table
        .key
        .iter()
        .zip(key)
        .map(|(it, text)| format!("{}={text}", it.name))
        .collect();
    let value = |row: Option<&BTreeMap<String, Value>>, column: &str| row.and_then(|it| it.get(column)).cloned();
    let columns = live.or(rebuilt).into_iter().flat_map(BTreeMap::keys);
    let cells = columns.filter_map(|column| {
        let cell = Cell {
            column: column.clone(),
            live: value(live, column),
            rebuilt: value(rebuilt, column),
        };
        (cell.live != cell.rebuilt).then_some(cell)
    });
    Row {
        key: named.join(", "),
        in_live: live.is_some(),
        in_rebuilt: rebuilt.is_some(),
        cells: cells.collect(),
    }
}
