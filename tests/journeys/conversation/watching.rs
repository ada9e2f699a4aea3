//! Subscriptions to a conversation.

use anyhow::{Context, Result};
use serde_json::json;
use tests::{App, KEY, Socket, run};

use super::{must, words};

const WATCH: &str = "subscription($id: ID!, $after: Position) { messageChanged(ticketId: $id, after: $after) {
    type actor position message { seq body editedAt } } }";

#[test]
fn whoever_was_cut_off_goes_on_without_gap_or_repetition() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let ticket = app.client.ticket("t", &json!({})).await?;
        let other = app.client.ticket("o", &json!({})).await?;
        let writer = tokio::spawn({
            let (client, ticket) = (app.client.clone(), ticket.clone());
            async move {
                for number in 1..=30 {
                    must(&client, "postMessage", &ticket, words(&number.to_string(), "текст")).await?;
                    must(&client, "addNote", &other, words(&number.to_string(), "чужое")).await?;
                }
                Ok::<_, anyhow::Error>(())
            }
        });
        let mut after = json!("0");
        let mut heard = Vec::new();
        while heard.len() < 30 {
            let variables = json!({"id": ticket, "after": after});
            let mut socket = Socket::subscribe(&app.client.base, KEY, WATCH, variables).await?;
            for _ in 0..10 {
                let told = socket.next().await?["messageChanged"].take();
                assert_eq!(told["type"], "conversation.message_posted");
                heard.push(told["message"]["seq"].as_i64().context("no seq")?);
                after = told["position"].clone();
            }
        }
        writer.await??;
        assert_eq!(heard, (1..=30).collect::<Vec<_>>());
        app.finish().await
    })
}

#[test]
fn edits_withdrawals_and_marks_are_told() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let told = must(client, "postMessage", &ticket, words("a", "раз")).await?;
        let id = told["message"]["id"].clone();
        let variables = json!({"id": ticket, "after": told["position"]});
        let mut socket = Socket::subscribe(&client.base, KEY, WATCH, variables).await?;
        must(
            client,
            "editMessage",
            &ticket,
            json!({"idempotencyKey": "e", "messageId": id, "body": "два"}),
        )
        .await?;
        let change = socket.next().await?["messageChanged"].take();
        assert_eq!(
            (&change["type"], &change["message"]["body"]),
            (&json!("conversation.message_edited"), &json!("два"))
        );
        must(
            client,
            "markDelivered",
            &ticket,
            json!({"idempotencyKey": "d", "upTo": 1}),
        )
        .await?;
        let change = socket.next().await?["messageChanged"].take();
        assert_eq!(change["type"], "conversation.messages_delivered_up_to");
        must(
            client,
            "redactMessage",
            &ticket,
            json!({"idempotencyKey": "r", "messageId": id, "reason": "MISTAKE"}),
        )
        .await?;
        let change = socket.next().await?["messageChanged"].take();
        assert_eq!(
            (&change["type"], &change["message"]["body"]),
            (&json!("conversation.message_redacted"), &json!(null))
        );
        app.finish().await
    })
}
