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

/// A ticket in which its customer has asked.
async fn asked(client: &Client, name: &str) -> Result<String> {
    let maria = contact(client, "Мария").await?;
    let id = ticket(client, name, &maria).await?;
    must(client, "receiveMessage", &id, words("1", "1")).await?;
    Ok(id)
}

/// A ticket of a part of the messages.
async fn split(client: &Client, whole: &str, name: &str, first: i32) -> Result<String> {
    let query = "mutation($i: SplitTicketInput!) { splitTicket(input: $i) {
        newTicket { id } position userErrors { code field } } }";
    let input = json!({"idempotencyKey": name, "ticketId": whole, "fromMessageSeq": first, "subject": name});
    let mut split = client.data(query, json!({"i": input})).await?["splitTicket"].take();
    client.has_seen(&split["position"]);
    let id = split["newTicket"]["id"].take();
    Ok(id.as_str().context("no ticket")?.to_owned())
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
fn ticket_that_only_showed_a_question_waits_for_nothing_without_it() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        for (round, parted) in [["a", "b"], ["b", "a"]].into_iter().enumerate() {
            let named = async |name: &str| ticket(client, &format!("{name}{round}"), &maria).await;
            let (a, b, c) = (named("a").await?, named("b").await?, named("c").await?);
            must(client, "receiveMessage", &a, words("1", "1")).await?;
            let key = |name: &str| format!("{name} {round}");
            client
                .must("mergeTickets", &key("ab"), &a, &json!({"intoId": b}))
                .await?;
            client
                .must("mergeTickets", &key("bc"), &b, &json!({"intoId": c}))
                .await?;
            must(client, "receiveMessage", &a, words("2", "2")).await?;
            for name in parted {
                let id = if name == "a" { &a } else { &b };
                client.must("unmergeTicket", &key(name), id, &json!({})).await?;
            }
            assert_eq!(waiting(client).await?, [format!("a{round}")], "{parted:?}");
            must(client, "postMessage", &a, words("3", "3")).await?;
            assert_eq!(waiting(client).await?, [""; 0], "{parted:?}");
        }
        app.finish().await
    })
}

#[test]
fn question_is_not_lost_between_two_merges_at_once() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        for round in 0..6 {
            let named = async |name: &str| ticket(client, &format!("{name}{round}"), &maria).await;
            let (a, b, c) = (named("a").await?, named("b").await?, named("c").await?);
            must(client, "receiveMessage", &a, words("1", "1")).await?;
            let merge = async |key: &str, id: &str, into: &str| {
                let input = json!({"idempotencyKey": format!("{key}{round}"), "ticketId": id, "intoId": into});
                client.mutate("mergeTickets", input).await
            };
            let (first, second) = tokio::join!(merge("ab", &a, &b), merge("bc", &b, &c));
            let (first, second) = (first?, second?);
            assert_eq!(second["userErrors"], json!([]));
            // The second may have been so fast that the first has nowhere to go.
            let is_merged = first["userErrors"] == json!([]);
            let expected = if is_merged {
                format!("c{round}")
            } else {
                format!("a{round}")
            };
            assert_eq!(waiting(client).await?, [expected]);
            let at = if is_merged { &c } else { &a };
            must(client, "postMessage", at, words("2", "2")).await?;
        }
        app.finish().await
    })
}

#[test]
fn part_keeps_its_question_when_the_whole_was_merged_into_it_and_left() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let whole = asked(client, "whole").await?;
        let part = split(client, &whole, "part", 1).await?;
        client
            .must("mergeTickets", "m", &whole, &json!({"intoId": part}))
            .await?;
        assert_eq!(waiting(client).await?, ["part"]);
        client.must("unmergeTicket", "u", &whole, &json!({})).await?;
        assert_eq!(waiting(client).await?, ["whole", "part"]);
        app.finish().await
    })
}

#[test]
fn part_waits_for_what_was_asked_in_it() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let whole = asked(client, "whole").await?;
        must(client, "postMessage", &whole, words("2", "2")).await?;
        split(client, &whole, "answered", 1).await?;
        assert_eq!(waiting(client).await?, [""; 0]);
        must(client, "receiveMessage", &whole, words("3", "3")).await?;
        must(client, "receiveMessage", &whole, words("4", "4")).await?;
        let both = split(client, &whole, "both", 2).await?;
        let last = split(client, &whole, "last", 4).await?;
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
