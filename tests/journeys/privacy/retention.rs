//! How long what came through an inbox is kept: tried first, then done.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, poll, run};

use super::stands;
use crate::{
    conversation::{contact, must, words},
    organisation::{made, tell as configure},
};

fn inbox(retention: &Value) -> Value {
    json!({"name": "Почта", "channel": "EMAIL", "retention": retention})
}

fn limits(dry_run: bool) -> Value {
    json!({"dryRun": dry_run, "closeAfterDays": 7, "archiveAfterDays": 30, "eraseAfterMonths": 12})
}

async fn preview(client: &Client, inbox: &str) -> Result<Value> {
    let query = "query($i: ID!) { retentionPreview(inboxId: $i) {
        dryRun toClose closes toArchive archives toErase erases } }";
    Ok(client.data(query, json!({"i": inbox})).await?["retentionPreview"].take())
}

async fn status(client: &Client, ticket: &str) -> Result<Value> {
    let query = "query($id: ID!) { ticket(id: $id) { status archivedAt resolutionReason } }";
    Ok(client.data(query, json!({"id": ticket})).await?["ticket"].take())
}

#[test]
fn what_is_kept_too_long_is_shown_then_closed_archived_and_forgotten() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-01-10T08:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let mail = made(client, "Inbox", "mail", inbox(&limits(true))).await?;
        let (maria, olga) = (contact(client, "Мария").await?, contact(client, "Ольга").await?);
        let old = client
            .ticket("o", &json!({"contactId": maria, "inboxId": mail}))
            .await?;
        must(client, "receiveMessage", &old, words("q", "Где письмо?")).await?;
        must(client, "postMessage", &old, words("a", "Вот оно")).await?;
        client.must("resolveTicket", "r", &old, &json!({})).await?;
        let elsewhere = client.ticket("e", &json!({"contactId": olga})).await?;
        client.must("resolveTicket", "r2", &elsewhere, &json!({})).await?;

        clock.advance(TimeDelta::days(8));
        let would = preview(client, &mail).await?;
        assert_eq!(
            (&would["dryRun"], &would["toClose"]),
            (&json!(true), &json!(1)),
            "{would}"
        );
        assert_eq!((&would["toArchive"], &would["toErase"]), (&json!(0), &json!(0)));
        assert_eq!(status(client, &old).await?["status"], "RESOLVED", "it is only tried");

        let other = json!({"dryRun": false, "closeAfterDays": 1});
        let revise = async |key: &str, retention: Value| {
            let input = json!({"idempotencyKey": key, "id": mail, "definition": inbox(&retention)});
            configure(client, "revise", "Inbox", input).await
        };
        let refused = revise("x", other).await?;
        assert_eq!(refused["userErrors"][0]["code"], "DRY_RUN_FIRST", "{refused}");
        let done = revise("y", limits(false)).await?;
        assert_eq!(done["userErrors"], json!([]), "{done}");

        poll("it is not closed", async || {
            status(client, &old).await.is_ok_and(|it| it["status"] == "CLOSED")
        })
        .await?;
        assert_eq!(
            status(client, &elsewhere).await?["status"],
            "RESOLVED",
            "other inboxes keep all"
        );

        clock.advance(TimeDelta::days(31));
        poll("it is not archived", async || {
            status(client, &old).await.is_ok_and(|it| it["archivedAt"].is_string())
        })
        .await?;

        clock.advance(TimeDelta::days(370));
        poll("nobody asks for her to be forgotten", async || {
            stands(client, &maria).await.is_ok_and(|it| it["due"].is_string())
        })
        .await?;
        let asked = stands(client, &maria).await?;
        assert_eq!(
            (&asked["ground"], &asked["erasedAt"]),
            (&json!("RETENTION"), &Value::Null)
        );
        ensure!(stands(client, &olga).await?.is_null(), "she has nothing in that inbox");
        clock.advance(TimeDelta::days(15));
        poll("she is not forgotten", async || {
            stands(client, &maria).await.is_ok_and(|it| it["erasedAt"].is_string())
        })
        .await?;
        app.finish().await
    })
}

#[test]
fn limits_that_make_no_sense_are_refused() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        for (retention, field) in [
            (json!({"closeAfterDays": 0}), "closeAfterDays"),
            (json!({"archiveAfterDays": 100_000}), "archiveAfterDays"),
            (json!({"eraseAfterMonths": 1_201}), "eraseAfterMonths"),
            (json!({}), "closeAfterDays"),
        ] {
            let input = json!({"idempotencyKey": field, "definition": inbox(&retention)});
            let told = configure(client, "create", "Inbox", input).await?;
            let path = told["userErrors"][0]["field"].as_array().context(told.to_string())?;
            ensure!(path.last() == Some(&json!(field)), "{told}");
        }
        ensure!(preview(client, "00000000-0000-4000-8000-00000000abcd").await?.is_null());
        app.finish().await
    })
}
