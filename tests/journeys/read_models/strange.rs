//! Events that no command would lead to, but that a log may hold: from an import, another program, a mistake of ours.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use event_store::{EventLog, Expected, NewEvent};
use projections::registry;
use serde_json::{Value, json};
use tests::{App, poll, run};
use uuid::Uuid;

use super::{log_of, tickets, well};

/// A ticket as it was once written: with its subject open.
const OPENED: &str = include_str!("../../events/ticket.opened@1.json");

/// Opens a ticket in a stream of its own, behind the back of all rules.
async fn open(log: &EventLog, id: u128, number: i64, subject: &str) -> Result<()> {
    let mut golden: Value = serde_json::from_str(OPENED)?;
    golden["payload"]["number"] = json!(number);
    golden["payload"]["subject"] = json!(subject);
    // After all that this test does.
    golden["metadata"]["at"] = json!("2099-01-01T00:00:00.000001Z");
    let event = NewEvent {
        id: Uuid::from_u128(id + 1000),
        event_type: "ticket.opened".to_owned(),
        payload: serde_json::to_vec(&golden["payload"])?,
        metadata: serde_json::to_vec(&golden["metadata"])?,
    };
    let stream = format!("ticket-{}", Uuid::from_u128(id));
    log.append(&stream, Expected::NoStream, &[event]).await?;
    Ok(())
}

async fn parked_streams(app: &App) -> Result<Value> {
    let (_, body) = app.client.get("/health/ready").await?;
    Ok(serde_json::from_str::<Value>(&body)?["parkedStreams"].take())
}

#[test]
fn words_that_postgres_refuses_are_parked_and_numbers_given_twice_show_alike_live_and_rebuilt() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let known = tickets(&app, 2).await?;
        let log = log_of(&app)?;
        for number in 0..10 {
            open(&log, number, 100, "a\0b").await?;
        }
        open(&log, 11, 2, "twin").await?;
        poll("they are not parked", async || {
            let all = |it: Value| it["ticket_list"] == 10 && it["ticket_history"] == 10;
            parked_streams(&app).await.is_ok_and(all)
        })
        .await?;
        poll("the twin does not show", async || {
            app.client.count(&json!({})).await.is_ok_and(|it| it == 3)
        })
        .await?;
        // Pages end between the two, too.
        let page = "query($after: String) { tickets(first: 1, after: $after) { nodes { id } pageInfo { endCursor } } }";
        let (mut after, mut listed) = (json!(null), Vec::new());
        for _ in 0..3 {
            let tickets = app.client.data(page, json!({ "after": after })).await?["tickets"].take();
            listed.push(
                tickets["nodes"][0]["id"]
                    .as_str()
                    .context("a page is empty")?
                    .to_owned(),
            );
            after = tickets["pageInfo"]["endCursor"].clone();
        }
        ensure!(listed.iter().collect::<BTreeSet<_>>().len() == 3, "{listed:?}");
        let one = app
            .client
            .data("{ ticketByNumber(number: 2) { id } }", json!({}))
            .await?;
        ensure!(one["ticketByNumber"]["id"] == known[1], "{one}");
        let told = well(&["diff"], &app).await?;
        ensure!(
            told.matches("live and rebuilt are equal").count() == registry().len(),
            "{told}"
        );
        well(&["rebuild", "all"], &app).await?;
        ensure!(app.client.count(&json!({})).await? == 3);
        let few = well(&["parked", "list", "ticket_list", "--limit", "3"], &app).await?;
        ensure!(few.lines().count() == 5 && few.ends_with("and more\n"), "{few}");
        let few = well(&["parked", "list", "--limit", "25", "--json"], &app).await?;
        ensure!(serde_json::from_str::<Vec<Value>>(&few)?.len() == 25, "{few}");
        app.finish().await
    })
}
