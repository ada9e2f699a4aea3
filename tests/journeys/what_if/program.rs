//! `letopis-replay what-if`.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tests::{App, Program, run};

use super::{an_hour_ago, counts, figure, schemas, tickets};
use crate::conversation::must;

/// Levels that no ticket of [`tickets`] but those of 25 and 55 points feels.
const STRICTER: &str = "[priority]\nmedium_from = 0\nhigh_from = 30\nurgent_from = 60\n";

/// The rules that [`crate::classify::rules`] are, as a file writes them.
const SAME: &str = r#"
[priority]
medium_from = 0
high_from = 20
urgent_from = 50
[[rules]]
name = { ru = "Деньги", en = "Money" }
words = ["двойное списание", "возврат", "refund"]
category_key = "payment"
[[rules]]
name = { en = "Signing in" }
words = ["пароль", "password"]
category_key = "access"
[[rules]]
name = { en = "Payment matters" }
category_keys = ["payment"]
points = 25
[[rules]]
name = { en = "Access question" }
category_keys = ["access"]
points = 5
[[rules]]
name = { en = "Outage" }
types = ["incident"]
points = 30
"#;

/// What the program says of a file, in words or as JSON.
async fn told(app: &App, file: &str, more: &[&str]) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rules.toml");
    fs::write(&path, file)?;
    let (path, data) = (
        path.to_str().context("no path")?,
        app.data.path().to_str().context("no path")?,
    );
    let words = ["what-if", path, "--data", data, "--database-url", &app.database_url];
    let output = Program::replay(&[&words, more].concat()).await?;
    let said = String::from_utf8(output.stdout)?;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(0), "{said}{error}");
    Ok(said)
}

async fn report(app: &App, file: &str) -> Result<Value> {
    Ok(serde_json::from_str(&told(app, file, &["--json"]).await?)?)
}

async fn events(app: &App) -> Result<Value> {
    let data = app.data.path().to_str().context("no path")?;
    let output = Program::replay(&[
        "stats",
        "--data",
        data,
        "--types",
        "ticket.,assignment.,conversation.",
        "--json",
    ])
    .await?;
    let stats: Value = serde_json::from_slice(&output.stdout)?;
    Ok(stats["types"].clone())
}

#[test]
fn other_levels_are_counted_by_hand_and_change_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let ids = tickets(&app.client).await?;
        let message = json!({"clientMessageId": "a", "body": "Разбираемся"});
        must(&app.client, "postMessage", &ids[0], message).await?;
        let before = events(&app).await?;
        let file = format!("from = {}\n{STRICTER}", an_hour_ago());
        let found = report(&app, &file).await?;
        ensure!(
            found["tickets"] == 5 && found["changed"] == 2 && found["priority_changed"] == 2,
            "{found}"
        );
        ensure!(found["category_changed"] == 0 && found["by_people"] == 1, "{found}");
        let all = [None, Some("urgent"), Some("high"), Some("medium"), Some("low")];
        let by_priority = counts(&found, "tickets_by_priority", &all)?;
        assert_eq!(by_priority, [(5, 5), (1, 0), (1, 1), (2, 3), (1, 1)], "{found}");
        // The urgent one is resolved, and would have been a high one.
        let backlog = counts(&found, "backlog", &[None, Some("high"), Some("medium")])?;
        assert_eq!(backlog, [(4, 4), (1, 0), (2, 3)], "{found}");
        let (urgent, high) = (
            figure(&found, "resolution_median", Some("urgent"))?,
            figure(&found, "resolution_median", Some("high"))?,
        );
        ensure!(
            urgent.0.is_i64() && urgent.1.is_null() && high == (Value::Null, urgent.0),
            "{found}"
        );
        let (was, would_be) = figure(&found, "first_answer_median", Some("medium"))?;
        ensure!(was.is_null() && would_be.is_i64(), "{found}");
        let named = found["differing"].as_array().context("none named")?;
        let named: Vec<(i64, &str, &str)> = named
            .iter()
            .filter_map(|it| {
                let priority = |side: &str| it[side]["priority"].as_str();
                Some((it["number"].as_i64()?, priority("was")?, priority("would_be")?))
            })
            .collect();
        assert_eq!(named, [(1, "high", "medium"), (2, "urgent", "high")]);
        let words = told(&app, &file, &["--top", "1"]).await?;
        for line in [
            "2 would be otherwise (40.0 %)",
            "the 1 tickets that differ most",
            "priority high -> medium (-1)",
        ] {
            ensure!(words.contains(line), "{line:?} is not in {words}");
        }
        assert_eq!(events(&app).await?, before);
        ensure!(schemas(&app).await?.is_empty());
        app.finish().await
    })
}

