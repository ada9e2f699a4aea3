//! What customers may bring and read: in their own inbox, under their own tickets, and nothing of notes.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, Client, poll, run};

use super::{ANNOUNCE, FILE, announce, announced, bring, file, files, put, say, text};
use crate::{
    conversation::{contact, customer::desk_with, must},
    search::uuid_of,
};

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

#[test]
fn customer_lets_only_so_many_files_wait_for_a_message() -> Result<()> {
    run(async {
        let desk = desk_with(&[ANNOUNCE, &saying(), &listing()]).await?;
        let (team, customer) = (&desk.app.client, &desk.customer);
        let ticket = team
            .ticket("t", &json!({"contactId": desk.contact, "inboxId": desk.inbox}))
            .await?;
        let wish = |key: usize, size| file(&ticket, &format!("k{key}"), "a.txt", "text/plain", size);
        let own = bring(customer, &ticket, "own.txt", "text/plain", b"1").await?;
        for key in 1..50 {
            assert_eq!(told(customer, wish(key, 1)).await?, "taken", "{key}");
        }
        // The table is a moment behind the log: until it shows the last ones, one more is taken.
        let mut more = 50;
        while told(customer, wish(more, 1)).await? == "taken" {
            more += 1;
            ensure!(more < 200, "there is no end to it");
        }
        assert_eq!(told(customer, wish(7, 1)).await?, "taken", "the same once more");
        assert_eq!(
            told(team, wish(more, 1)).await?,
            "taken",
            "the team has a bound of its own"
        );
        let refused = announce(customer, wish(more, 1)).await?["userErrors"][0].take();
        assert_eq!(refused["code"], "FILES_WAITING");
        ensure!(
            refused["message"].as_str().is_some_and(|it| it.contains("50")),
            "{refused}"
        );
        let said = say(customer, "postMessage", &ticket, "c", &[&own]).await?;
        assert_eq!(said["userErrors"], json!([]), "what is there already is taken up");
        desk.app.finish().await
    })
}

#[test]
fn file_of_a_quoted_message_is_read_by_whoever_has_the_tracking_link() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let ticket = client.ticket("t", &json!({"contactId": maria})).await?;
        let id = bring(client, &ticket, "a.txt", "text/plain", b"abc").await?;
        let said = say(client, "postMessage", &ticket, "m", &[&id]).await?;
        let reply = json!({"clientMessageId": "r", "body": "Вот", "inReplyTo": said["message"]["id"]});
        must(client, "postMessage", &ticket, reply).await?;
        let query = "mutation($i: IssueTrackingLinkInput!) { it: issueTrackingLink(input: $i) { token } }";
        let input = json!({"idempotencyKey": "l", "ticketId": ticket});
        let token = client.data(query, json!({"i": input})).await?["it"]["token"].take();
        let query =
            "query($t: String!) { it: trackedTicket(token: $t) { messages { inReplyTo { attachments { url } } } } }";
        let seen = client.anonymous().data(query, json!({"t": token})).await?["it"].take();
        let url = seen["messages"][1]["inReplyTo"]["attachments"][0]["url"].as_str();
        let response = client.anonymous().fetch(url.with_context(|| seen.to_string())?).await?;
        assert_eq!(response.text().await?, "abc");
        let pool = PgPool::connect(&app.database_url).await?;
        let readers = async || -> Vec<String> {
            let rows = sqlx::query_scalar("SELECT reader FROM read_attachment_v1.attachment_download");
            rows.fetch_all(&pool).await.unwrap_or_default()
        };
        poll("it is not on record", async || !readers().await.is_empty()).await?;
        assert_eq!(readers().await, [format!("contact:{}", uuid_of(&maria)?)]);
        pool.close().await;
        app.finish().await
    })
}
