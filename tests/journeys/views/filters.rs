//! What lists can be filtered by beyond the columns of a ticket.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use commands::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{App, Client, Statements, run};

use super::{number, numbers};
use crate::{
    conversation::{must as say, words},
    organisation::made,
    people::{agent, set_up},
};

/// The document of a page with everything that belongs to a ticket.
const PAGE: &str = "query($first: Int!) { tickets(first: $first, filter: {inWork: true}) { nodes { id tags { name }
    links { relation other { number subject } } fields { number text field { key } } thread { needsAnswerSince }
    assignee { name } category { key } } } }";

async fn statements(client: &Client, first: usize, name: &str) -> Result<usize> {
    let body = json!({"query": PAGE, "variables": {"first": first}});
    let request = client.request(Method::POST, "/graphql").header("x-request-id", name);
    let body: Value = request.json(&body).send().await?.json().await?;
    let nodes = body["data"]["tickets"]["nodes"].as_array().context(body.to_string())?;
    ensure!(nodes.len() == first, "{body}");
    for it in nodes {
        ensure!(
            it["tags"][0]["name"] == "VIP" && it["fields"][0]["field"]["key"] == "sum",
            "{it}"
        );
        ensure!(it["links"][0]["other"]["number"].is_i64(), "{it}");
    }
    Ok(Statements::count().of(name).len())
}

#[test]
fn page_with_tags_links_and_fields_costs_the_same_whatever_its_size() -> Result<()> {
    run(async {
        Statements::count();
        let app = App::start().await?;
        let client = &app.client;
        let vip = made(client, "Tag", "vip", json!({"name": "VIP"})).await?;
        let sum = json!({"key": "sum", "label": {"en": "Sum"}, "appliesTo": "TICKET", "type": "NUMBER"});
        let sum = made(client, "CustomField", "sum", sum).await?;
        let hub = client.ticket("hub", &json!({})).await?;
        client
            .must("closeTicket", "c", &hub, &json!({"reason": "SPAM"}))
            .await?;
        for index in 0..20 {
            let ticket = client.ticket(&index.to_string(), &json!({})).await?;
            let value = json!({"fieldId": sum, "value": {"number": f64::from(index)}});
            for (mutation, more) in [
                ("tagTicket", json!({"tagIds": [vip]})),
                ("setTicketField", value),
                ("linkTickets", json!({"otherId": hub, "relation": "RELATED"})),
            ] {
                client.must(mutation, mutation, &ticket, &more).await?;
            }
        }
        let one = statements(client, 1, "views-one").await?;
        ensure!(one > 0 && one <= 9, "{one}");
        for (first, name) in [(5, "views-five"), (20, "views-twenty")] {
            assert_eq!(statements(client, first, name).await?, one, "{first}");
        }
        let range = |it: Value| json!({"fields": [it]});
        for (filter, count) in [
            (range(json!({"fieldId": sum, "numberGte": 10.0})), 10),
            (range(json!({"fieldId": sum, "numberGte": 10.0, "numberLte": 12.5})), 3),
            (range(json!({"fieldId": sum, "dateGte": "2020-01-01"})), 0),
            (json!({"not": range(json!({"fieldId": sum, "numberLte": 18.0}))}), 2),
        ] {
            assert_eq!(numbers(client, &filter, json!([])).await?.len(), count, "{filter}");
        }
        for bad in [
            json!({"fieldId": sum, "numberGte": 1.0, "dateLte": "2020-01-01"}),
            json!({"fieldId": sum, "numberGte": 1.0, "number": 1.0}),
            json!({"fieldId": sum, "numberGte": 1.0, "isNull": true}),
        ] {
            let query = "query($f: TicketFilter) { tickets(first: 1, filter: $f) { nodes { id } } }";
            let (code, field) = client.error(query, json!({"f": range(bad.clone())})).await?;
            assert_eq!((code.as_str(), field), ("BAD_USER_INPUT", json!(["fields"])), "{bad}");
        }
        app.finish().await
    })
}

