//! Messages of tickets that were merged or split are where a person would look for them.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, KEY, Socket, run};

use super::{contact, must, read, refused, texts, words};

const WATCH: &str = "subscription($id: ID!, $after: Position) { messageChanged(ticketId: $id, after: $after) {
    type message { ticketId body } } }";
const PAGE: &str = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { ticket(id: $id) {
    messages(first: $first, after: $after, last: $last, before: $before) {
        nodes { body } pageInfo { hasNextPage endCursor hasPreviousPage startCursor } } } }";

async fn key_of(boss: &Client, contact: &str) -> Result<String> {
    let query = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret userErrors { code } } }";
    let scope = json!({"kind": "CONTACT", "id": contact});
    let permissions = json!(["tickets:read", "tickets:write"]);
    let input = json!({"idempotencyKey": contact, "name": "customer", "permissions": permissions, "scope": scope});
    let issued = boss.data(query, json!({"i": input})).await?;
    let secret = issued["issueApiKey"]["secret"].as_str().context("no secret")?;
    Ok(secret.to_owned())
}

/// All texts, asked for `size` at a time, forwards and backwards.
async fn paged(client: &Client, ticket: &str, size: i32) -> Result<(Vec<String>, Vec<String>)> {
    let mut both = (Vec::new(), Vec::new());
    let (mut after, mut before) = (Value::Null, Value::Null);
    loop {
        let page = client
            .data(PAGE, json!({"id": ticket, "first": size, "after": after}))
            .await?;
        let page = &page["ticket"]["messages"];
        both.0.extend(bodies(page));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    loop {
        let page = client
            .data(PAGE, json!({"id": ticket, "last": size, "before": before}))
            .await?;
        let page = &page["ticket"]["messages"];
        both.1.splice(0..0, bodies(page));
        before = page["pageInfo"]["startCursor"].clone();
        if page["pageInfo"]["hasPreviousPage"] == false {
            return Ok(both);
        }
    }
}

fn bodies(page: &Value) -> Vec<String> {
    let nodes = page["nodes"].as_array().into_iter().flatten();
    nodes.filter_map(|it| it["body"].as_str().map(str::to_owned)).collect()
}

#[test]
fn merged_ticket_is_read_in_the_other_and_comes_back_with_what_was_said_meanwhile() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let a = client.ticket("a", &json!({"contactId": maria})).await?;
        let b = client.ticket("b", &json!({"contactId": maria})).await?;
        let c = client.ticket("c", &json!({"contactId": maria})).await?;
        for (ticket, name) in [(&a, "a1"), (&b, "b1"), (&a, "a2"), (&c, "c1"), (&b, "b2")] {
            must(client, "receiveMessage", ticket, words(name, name)).await?;
        }
        must(client, "addNote", &a, words("an", "note")).await?;
        client.must("mergeTickets", "m1", &a, &json!({"intoId": b})).await?;
        client.must("mergeTickets", "m2", &b, &json!({"intoId": c})).await?;
        let shown = read(client, &c).await?;
        let all = ["a1", "b1", "a2", "c1", "b2", "note"];
        assert_eq!(texts(&shown), all.map(Some));
        assert_eq!(shown["messages"]["totalCount"], 6);
        assert_eq!(
            paged(client, &c, 2).await?,
            (all.map(String::from).into(), all.map(String::from).into())
        );
        assert_eq!(texts(&read(client, &a).await?), ["a1", "a2", "note"].map(Some));
        // The team answers in the one place; the customer may write wherever they have a link to.
        assert_eq!(refused(client, "postMessage", &a, words("x", "x")).await?, "MERGED");
        assert_eq!(refused(client, "addNote", &b, words("x", "x")).await?, "MERGED");
        let answered = must(client, "postMessage", &c, words("c2", "c2")).await?;
        assert_eq!(
            read(client, &c).await?["thread"]["needsAnswerSince"],
            Value::Null,
            "all is answered"
        );
        client
            .must("resolveTicket", "r", &c, &json!({"reason": "SOLVED"}))
            .await?;
        let variables = json!({"id": c, "after": answered["position"]});
        let mut socket = Socket::subscribe(&client.base, KEY, WATCH, variables).await?;
        must(client, "receiveMessage", &a, words("a3", "a3")).await?;
        let told = socket.next().await?["messageChanged"].take();
        assert_eq!(told["message"], json!({"ticketId": a, "body": "a3"}));
        let shown = read(client, &c).await?;
        assert_eq!(
            shown["status"], "OPEN",
            "whoever was answered there reopens what they were answered in"
        );
        ensure!(shown["thread"]["needsAnswerSince"].is_string(), "{shown}");
        let customer = client.with_key(&key_of(client, &maria).await?);
        let seen = read(&customer, &c).await?;
        assert_eq!(
            texts(&seen),
            ["a1", "b1", "a2", "c1", "b2", "c2", "a3"].map(Some),
            "no note"
        );
        client.must("unmergeTicket", "u", &b, &json!({})).await?;
        assert_eq!(texts(&read(client, &c).await?), ["c1", "c2"].map(Some));
        assert_eq!(
            texts(&read(client, &b).await?),
            ["a1", "b1", "a2", "b2", "note", "a3"].map(Some)
        );
        client.must("unmergeTicket", "u2", &a, &json!({})).await?;
        assert_eq!(texts(&read(client, &a).await?), ["a1", "a2", "note", "a3"].map(Some));
        app.finish().await
    })
}

