//! A period replayed under other rules: what would have been otherwise, counted by hand; and nothing is changed by it.

mod api;
mod bad_input;
mod program;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client};

use crate::classify::{becomes, prepare};

/// Tickets by the rules of [`prepare`]: three that rules chose for, one that they know nothing of, one that people chose for.
///
/// Money 25 points (high), money and outage 55 (urgent), password 5 (medium), nothing (medium as ever), chosen low.
async fn tickets(client: &Client) -> Result<Vec<String>> {
    prepare(client).await?;
    let mut ids = Vec::new();
    for (key, more) in [
        ("money", json!({"subject": "Верните деньги", "type": "QUESTION"})),
        ("outage", json!({"subject": "Верните деньги", "type": "INCIDENT"})),
        ("password", json!({"subject": "Забыл пароль", "type": "QUESTION"})),
        ("nothing", json!({"subject": "Здравствуйте", "type": "QUESTION"})),
        (
            "chosen",
            json!({"subject": "Верните деньги", "type": "QUESTION", "priority": "LOW", "categoryId": "access"}),
        ),
    ] {
        ids.push(client.ticket(key, &more).await?);
    }
    becomes(client, &ids[0], "payment", "HIGH").await?;
    becomes(client, &ids[1], "payment", "URGENT").await?;
    becomes(client, &ids[2], "access", "MEDIUM").await?;
    // People chose this one's: the rules were not asked, however long one waits.
    let chosen = crate::classify::chosen(client, &ids[4]).await?;
    ensure!(
        chosen["priority"] == "LOW" && chosen["categoryId"] == "access",
        "{chosen}"
    );
    client.must("resolveTicket", "resolve", &ids[1], &json!({})).await?;
    Ok(ids)
}

/// An hour ago, as files write it.
fn an_hour_ago() -> String {
    (commands::Clock::System.now() - chrono::Duration::hours(1)).to_rfc3339()
}

/// The figure of a report: as it was, and as it would have been.
fn figure(report: &Value, measure: &str, of: Option<&str>) -> Result<(Value, Value)> {
    let metrics = report["metrics"].as_array().context("no metrics")?;
    let found = metrics
        .iter()
        .find(|it| it["measure"] == measure && it["of"].as_str() == of);
    let found = found.with_context(|| format!("no {measure} of {of:?} in {report}"))?;
    let would_be = found.get("would_be").or(found.get("wouldBe"));
    Ok((
        found.get("was").cloned().unwrap_or_default(),
        would_be.cloned().unwrap_or_default(),
    ))
}

fn counts(report: &Value, measure: &str, of: &[Option<&str>]) -> Result<Vec<(i64, i64)>> {
    let each = of.iter().map(|it| {
        let (was, would_be) = figure(report, measure, *it)?;
        Ok((
            was.as_i64().context("no number")?,
            would_be.as_i64().context("no number")?,
        ))
    });
    each.collect()
}

/// What the database has beside the read models: schemas of replays.
async fn schemas(app: &App) -> Result<Vec<String>> {
    let pool = sqlx::PgPool::connect(&app.database_url).await?;
    let names = sqlx::query_scalar("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'whatif%' ORDER BY 1");
    let names = names.fetch_all(&pool).await?;
    pool.close().await;
    Ok(names)
}
