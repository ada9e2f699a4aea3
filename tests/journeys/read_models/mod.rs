//! Care of the read models by `letopis-replay`: rebuilt and swapped while they serve, compared, freed of what waits.

mod bad_input;
mod damage;
mod diff;
mod parked;
mod rebuild;
mod strange;

use std::{path::Path, process::Output};

use anyhow::{Context, Result, ensure};
use event_store::EventLog;
use projections::generation::{self, Generation};
use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool};
use tests::{App, Program};

/// First half of the advisory lock that whoever indexes a build holds.
const INDEXING: i32 = 0x6c_65_74_6f;

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

/// `letopis-replay` with these words, on this folder and this database.
async fn replay(words: &[&str], data: &Path, database_url: &str) -> Result<Output> {
    Program::replay(&[words, &["--data", text(data)?, "--database-url", database_url]].concat()).await
}

/// The same beside a running server; must end well. What it said.
async fn well(words: &[&str], app: &App) -> Result<String> {
    said(&replay(words, app.data.path(), &app.database_url).await?)
}

/// What a program that ended well said.
fn said(output: &Output) -> Result<String> {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    ensure!(output.status.success(), "{:?}: {out}{err}", output.status);
    Ok(out.into_owned())
}

/// Says `words` in one line, the last, and ends with code 2.
fn refused(output: &Output, words: &[&str]) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2), "{:?}: {said}", output.status);
    let last = said.lines().last().unwrap_or_default();
    ensure!(last.starts_with("letopis-replay: "), "{said}");
    for word in words {
        ensure!(last.contains(word), "{word:?} is not in {last}");
    }
    Ok(())
}

async fn tickets(app: &App, count: usize) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(app.client.ticket(&format!("t{number}"), &json!({})).await?);
    }
    Ok(ids)
}

/// The builds of a model, the oldest first.
async fn builds(database_url: &str, model: &str) -> Result<Vec<Generation>> {
    let pool = PgPool::connect(database_url).await?;
    let mut all = generation::all(&pool).await?;
    pool.close().await;
    all.retain(|it| it.model == model);
    Ok(all)
}

async fn serving(database_url: &str, model: &str) -> Result<i64> {
    let all = builds(database_url, model).await?;
    Ok(all.iter().find(|it| it.serving).context("nothing serves")?.id)
}

/// Keeps the build that comes next from its indexes, as long as the connection lives.
async fn hold_next(database_url: &str) -> Result<(PgConnection, i64)> {
    let mut holder = PgConnection::connect(database_url).await?;
    let newest: i64 = sqlx::query_scalar("SELECT max(id) FROM ops.generation")
        .fetch_one(&mut holder)
        .await?;
    let next = newest + 1;
    sqlx::query("SELECT pg_advisory_lock($1, $2)")
        .bind(INDEXING)
        .bind(i32::try_from(next)?)
        .execute(&mut holder)
        .await?;
    Ok((holder, next))
}

/// The log behind a running server.
pub(crate) fn log_of(app: &App) -> Result<EventLog> {
    let url = std::fs::read_to_string(app.data.path().join("node.url"))?;
    Ok(EventLog::new(url.trim())?)
}