#[test]
fn same_rules_make_no_difference() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app.client).await?;
        let found = report(&app, &format!("from = {}\n{SAME}", an_hour_ago())).await?;
        ensure!(found["tickets"] == 5 && found["changed"] == 0, "{found}");
        ensure!(found["differing"] == json!([]), "{found}");
        let metrics = found["metrics"].as_array().context("no metrics")?;
        ensure!(metrics.len() > 20, "{found}");
        for it in metrics {
            ensure!(it["was"] == it["would_be"], "{it}");
        }
        app.finish().await
    })
}

#[test]
fn new_category_is_tried_and_a_retired_one_takes_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let ids = tickets(&app.client).await?;
        let end = commands::Clock::System.now().to_rfc3339();
        let late = json!({"subject": "Верните деньги", "type": "QUESTION"});
        app.client.ticket("later than the period", &late).await?;
        // An agent corrects what the rules chose; the other rules would have chosen that at once.
        let category = json!({"categoryId": "refunds"});
        app.client
            .must("categorizeTicket", "corrected", &ids[0], &category)
            .await?;
        let refunds = SAME.replacen("category_key = \"payment\"", "category_key = \"refunds\"", 1);
        let added = "[[categories]]\nkey = \"refunds\"\n";
        let file = |until: &str| format!("from = {}\n{until}{refunds}{added}", an_hour_ago());
        let found = report(&app, &file(&format!("until = {end}\n"))).await?;
        ensure!(found["tickets"] == 5 && found["category_changed"] == 2, "{found}");
        let keys = [Some("payment"), Some("refunds"), Some("access"), Some("")];
        let by_category = counts(&found, "tickets_by_category", &keys)?;
        assert_eq!(by_category, [(2, 0), (0, 2), (2, 2), (1, 1)], "{found}");
        ensure!(counts(&found, "category_corrected", &[None])? == [(0, 0)], "{found}");
        let found = report(&app, &file("")).await?;
        ensure!(found["tickets"] == 6, "{found}");
        ensure!(counts(&found, "category_corrected", &[None])? == [(1, 0)], "{found}");
        let retired = format!(
            "from = {}\n[[categories]]\nkey = \"payment\"\nretired = true\n",
            an_hour_ago()
        );
        let found = report(&app, &retired).await?;
        assert_eq!(
            counts(&found, "tickets_by_category", &[Some("payment")])?
                .first()
                .map(|it| it.1),
            Some(0)
        );
        app.finish().await
    })
}

#[test]
fn rows_are_kept_when_that_is_wished() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app.client).await?;
        let file = format!("from = {}\n{STRICTER}", an_hour_ago());
        let told = told(&app, &file, &["--keep", "--json"]).await?;
        let told: Value = serde_json::from_str(&told)?;
        let schema = told["schema"].as_str().context("no schema")?;
        assert_eq!(schemas(&app).await?, [schema]);
        // Whoever comes next leaves it, and takes nothing else along.
        report(&app, &file).await?;
        assert_eq!(schemas(&app).await?, [schema]);
        let mut connection = PgConnection::connect(&app.database_url).await?;
        let sides: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT side, count(*) FROM {schema}.outcome GROUP BY side ORDER BY side"
        )))
        .fetch_all(&mut connection)
        .await?;
        assert_eq!(sides, [("was".to_owned(), 5), ("would_be".to_owned(), 5)]);
        connection
            .execute(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE")))
            .await?;
        connection.close().await?;
        app.finish().await
    })
}
