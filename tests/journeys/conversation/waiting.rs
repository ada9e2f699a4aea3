//! Questions wait for an answer where a person looks for them, also after tickets were merged, unmerged and split.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::{contact, must, read, words};

/// The subjects of all tickets in work that wait, and what each says of itself.
async fn waiting(client: &Client) -> Result<Vec<String>> {
    let query =
        "{ tickets(first: 50, filter: {needsAnswer: true, inWork: true}, orderBy: [{field: NUMBER, direction: ASC}]) {
        nodes { subject thread { needsAnswerSince } } } views { name count { value } } }";
    let answer = client.data(query, json!({})).await?;
    let nodes = answer["tickets"]["nodes"].as_array().context("no tickets")?;
    for it in nodes {
        anyhow::ensure!(it["thread"]["needsAnswerSince"].is_string(), "{it}");
    }
    let counted = answer["views"].as_array().into_iter().flatten();
    let counted: Vec<_> = counted.filter(|it| it["name"] == "Needs answer").collect();
    anyhow::ensure!(counted.len() == 1, "{answer}");
    assert_eq!(
        counted[0]["count"]["value"],
        json!(nodes.len()),
        "the counter is the list"
    );
    let subjects = nodes.iter().filter_map(|it| it["subject"].as_str().map(str::to_owned));
    Ok(subjects.collect())
}

async fn ticket(client: &Client, name: &str, contact: &str) -> Result<String> {
    client
        .ticket(name, &json!({"contactId": contact, "subject": name}))
        .await
}

async fn since(client: &Client, ticket: &str) -> Result<Value> {
    Ok(read(client, ticket).await?["thread"]["needsAnswerSince"].take())
}

#[test]
fn merged_ticket_takes_its_question_along_and_back() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let [a, b, c] = [
            ticket(client, "a", &maria).await?,
            ticket(client, "b", &maria).await?,
            ticket(client, "c", &maria).await?,
        ];
        must(client, "receiveMessage", &a, words("a1", "a1")).await?;
        let asked = since(client, &a).await?;
        assert_eq!(waiting(client).await?, ["a"]);
        client.must("mergeTickets", "ab", &a, &json!({"intoId": b})).await?;
        assert_eq!(waiting(client).await?, ["b"]);
        assert_eq!(since(client, &b).await?, asked, "as long as the customer waits");
        client.must("mergeTickets", "bc", &b, &json!({"intoId": c})).await?;
        assert_eq!(waiting(client).await?, ["c"]);
        must(client, "postMessage", &c, words("c1", "c1")).await?;
        assert_eq!(waiting(client).await?, [""; 0], "answered in the one place");
        must(client, "receiveMessage", &a, words("a2", "a2")).await?;
        assert_eq!(waiting(client).await?, ["c"]);
        // What was not answered goes back with whom it came from.
        client.must("unmergeTicket", "b-", &b, &json!({})).await?;
        assert_eq!(waiting(client).await?, ["b"]);
        must(client, "postMessage", &b, words("b1", "b1")).await?;
        assert_eq!(waiting(client).await?, [""; 0]);
        client.must("unmergeTicket", "a-", &a, &json!({})).await?;
        assert_eq!(waiting(client).await?, ["a"], "nobody answered where it was asked");
        app.finish().await
    })
}

#[test]
fn part_waits_for_what_was_asked_in_it() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let whole = ticket(client, "whole", &maria).await?;
        let query = "mutation($i: SplitTicketInput!) { splitTicket(input: $i) {
            newTicket { id } position userErrors { code field } } }";
        let split = async |key: &str, first: i32| {
            let input = json!({"idempotencyKey": key, "ticketId": whole, "fromMessageSeq": first, "subject": key});
            let mut split = client.data(query, json!({"i": input})).await?["splitTicket"].take();
            client.has_seen(&split["position"]);
            let id = split["newTicket"]["id"].take();
            Ok::<_, anyhow::Error>(id.as_str().context("no ticket")?.to_owned())
        };
        must(client, "receiveMessage", &whole, words("1", "1")).await?;
        must(client, "postMessage", &whole, words("2", "2")).await?;
        split("answered", 1).await?;
        assert_eq!(waiting(client).await?, [""; 0]);
        must(client, "receiveMessage", &whole, words("3", "3")).await?;
        must(client, "receiveMessage", &whole, words("4", "4")).await?;
        let both = split("both", 2).await?;
        let last = split("last", 4).await?;
        assert_eq!(waiting(client).await?, ["whole", "both", "last"]);
        assert_eq!(since(client, &both).await?, since(client, &whole).await?);
        assert_ne!(since(client, &last).await?, since(client, &whole).await?);
        for (number, it) in [&whole, &both, &last].into_iter().enumerate() {
            must(client, "postMessage", it, words(&format!("x{number}"), "x")).await?;
        }
        assert_eq!(waiting(client).await?, [""; 0]);
        app.finish().await
    })
}
