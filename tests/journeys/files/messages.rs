//! Files and the messages that name them.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::{App, Client, run};

use super::{announced, attached, bring, file, files, say};
use crate::conversation::contact;

async fn refused(client: &Client, ticket: &str, name: &str, files: &[&str]) -> Result<String> {
    let payload = say(client, "postMessage", ticket, name, files).await?;
    ensure!(payload["message"].is_null(), "{payload}");
    Ok(payload["userErrors"][0]["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn file_belongs_to_one_message_of_its_own_ticket() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let ticket = client.ticket("t", &json!({"contactId": maria})).await?;
        let hers = client.ticket("h", &json!({"contactId": maria})).await?;
        let other = client.ticket("o", &json!({})).await?;
        let one = bring(client, &ticket, "1.txt", "text/plain", b"1").await?;
        let two = bring(client, &ticket, "2.txt", "text/plain", b"2").await?;
        let (absent, _) = announced(client, file(&ticket, "k", "3.txt", "text/plain", 1)).await?;
        assert_eq!(
            refused(client, &ticket, "a", &[&one, &absent]).await?,
            "FILE_NOT_STORED"
        );
        assert_eq!(
            refused(client, &ticket, "b", &[&one, "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f"]).await?,
            "NOT_FOUND"
        );
        assert_eq!(refused(client, &other, "c", &[&one]).await?, "FILE_OF_ANOTHER");
        assert_eq!(
            refused(client, &hers, "d", &[&one]).await?,
            "FILE_OF_ANOTHER",
            "of another ticket"
        );
        assert_eq!(refused(client, &ticket, "e", &[&one, &one]).await?, "BAD_USER_INPUT");
        let many: Vec<&str> = std::iter::repeat_n(one.as_str(), 16).collect();
        assert_eq!(refused(client, &ticket, "f", &many).await?, "BAD_USER_INPUT");
        // Nothing of what was refused has taken it up.
        let payload = say(client, "addNote", &ticket, "n", &[&two, &one]).await?;
        assert_eq!(payload["userErrors"], json!([]));
        let names: Vec<_> = payload["message"]["attachments"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| it["name"].clone())
            .collect();
        assert_eq!(names, ["2.txt", "1.txt"], "in the order in which it names them");
        let again = say(client, "addNote", &ticket, "n", &[&two, &one]).await?;
        assert_eq!(again["message"]["id"], payload["message"]["id"]);
        assert_eq!(refused(client, &ticket, "g", &[&one]).await?, "FILE_ATTACHED_ALREADY");
        let fewer = say(client, "addNote", &ticket, "n", &[&two]).await?;
        assert_ne!(fewer["userErrors"], json!([]), "the same message has the same files");
        client
            .must("resolveTicket", "r", &ticket, &json!({"reason": "SOLVED"}))
            .await?;
        client.must("closeTicket", "c", &ticket, &json!({})).await?;
        let three = bring(client, &ticket, "4.txt", "text/plain", b"4").await?;
        assert_eq!(refused(client, &ticket, "late", &[&three]).await?, "TICKET_CLOSED");
        client.must("reopenTicket", "o", &ticket, &json!({})).await?;
        attached(client, &ticket, "after", &three).await?;
        let all: Vec<_> = files(client, &ticket)
            .await?
            .iter()
            .map(|it| it["name"].clone())
            .collect();
        assert_eq!(all, ["2.txt", "1.txt", "4.txt"]);
        app.finish().await
    })
}

#[test]
fn file_for_a_ticket_to_come_goes_with_its_customer() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let query = "mutation($i: CreateInboxInput!) { it: createInbox(input: $i) { inbox { id } } }";
        let input = json!({"idempotencyKey": "i", "definition": {"name": "Сайт", "channel": "WEB_WIDGET"}});
        let inbox = client.data(query, json!({"i": input})).await?["it"]["inbox"]["id"].take();
        let early = json!({"idempotencyKey": "e", "inboxId": inbox, "contactId": maria, "name": "a.txt",
            "contentType": "text/plain", "size": 1});
        let (id, url) = announced(client, early).await?;
        assert_eq!(super::put(client, &url, "1").await?.status(), 201);
        let strange = client.ticket("s", &json!({"inboxId": inbox})).await?;
        assert_eq!(refused(client, &strange, "a", &[&id]).await?, "FILE_OF_ANOTHER");
        let ticket = client
            .ticket("t", &json!({"inboxId": inbox, "contactId": maria}))
            .await?;
        let payload = say(client, "receiveMessage", &ticket, "m", &[&id]).await?;
        assert_eq!(payload["message"]["attachments"][0]["name"], "a.txt", "{payload}");
        app.finish().await
    })
}

#[test]
fn file_of_a_customer_whose_records_were_merged_is_their_own() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let (former, maria) = (contact(client, "М.").await?, contact(client, "Мария").await?);
        let query = "mutation($i: CreateInboxInput!) { it: createInbox(input: $i) { inbox { id } } }";
        let input = json!({"idempotencyKey": "i", "definition": {"name": "Сайт", "channel": "WEB_WIDGET"}});
        let inbox = client.data(query, json!({"i": input})).await?["it"]["inbox"]["id"].take();
        let early = json!({"idempotencyKey": "e", "inboxId": inbox, "contactId": former, "name": "a.txt",
            "contentType": "text/plain", "size": 1});
        let (id, url) = announced(client, early).await?;
        assert_eq!(super::put(client, &url, "1").await?.status(), 201);
        let query = "mutation($i: MergeContactsInput!) { it: mergeContacts(input: $i) { userErrors { code } } }";
        let input = json!({"idempotencyKey": "m", "contactId": former, "intoId": maria});
        let merged = client.data(query, json!({"i": input})).await?;
        assert_eq!(merged["it"]["userErrors"], json!([]));
        let ticket = client
            .ticket("t", &json!({"inboxId": inbox, "contactId": former}))
            .await?;
        let payload = say(client, "receiveMessage", &ticket, "m", &[&id]).await?;
        assert_eq!(payload["message"]["attachments"][0]["name"], "a.txt", "{payload}");
        app.finish().await
    })
}
