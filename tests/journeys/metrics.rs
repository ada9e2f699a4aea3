//! What the process counts can be read.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::{App, Client, run};

/// The value of one series.
async fn value(client: &Client, series: &str) -> Result<f64> {
    let (status, text) = client.get("/metrics").await?;
    ensure!(status == 200, "{status} {text}");
    let line = text.lines().find_map(|it| it.strip_prefix(series));
    Ok(line
        .with_context(|| format!("no {series} in:\n{text}"))?
        .trim()
        .parse()?)
}

#[test]
fn metrics_are_told_to_anybody_and_move_with_the_log() -> Result<()> {
    const APPENDS: &str = r#"letopis_log_call_seconds_count{call="append"}"#;
    run(async {
        let app = App::start().await?;
        // A second server of the same process counts into the same numbers.
        let other = App::start().await?;
        app.client.ticket("1", &json!({})).await?;
        let before = value(&app.client, APPENDS).await?;
        other.client.ticket("2", &json!({})).await?;
        let after = value(&app.client, APPENDS).await?;
        ensure!(after > before, "{before} {after}");
        ensure!(value(&app.client, r#"letopis_log_connections_total{reason="first"}"#).await? >= 2.0);
        let response = app.client.fetch("/metrics").await?;
        let format = response.headers().get("content-type").context("no type")?;
        ensure!(format.to_str()?.starts_with("text/plain; version=0.0.4"), "{format:?}");
        other.finish().await?;
        app.finish().await
    })
}
