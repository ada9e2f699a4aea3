//! Looks at personal data are on record.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::{change, entries};
use crate::conversation::{contact, must, read, words};

/// Waits until there are so many records of looks, and gives them, the oldest first.
async fn looks(client: &Client, filter: &Value, count: usize) -> Result<Vec<Value>> {
    let mut filter = filter.clone();
    filter["types"] = json!(["reading"]);
    let mut found = Vec::new();
    for _ in 0..200 {
        found = entries(client, filter.clone()).await?;
        // Looking at the audit is a look as well.
        found.retain(|it| change(it, "operations").1 != Some("[\"auditEntries\"]"));
        if found.len() >= count {
            break;
        }
    }
    ensure!(found.len() == count, "{count} looks expected: {found:#?}");
    found.reverse();
    Ok(found)
}

#[test]
fn who_was_shown_personal_data_is_on_record_once_a_minute() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let open = "mutation($i: OpenTicketInput!) { openTicket(input: $i) { ticket { id } } }";
        let input = json!({"idempotencyKey": "t", "contactId": maria, "subject": "Нет сети"});
        let opened = client.data(open, json!({"i": input})).await?;
        let id = opened["openTicket"]["ticket"]["id"]
            .as_str()
            .context("no ticket")?
            .to_owned();
        must(client, "receiveMessage", &id, words("1", "Алло?")).await?;
        let before = looks(client, &json!({"object": id}), 1).await?;
        assert_eq!(change(&before[0], "operations").1, Some("[\"receiveMessage\"]"));
        let bare = "{ tickets(first: 10) { nodes { id status priority } totalCount } }";
        client.data(bare, json!({})).await?;
        looks(client, &json!({"object": id}), 1).await?;
        let list = "{ tickets(first: 10) { nodes { subject contact { name } } } }";
        for _ in 0..2 {
            client.data(list, json!({})).await?;
        }
        let seen = looks(client, &json!({"object": id}), 2).await?;
        let shown = change(&seen[1], "seen").1.unwrap_or_default();
        ensure!(shown.contains("\"ticket\"") && shown.contains("\"contact\""), "{shown}");
        assert_eq!(seen[1]["actor"], "api_key:bootstrap");
        assert_eq!(seen[1]["address"], "127.0.0.1");
        assert_eq!(seen[1]["summary"], "Personal data shown");
        looks(client, &json!({"person": maria}), 1).await?;
        read(client, &id).await?;
        app.finish().await
    })
}

#[test]
fn searches_are_on_record_and_their_texts_are_not() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        client.ticket("t", &json!({"subject": "Сломан Сканер"})).await?;
        let search = "query($t: String!) { searchTickets(text: $t, first: 5) { nodes { id } } }";
        client.data(search, json!({"t": "Иванов  Пётр"})).await?;
        let found = looks(client, &json!({"searchedFor": "иванов пётр"}), 1).await?;
        ensure!(!json!(found).to_string().to_lowercase().contains("иванов"), "{found:?}");
        looks(client, &json!({"searchedFor": "сидоров"}), 0).await?;
        app.finish().await
    })
}
