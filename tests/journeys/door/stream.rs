//! Operations over server-sent events.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use api::config::Config;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{App, Client, Events, poll, run};

use super::{COUNT, code};

const CHANGES: &str = "subscription($after: Position) { ticketChanged(after: $after) {
    position type ticket { version } } }";

async fn ask(client: &Client, query: &str, variables: Value) -> Result<Events> {
    let request = client.request(Method::POST, "/graphql/stream");
    let body = json!({"query": query, "variables": variables});
    let response = request.header("accept", "text/event-stream").json(&body).send().await?;
    Events::of(response)
}

async fn next(events: &mut Events) -> Result<Value> {
    Ok(events.next().await?["data"]["ticketChanged"].take())
}

async fn change(client: &Client, id: &str, number: usize) -> Result<()> {
    let subject = json!({"subject": format!("Тема {number}")});
    client
        .must("changeTicketSubject", &format!("s{number}"), id, &subject)
        .await?;
    Ok(())
}

#[test]
fn subscriber_cut_off_goes_on_after_its_last_position() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        let mut after = "0".to_owned();
        let mut versions = Vec::new();
        for round in 0..5 {
            for number in 0..4 {
                change(&app.client, &id, round * 4 + number).await?;
            }
            // One is left for the next round, which must not miss it.
            let mut events = ask(&app.client, CHANGES, json!({"after": after})).await?;
            for _ in 0..4 {
                let told = next(&mut events).await?;
                versions.push(told["ticket"]["version"].as_i64().context("no version")?);
                after = told["position"].as_str().context("no position")?.to_owned();
            }
        }
        assert_eq!(versions, (1..=20).collect::<Vec<_>>());
        let mut events = ask(&app.client, CHANGES, json!({"after": after})).await?;
        assert_eq!(next(&mut events).await?["ticket"]["version"], 21);
        change(&app.client, &id, 99).await?;
        assert_eq!(next(&mut events).await?["ticket"]["version"], 22);
        app.finish().await
    })
}

#[test]
fn query_is_answered_and_completed() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let mut events = ask(&app.client, COUNT, json!({})).await?;
        let answer = events.next().await?;
        ensure!(answer["data"]["tickets"]["totalCount"] == 0, "{answer}");
        ensure!(answer["extensions"]["cost"]["requestedQueryCost"].is_u64(), "{answer}");
        events.completed().await?;
        let open = "mutation { openTicket(input: {idempotencyKey: \"k\", subject: \"С\"}) { position } }";
        let mut events = ask(&app.client, open, json!({})).await?;
        ensure!(events.next().await?["data"]["openTicket"]["position"].is_string());
        events.completed().await?;
        let parameters = [("query", COUNT)];
        let request = app.client.request(Method::GET, "/graphql/stream").query(&parameters);
        let mut events = Events::of(request.send().await?)?;
        ensure!(events.next().await?["data"]["tickets"]["totalCount"] == 1);
        events.completed().await?;
        let request = app
            .client
            .request(Method::GET, "/graphql/stream")
            .query(&[("query", open)]);
        let mut events = Events::of(request.send().await?)?;
        ensure!(code(&events.next().await?) == "METHOD_NOT_ALLOWED");
        app.finish().await
    })
}

#[test]
fn what_is_refused_is_told_and_completed() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for query in [
            "{ nothing }",
            "{",
            "subscription { a: ticketChanged { position } b: ticketChanged { position } }",
        ] {
            let mut events = ask(&app.client, query, json!({})).await?;
            let told = events.next().await?;
            ensure!(code(&told) == "BAD_USER_INPUT", "{told}");
            ensure!(told["errors"][0]["extensions"]["requestId"].is_string(), "{told}");
            events.completed().await?;
        }
        let stranger = app.client.with_key("wrong");
        let request = stranger
            .request(Method::POST, "/graphql/stream")
            .json(&json!({"query": COUNT}));
        let response = request.send().await?;
        assert_eq!(response.status(), 401);
        ensure!(code(&response.json().await?) == "UNAUTHENTICATED");
        app.finish().await
    })
}

#[test]
fn silence_is_broken_by_signs_of_life_until_the_server_stops() -> Result<()> {
    run(async {
        let app = App::start_with(|it| Config {
            patience: Duration::from_millis(600),
            ..it
        })
        .await?;
        let mut events = ask(&app.client, CHANGES, json!({})).await?;
        for _ in 0..3 {
            let block = events.block().await?.context("the stream has ended")?;
            ensure!(block.starts_with(':'), "{block}");
        }
        let stopping = tokio::spawn(app.finish());
        // No `complete`: the client is to come again.
        while let Some(block) = events.block().await? {
            ensure!(block.starts_with(':'), "{block}");
        }
        stopping.await?
    })
}

#[test]
fn client_that_reads_nothing_is_given_up() -> Result<()> {
    run(async {
        let app = App::start_with(|it| Config {
            patience: Duration::from_millis(500),
            ..it
        })
        .await?;
        let id = app.client.ticket("t", &json!({})).await?;
        // Much more than the kernel keeps for a client that takes nothing.
        for number in 0..80 {
            let subject = json!({"subject": format!("{number:03}{}", "щ".repeat(290))});
            app.client
                .must("changeTicketSubject", &format!("s{number}"), &id, &subject)
                .await?;
        }
        app.client.look(&id).await?;
        let copies: Vec<String> = (0..240).map(|it| format!("s{it}: ticket {{ subject }} ")).collect();
        let copies = copies.concat();
        let query = format!("subscription {{ ticketChanged(after: \"0\") {{ position {copies} }} }}");
        let before = given_up(&app.client).await?;
        let silent = ask(&app.client, &query, json!({})).await?;
        poll("the silent client is kept", async || {
            given_up(&app.client).await.is_ok_and(|it| it > before)
        })
        .await?;
        drop(silent);
        app.finish().await
    })
}

async fn given_up(client: &Client) -> Result<u64> {
    let (_, text) = client.get("/metrics").await?;
    let count = text
        .lines()
        .find_map(|it| it.strip_prefix("letopis_slow_sockets_total "));
    Ok(count.map_or(Ok(0), str::parse)?)
}
