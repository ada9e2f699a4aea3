//! Looks at personal data are on record.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, eventually, run};

use super::{change, entries};
use crate::{
    contacts,
    conversation::{contact, must, read, words},
};

/// Waits until there are so many records of looks, and gives them, the oldest first.
async fn looks(client: &Client, filter: &Value, count: usize) -> Result<Vec<Value>> {
    let mut filter = filter.clone();
    filter["types"] = json!(["reading"]);
    let look = async || {
        let mut found = entries(client, filter.clone()).await?;
        // Looking at the audit is a look as well.
        found.retain(|it| change(it, "operations").1 != Some("[\"auditEntries\"]"));
        Ok(found)
    };
    let mut found = eventually(look, |it| it.len() >= count).await?;
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

/// What shows words of or about a customer; each is asked by a key of its own.
const READS: [&str; 12] = [
    "ticket(id: $t) { subject }",
    "ticket(id: $t) { fields { text } }",
    "ticket(id: $t) { priorityReason }",
    "ticket(id: $t) { resolutionNote }",
    "ticket(id: $t) { explain { sentence } }",
    "ticket(id: $t) { attachments { name } }",
    "ticket(id: $t) { messages(first: 5) { nodes { body } } }",
    "ticketDiff(id: $t, from: {atVersion: 1}) { fields { beforeText afterText } }",
    "contact(id: $c) { name }",
    "contact(id: $c) { blockReason }",
    "contact(id: $c) { handles { value } }",
    "personPrivacy(personId: $c) { holds { reason } }",
];

#[test]
fn each_read_of_personal_data_is_on_record() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let ticket = client.ticket("t", &json!({"contactId": maria})).await?;
        must(client, "receiveMessage", &ticket, words("1", "Алло?")).await?;
        let urgent = json!({"priority": "URGENT", "reason": "Просила дважды"});
        client.must("changeTicketPriority", "p", &ticket, &urgent).await?;
        let solved = json!({"reason": "SOLVED", "note": "Перезвонили ей"});
        client.must("resolveTicket", "r", &ticket, &solved).await?;
        let blocked = json!({"idempotencyKey": "b", "contactId": maria, "reason": "Угрозы"});
        contacts::must(client, "blockContact", blocked).await?;
        let why = "query($t: ID!, $c: ID!) { ticket(id: $t) { priorityReason resolutionNote } contact(id: $c) { blockReason } }";
        let look = async || client.data(why, json!({"t": ticket, "c": maria})).await;
        let are_there = |it: &Value| {
            let of_ticket = ["priorityReason", "resolutionNote"]
                .iter()
                .all(|field| it["ticket"][field].is_string());
            of_ticket && it["contact"]["blockReason"].is_string()
        };
        ensure!(are_there(&eventually(look, are_there).await?));
        let hold = "mutation($i: PlaceLegalHoldInput!) { placeLegalHold(input: $i) { userErrors { code } } }";
        let input = json!({"idempotencyKey": "h", "personId": maria, "reason": "Дело"});
        client.data(hold, json!({"i": input})).await?;
        let key = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret userErrors { code } } }";
        for (number, read) in READS.iter().enumerate() {
            let input = json!({"idempotencyKey": format!("k{number}"), "name": "k", "scope": {"kind": "EVERYWHERE"},
                "permissions": ["tickets:read", "contacts:read", "privacy:write"]});
            let issued = client.data(key, json!({"i": input})).await?["issueApiKey"].take();
            let reader = client.with_key(issued["secret"].as_str().with_context(|| issued.to_string())?);
            let query = match (read.contains("$t"), read.contains("$c")) {
                (true, _) => format!("query($t: ID!) {{ {read} }}"),
                (false, _) => format!("query($c: ID!) {{ {read} }}"),
            };
            let asked = reader.data(&query, json!({"t": ticket, "c": maria})).await;
            asked.with_context(|| (*read).to_owned())?;
            let me = reader.data("{ viewer { actor } }", json!({})).await?["viewer"]["actor"].take();
            let shown = looks(client, &json!({"actor": me}), 1).await;
            shown.with_context(|| format!("{read} is on no record"))?;
        }
        app.finish().await
    })
}
