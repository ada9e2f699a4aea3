//! A client that reads nothing slows nobody but itself.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::{App, KEY, Socket, run};

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