#[test]
fn tickets_wait_for_answers_the_longest_first() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let mut tickets = Vec::new();
        for index in 0..4 {
            let id = client.ticket(&index.to_string(), &json!({})).await?;
            tickets.push((number(client, &id).await?, id));
        }
        for index in [2, 0, 3] {
            clock.advance(TimeDelta::minutes(1));
            say(client, "receiveMessage", &tickets[index].1, words("in", "Где?")).await?;
        }
        let longest = json!([{"field": "WAITING_SINCE"}]);
        let waiting = json!({"needsAnswer": true, "inWork": true});
        let of = |indices: &[usize]| indices.iter().map(|it| tickets[*it].0).collect::<Vec<_>>();
        assert_eq!(numbers(client, &waiting, longest.clone()).await?, of(&[2, 0, 3]));
        assert_eq!(numbers(client, &json!({}), longest.clone()).await?, of(&[2, 0, 3, 1]));
        let since = json!({"needsAnswerSince": {"gte": "2026-11-21T12:02:00Z"}});
        assert_eq!(numbers(client, &since, longest.clone()).await?, of(&[0, 3]));
        clock.advance(TimeDelta::minutes(1));
        say(client, "receiveMessage", &tickets[2].1, words("more", "Ну?")).await?;
        say(client, "addNote", &tickets[0].1, words("note", "Смотрю")).await?;
        assert_eq!(
            numbers(client, &waiting, longest.clone()).await?,
            of(&[2, 0, 3]),
            "the first unanswered counts"
        );
        say(client, "postMessage", &tickets[2].1, words("out", "Вот")).await?;
        assert_eq!(numbers(client, &waiting, longest.clone()).await?, of(&[0, 3]));
        assert_eq!(
            numbers(client, &json!({"needsAnswer": false}), json!([])).await?,
            of(&[2, 1])
        );
        // Resolved without an answer: no work is left.
        client
            .must("resolveTicket", "r", &tickets[3].1, &json!({"reason": "SPAM"}))
            .await?;
        assert_eq!(numbers(client, &waiting, longest).await?, of(&[0]));
        let page = "query($a: String) { tickets(first: 1, after: $a, orderBy: [{field: WAITING_SINCE, direction: DESC}]) { nodes { number } pageInfo { endCursor } } }";
        let mut seen = Vec::new();
        let mut after = Value::Null;
        for _ in 0..4 {
            let list = client.data(page, json!({"a": after})).await?;
            seen.extend(list["tickets"]["nodes"][0]["number"].as_i64());
            after = list["tickets"]["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(seen.len(), 4, "every ticket has its place: {seen:?}");
        app.finish().await
    })
}

#[test]
fn me_is_whoever_asks() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = app.client.with_key(&set_up(&app).await?.access);
        let anna = agent(&app, &boss, "anna@example.com").await?;
        let query = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
        let grant =
            json!({"idempotencyKey": "g", "userId": anna.user, "role": "agent", "scope": {"kind": "EVERYWHERE"}});
        boss.data(query, json!({"i": grant})).await?;
        let user = anna.user.clone();
        let anna = app.client.with_key(&anna.access);
        let hers = app.client.ticket("hers", &json!({})).await?;
        app.client.ticket("nobodys", &json!({})).await?;
        app.client
            .must("assignTicket", "a", &hers, &json!({"agentId": user}))
            .await?;
        anna.must("followTicket", "f", &hers, &json!({"userId": user})).await?;
        let hers = [number(&anna, &hers).await?];
        for filter in [
            json!({"assignee": {"eq": "me"}}),
            json!({"assignee": {"in": ["me"]}}),
            json!({"not": {"or": [{"not": {"follower": {"eq": "me"}}}]}}),
        ] {
            assert_eq!(numbers(&anna, &filter, json!([])).await?, hers, "{filter}");
            assert_eq!(numbers(&boss, &filter, json!([])).await?, [0_i64; 0], "{filter}");
            assert_eq!(
                numbers(&app.client, &filter, json!([])).await?,
                [0_i64; 0],
                "a key is nobody"
            );
        }
        app.finish().await
    })
}