#[test]
fn customer_reads_nothing_of_others_whose_tickets_were_merged_with_theirs() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let (maria, ivan) = (contact(client, "Мария").await?, contact(client, "Иван").await?);
        let hers = client.ticket("m", &json!({"contactId": maria})).await?;
        let his = client.ticket("i", &json!({"contactId": ivan})).await?;
        let nobodys = client.ticket("n", &json!({})).await?;
        for (ticket, name) in [(&hers, "hers"), (&his, "his"), (&nobodys, "nobody's")] {
            must(client, "receiveMessage", ticket, words(name, name)).await?;
        }
        client.must("mergeTickets", "1", &his, &json!({"intoId": hers})).await?;
        client
            .must("mergeTickets", "2", &nobodys, &json!({"intoId": hers}))
            .await?;
        assert_eq!(
            texts(&read(client, &hers).await?),
            ["hers", "his", "nobody's"].map(Some)
        );
        let key = key_of(client, &maria).await?;
        let seen = read(&client.with_key(&key), &hers).await?;
        assert_eq!(
            (texts(&seen), &seen["messages"]["totalCount"]),
            (vec![Some("hers")], &json!(1))
        );
        let said = must(client, "receiveMessage", &his, words("his 2", "his 2")).await?;
        let variables = json!({"id": hers, "after": "0"});
        let mut socket = Socket::subscribe(&client.base, &key, WATCH, variables).await?;
        assert_eq!(socket.next().await?["messageChanged"]["message"]["body"], "hers");
        ensure!(said["position"].is_string(), "{said}");
        must(client, "receiveMessage", &hers, words("hers 2", "hers 2")).await?;
        assert_eq!(socket.next().await?["messageChanged"]["message"]["body"], "hers 2");
        app.finish().await
    })
}

#[test]
fn part_that_was_split_off_is_read_in_both_and_what_follows_where_it_was_said() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        for name in ["1", "2", "3"] {
            must(client, "receiveMessage", &ticket, words(name, name)).await?;
        }
        let query = "mutation($i: SplitTicketInput!) { splitTicket(input: $i) {
            newTicket { id } position userErrors { code field } } }";
        let split = async |key: &str, first: i32| {
            let input = json!({"idempotencyKey": key, "ticketId": ticket, "fromMessageSeq": first, "subject": "Иное"});
            let split = client.data(query, json!({"i": input})).await?["splitTicket"].take();
            client.has_seen(&split["position"]);
            Ok::<_, anyhow::Error>(split)
        };
        let beyond = split("beyond", 4).await?;
        assert_eq!(
            beyond["userErrors"],
            json!([{"code": "NOT_FOUND", "field": ["input", "fromMessageSeq"]}])
        );
        let new = split("s", 2).await?["newTicket"]["id"].take();
        let new = new.as_str().context("no ticket")?;
        must(client, "receiveMessage", &ticket, words("4", "4")).await?;
        must(client, "postMessage", new, words("5", "5")).await?;
        assert_eq!(texts(&read(client, new).await?), ["2", "3", "5"].map(Some));
        assert_eq!(texts(&read(client, &ticket).await?), ["1", "2", "3", "4"].map(Some));
        client
            .must("mergeTickets", "back", new, &json!({"intoId": ticket}))
            .await?;
        let together = read(client, &ticket).await?;
        assert_eq!(texts(&together), ["1", "2", "3", "4", "5"].map(Some), "nothing twice");
        assert_eq!(together["messages"]["totalCount"], 5);
        app.finish().await
    })
}
