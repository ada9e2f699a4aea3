//! What customers may bring and read: in their own inbox, under their own tickets, and nothing of notes.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::{Client, run};

use super::{ANNOUNCE, FILE, announce, announced, bring, file, files, put, say, text};
use crate::conversation::customer::desk_with;

fn saying() -> String {
    format!(
        "mutation($i: PostMessageInput!) {{ it: postMessage(input: $i) {{ message {{ id attachments {{ {FILE} }} }} position
         stale userErrors {{ code message field }} }} }}"
    )
}

fn listing() -> String {
    format!("query($id: ID!) {{ ticket(id: $id) {{ attachments {{ {FILE} }} }} }}")
}

async fn told(client: &Client, input: Value) -> Result<String> {
    let payload = announce(client, input).await?;
    Ok(payload["userErrors"][0]["code"].as_str().unwrap_or("taken").to_owned())
}

#[test]
fn customer_brings_and_reads_files_of_their_own_tickets_alone() -> Result<()> {
    run(async {
        let desk = desk_with(&[ANNOUNCE, &saying(), &listing()]).await?;
        let (team, customer) = (&desk.app.client, &desk.customer);
        let ticket = team
            .ticket("t", &json!({"contactId": desk.contact, "inboxId": desk.inbox}))
            .await?;
        let strange = team.ticket("s", &json!({})).await?;
        let own = bring(customer, &ticket, "мой.txt", "text/plain", b"mine").await?;
        let early = json!({"idempotencyKey": "e", "name": "early.txt", "contentType": "text/plain", "size": 5});
        let (before, url) = announced(customer, early).await?;
        assert_eq!(put(customer, &url, "early").await?.status(), 201);
        let elsewhere = json!({"idempotencyKey": "x", "inboxId": "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f", "name": "a.txt",
            "contentType": "text/plain", "size": 5});
        assert_eq!(told(customer, elsewhere).await?, "BAD_USER_INPUT");
        let (code, _) = customer
            .error(ANNOUNCE, json!({"i": file(&strange, "y", "a.txt", "text/plain", 1)}))
            .await?;
        assert_eq!(code, "FORBIDDEN");
        let said = say(customer, "postMessage", &ticket, "c", &[&own, &before]).await?;
        assert_eq!(
            said["message"]["attachments"].as_array().map_or(0, Vec::len),
            2,
            "{said}"
        );
        let teams = bring(team, &ticket, "team.txt", "text/plain", b"team").await?;
        let stolen = say(customer, "postMessage", &ticket, "d", &[&teams]).await?;
        assert_eq!(stolen["userErrors"][0]["code"], "FILE_OF_ANOTHER");
        let noted = bring(team, &ticket, "note.txt", "text/plain", b"between us").await?;
        ensure!(say(team, "addNote", &ticket, "n", &[&noted]).await?["userErrors"] == json!([]));
        ensure!(say(team, "postMessage", &ticket, "a", &[&teams]).await?["userErrors"] == json!([]));
        let names = |files: &[Value]| files.iter().map(|it| it["name"].clone()).collect::<Vec<_>>();
        assert_eq!(
            names(&files(customer, &ticket).await?),
            ["мой.txt", "early.txt", "team.txt"]
        );
        assert_eq!(
            names(&files(team, &ticket).await?),
            ["мой.txt", "early.txt", "note.txt", "team.txt"]
        );
        let shown = files(customer, &ticket).await?;
        assert_eq!(customer.anonymous().get(text(&shown[2], "url")?).await?.1, "team");
        assert!(files(customer, &strange).await?.is_empty());
        let block = "mutation($i: BlockContactInput!) { blockContact(input: $i) { userErrors { code } } }";
        let input = json!({"idempotencyKey": "b", "contactId": desk.contact, "reason": "угрозы"});
        team.data(block, json!({"i": input})).await?;
        assert_eq!(
            told(customer, file(&ticket, "z", "z.txt", "text/plain", 1)).await?,
            "BLOCKED"
        );
        desk.app.finish().await
    })
}
