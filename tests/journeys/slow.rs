//! A client that reads nothing slows nobody but itself.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use api::config::Config;
use serde_json::{Value, json};
use tests::{App, Client, KEY, Socket, poll, run};

/// More than the server has connections to Postgres.
const OPERATIONS: usize = 20;

#[test]
fn client_that_reads_nothing_keeps_no_connection_from_others() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for number in 0..30 {
            let opened = app.client.open(&format!("slow-{number}"), &"щ".repeat(300)).await?;
            let input = json!({"idempotencyKey": "r", "ticketId": opened["ticket"]["id"]});
            app.client.mutate("resolveTicket", input).await?;
        }
        // Large answers, so that the socket's buffers are full long before the operations are through.
        let histories: Vec<String> = (0..8)
            .map(|it| format!("h{it}: history(first: 100) {{ nodes {{ type ticket {{ subject }} }} }} "))
            .collect();
        let histories = histories.concat();
        let query = format!("subscription {{ ticketChanged(after: \"0\") {{ ticket {{ {histories} }} }} }}");
        let mut silent = Socket::subscribe(&app.client.base, KEY, &query, json!({})).await?;
        for operation in 0..OPERATIONS {
            let message = json!({"type": "subscribe", "id": format!("s{operation}"), "payload": {"query": query}});
            silent.say(message).await?;
        }
        for round in 0..20 {
            let payload = app.client.open(&format!("other-{round}"), "Другой клиент").await?;
            ensure!(payload["stale"] == false, "{payload}");
            app.client
                .data("{ tickets(first: 5) { totalCount nodes { number } } }", json!({}))
                .await?;
        }
        drop(silent);
        app.finish().await
    })
}

/// Sockets closed because they took nothing, in this process.
async fn given_up(client: &Client) -> Result<u64> {
    let (_, text) = client.get("/metrics").await?;
    let count = text
        .lines()
        .find_map(|it| it.strip_prefix("letopis_slow_sockets_total "));
    Ok(count.map_or(Ok(0), str::parse)?)
}

#[test]
fn client_that_reads_nothing_is_closed_with_1013_and_others_get_every_change_once() -> Result<()> {
    run(async {
        let app = App::start_with(|it| Config {
            patience: Duration::from_secs(1),
            ..it
        })
        .await?;
        let id = app.client.ticket("t", &json!({})).await?;
        // Both ask the same, and each message is long: what the kernel keeps for the silent one is soon full.
        let copies: Vec<String> = (0..100).map(|it| format!("s{it}: ticket {{ subject }} ")).collect();
        let query = format!(
            "subscription {{ ticketChanged(after: \"0\") {{ position {} }} }}",
            copies.concat()
        );
        let mut reader = Socket::subscribe(&app.client.base, KEY, &query, json!({})).await?;
        let mut silent = Socket::introduced(&app.client.base).await?;
        for operation in 0..OPERATIONS {
            silent.ask(&format!("s{operation}"), &query, json!({})).await?;
        }
        let before = given_up(&app.client).await?;
        let mut last = reader.next().await?["ticketChanged"]["position"].take();
        for change in 0..40 {
            let subject = format!("{change:03}{}", "щ".repeat(290));
            app.client
                .must(
                    "changeTicketSubject",
                    &change.to_string(),
                    &id,
                    &json!({"subject": subject}),
                )
                .await?;
            let told = reader.next().await?["ticketChanged"].take();
            ensure!(told["s0"]["subject"] == json!(subject), "{change}: {}", told["s0"]);
            ensure!(number(&told["position"])? > number(&last)?, "{told}");
            last = told["position"].clone();
        }
        poll("the silent client is kept", async || {
            given_up(&app.client).await.is_ok_and(|it| it > before)
        })
        .await?;
        let farewell = loop {
            let message = silent.hear().await?;
            if message["type"] != "next" {
                break message;
            }
        };
        ensure!(farewell["close"] == 1013, "{farewell}");
        reader.ping().await?;
        app.finish().await
    })
}

fn number(position: &Value) -> Result<u64> {
    Ok(position.as_str().context("no position")?.parse()?)
}
