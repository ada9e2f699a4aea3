//! Words of messages and notes are found, and never by whom they are not for.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, poll, run};

use super::find;
use crate::conversation::{contact, must, words};

async fn found(client: &Client, text: &str, position: &Value) -> Result<Value> {
    find(client, text, json!({"m": position})).await
}

fn is_empty(found: &Value) -> bool {
    found["nodes"] == json!([])
}

#[test]
fn messages_are_found_with_the_words_marked_and_change_with_their_text() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let told = must(client, "postMessage", &ticket, words("m", "Вернём деньги за абонемент")).await?;
        let id = &told["message"]["id"];
        let page = found(client, "возврат денег", &told["position"]).await?;
        assert_eq!(page["nodes"][0]["id"], json!(ticket), "{page}");
        let highlight = &page["edges"][0]["highlights"][0];
        assert_eq!((&highlight["field"], &highlight["messageId"]), (&json!("message"), id));
        assert_eq!(highlight["pieces"][0], json!({"text": "Вернём", "found": true}));
        let edited = json!({"idempotencyKey": "e", "messageId": id, "body": "Отправим сертификат"});
        let told = must(client, "editMessage", &ticket, edited).await?;
        ensure!(
            is_empty(&found(client, "деньги", &told["position"]).await?),
            "the old text is found"
        );
        assert_eq!(
            found(client, "сертификаты", &told["position"]).await?["nodes"][0]["id"],
            json!(ticket)
        );
        let redaction = json!({"idempotencyKey": "r", "messageId": id, "reason": "SECRET"});
        let told = must(client, "redactMessage", &ticket, redaction).await?;
        ensure!(
            is_empty(&found(client, "сертификат", &told["position"]).await?),
            "a withdrawn text is found"
        );
        app.finish().await
    })
}

#[test]
fn customer_finds_messages_and_no_notes() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let ticket = client.ticket("t", &json!({"contactId": maria})).await?;
        must(client, "postMessage", &ticket, words("m", "Проверяем баланс")).await?;
        let note = must(client, "addNote", &ticket, words("n", "Подозрение на мошенничество")).await?;
        // An edit is of a row that is there, or of one in the same batch.
        let edit = json!({"idempotencyKey": "e", "messageId": note["message"]["id"], "body": "Точно мошенничество"});
        let told = must(client, "editMessage", &ticket, edit).await?;
        let query = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret } }";
        let scope = json!({"kind": "CONTACT", "id": maria});
        let input = json!({"idempotencyKey": "k", "name": "k", "permissions": ["tickets:read"], "scope": scope});
        let issued = client.data(query, json!({"i": input})).await?;
        let customer = client.with_key(issued["issueApiKey"]["secret"].as_str().context("no secret")?);
        for (who, text, count) in [
            (client, "мошенничество", 1),
            (&customer, "мошенничество", 0),
            (&customer, "баланс", 1),
        ] {
            let page = found(who, text, &told["position"]).await?;
            let nodes = page["nodes"].as_array().context("no nodes")?;
            assert_eq!(nodes.len(), count, "{text}: {page}");
        }
        // Both words stand in texts of the ticket; what is shown of it to the customer is not the note.
        let page = found(&customer, "баланс точно", &told["position"]).await?;
        ensure!(!page.to_string().contains("мошенничество"), "{page}");
        app.finish().await
    })
}

#[test]
fn words_of_a_forgotten_customer_are_not_found_in_messages() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let ticket = client.ticket("t", &json!({"contactId": maria})).await?;
        let told = must(client, "receiveMessage", &ticket, words("m", "Необыкновенный случай")).await?;
        ensure!(
            !is_empty(&found(client, "необыкновенный", &told["position"]).await?),
            "not found"
        );
        let uuid = super::uuid_of(&maria)?;
        app.tell(&["vault", "forget", "--contact", &uuid]).await?;
        let gone = async || {
            find(client, "необыкновенный", json!({}))
                .await
                .is_ok_and(|it| is_empty(&it))
        };
        poll("the words are still found", gone).await?;
        app.finish().await
    })
}
