//! Too much is refused, says when to come back, and is then let in again.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use api::config::Config;
use chrono::{DateTime, TimeDelta, Utc};
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, KEY, Socket, run};

use super::{COUNT, code, header, send};

fn clock() -> Result<Clock> {
    Ok(Clock::manual("2026-03-01T09:00:00Z".parse::<DateTime<Utc>>()?))
}

fn cost(body: &Value) -> (i64, i64, i64) {
    let cost = &body["extensions"]["cost"];
    let number = |value: &Value| value.as_i64().unwrap_or(-1);
    (
        number(&cost["requestedQueryCost"]),
        number(&cost["actualQueryCost"]),
        number(&cost["throttleStatus"]["currentlyAvailable"]),
    )
}

#[test]
fn cost_is_reported_and_what_was_not_used_is_given_back() -> Result<()> {
    run(async {
        let clock = clock()?;
        let app = App::start_with_at(clock.clone(), |it| Config {
            cost_budget: 20_000,
            cost_restored_per_s: 100,
            ..it
        })
        .await?;
        let page = "{ tickets(first: 100) { nodes { id subject } } }";
        let body: Value = send(&app.client, page, &[]).await?.json().await?;
        // The connection, and a hundred times the list and two fields; of which the connection and the list came.
        ensure!(cost(&body) == (301, 2, 19_998), "{body}");
        let status = &body["extensions"]["cost"]["throttleStatus"];
        ensure!(
            status["maximumAvailable"] == 20_000 && status["restoreRate"] == 100,
            "{body}"
        );
        clock.advance(TimeDelta::milliseconds(20));
        let body: Value = send(&app.client, COUNT, &[]).await?.json().await?;
        ensure!(cost(&body) == (11, 2, 19_998), "{body}");
        app.finish().await
    })
}

#[test]
fn actor_that_has_used_its_budget_waits_as_long_as_it_is_told() -> Result<()> {
    run(async {
        let clock = clock()?;
        let app = App::start_with_at(clock.clone(), |it| Config {
            cost_budget: 20_000,
            cost_restored_per_s: 100,
            ..it
        })
        .await?;
        for number in 0..20 {
            app.client.open(&format!("t{number}"), "Заявка").await?;
        }
        // Dear, and all of it comes: twenty tickets with many fields each.
        let fields: Vec<String> = (0..249).map(|it| format!("f{it}: subject")).collect();
        let dear = format!("{{ tickets(first: 20) {{ nodes {{ {} }} }} }}", fields.join(" "));
        let mut refused = None;
        for _ in 0..8 {
            let response = send(&app.client, &dear, &[]).await?;
            assert_eq!(response.status(), 200);
            let wait = response.headers().get("retry-after").cloned();
            let body: Value = response.json().await?;
            if code(&body) == "THROTTLED" {
                refused = Some((wait.context("no Retry-After")?, body));
                break;
            }
            ensure!(body["errors"].is_null(), "{body}");
        }
        let (wait, body) = refused.context("never refused")?;
        let wait: i64 = wait.to_str()?.parse()?;
        let (requested, actual, available) = cost(&body);
        ensure!(
            requested > available && actual == -1 && body["data"].is_null(),
            "{body}"
        );
        ensure!(wait == (requested - available + 99) / 100, "{wait}: {body}");
        ensure!(body["errors"][0]["extensions"]["retryAfter"] == wait, "{body}");
        let mut socket = Socket::introduced(&app.client.base).await?;
        socket.ask("1", &dear, json!({})).await?;
        let told = socket.hear().await?;
        ensure!(
            told["type"] == "error" && told["payload"][0]["extensions"]["code"] == "THROTTLED",
            "{told}"
        );
        clock.advance(TimeDelta::seconds(wait - 1));
        ensure!(code(&send(&app.client, &dear, &[]).await?.json().await?) == "THROTTLED");
        clock.advance(TimeDelta::seconds(1));
        let body: Value = send(&app.client, &dear, &[]).await?.json().await?;
        ensure!(body["errors"].is_null(), "{body}");
        app.finish().await
    })
}

#[test]
fn document_made_to_be_large_is_refused_at_once() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let aliases: Vec<String> = (0..1000)
            .map(|it| format!("a{it}: ticketByNumber(number: 1) {{ id }} "))
            .collect();
        let aliases = aliases.concat();
        // Each fragment spreads the next twice: written out, more than a billion fields.
        let bomb = |last: &str| {
            let layer = |it: usize| format!("fragment f{it} on Query {{ ...f{} ...f{} }} ", it + 1, it + 1);
            let layers: String = (0..30).map(layer).collect();
            format!("{{ ...f0 }} {layers} {last}")
        };
        let chain: Vec<String> = (0..5000)
            .map(|it| format!("fragment f{it} on Query {{ ...f{} }} ", it + 1))
            .collect();
        let chain = chain.concat();
        for query in [
            format!("{{ {aliases} }}"),
            bomb("fragment f30 on Query { __typename }"),
            bomb(""),
            bomb("fragment f30 on Query { ...f0 }"),
            format!("{{ ...f0 }} {chain} fragment f5000 on Query {{ __typename }}"),
            format!("{{ {} }}", "__typename ".repeat(30_000)),
            "fragment a on Query { ...b } fragment b on Query { ...a } { ...a }".to_owned(),
        ] {
            let began = std::time::Instant::now();
            let body: Value = send(&app.client, &query, &[]).await?.json().await?;
            let start: String = query.chars().take(60).collect();
            ensure!(code(&body) == "BAD_USER_INPUT", "{start}: {body}");
            ensure!(began.elapsed().as_secs() < 3, "{start} took {:?}", began.elapsed());
        }
        let body: Value = send(&app.client, &format!("{{ {aliases} }}"), &[])
            .await?
            .json()
            .await?;
        let said = body["errors"][0]["message"].as_str().unwrap_or_default();
        ensure!(
            said.contains("aliases") && said.contains("1000") && said.contains("at most 250"),
            "{said}"
        );
        app.finish().await
    })
}

#[test]
fn address_that_asks_too_often_waits_while_another_does_not() -> Result<()> {
    run(async {
        let clock = clock()?;
        let trusted = Config::from_toml("trusted_proxies = ['127.0.0.1']")?.trusted_proxies;
        let app = App::start_with_at(clock.clone(), |it| Config {
            address_requests: 5,
            address_requests_per_s: 1,
            trusted_proxies: trusted,
            ..it
        })
        .await?;
        let from = async |address: &str| send(&app.client, COUNT, &[("x-forwarded-for", address)]).await;
        for _ in 0..5 {
            assert_eq!(from("192.0.2.1").await?.status(), 200);
        }
        let refused = from("6.6.6.6, 192.0.2.1").await?;
        assert_eq!(refused.status(), 429);
        assert_eq!(header(&refused, "retry-after")?, "1");
        let body: Value = refused.json().await?;
        ensure!(
            code(&body) == "THROTTLED" && body["errors"][0]["extensions"]["requestId"].is_string(),
            "{body}"
        );
        assert_eq!(from("192.0.2.2").await?.status(), 200);
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(from("192.0.2.1").await?.status(), 200);
        assert_eq!(from("192.0.2.1").await?.status(), 429);
        // A supervisor is never kept waiting.
        for _ in 0..10 {
            assert_eq!(app.client.get("/health/live").await?.0, 200);
        }
        app.finish().await
    })
}

#[test]
fn header_of_an_untrusted_client_names_nobody() -> Result<()> {
    run(async {
        let app = App::start_with_at(clock()?, |it| Config {
            address_requests: 2,
            address_requests_per_s: 1,
            ..it
        })
        .await?;
        for (number, status) in [200, 200, 429, 429].into_iter().enumerate() {
            let address = format!("192.0.2.{number}");
            let response = send(&app.client, COUNT, &[("x-forwarded-for", &address)]).await?;
            assert_eq!(response.status(), status);
        }
        app.finish().await
    })
}

async fn status(client: &Client) -> Result<u16> {
    Ok(send(client, COUNT, &[]).await?.status().as_u16())
}

#[test]
fn whoever_guesses_keys_waits_longer_and_longer() -> Result<()> {
    run(async {
        let clock = clock()?;
        let app = App::start_with_at(clock.clone(), |it| it).await?;
        let guess = app.client.with_key("guess-0123456789");
        for _ in 0..11 {
            assert_eq!(status(&guess).await?, 401);
        }
        for wait in [1, 2, 4] {
            let refused = send(&guess, COUNT, &[]).await?;
            assert_eq!(refused.status(), 429);
            assert_eq!(header(&refused, "retry-after")?, wait.to_string());
            ensure!(code(&refused.json().await?) == "THROTTLED");
            clock.advance(TimeDelta::seconds(wait));
            assert_eq!(status(&guess).await?, 401);
        }
        // Not even the right key is looked at now, or guessing it would cost nothing.
        assert_eq!(status(&app.client).await?, 429);
        let mut socket = Socket::open(&app.client.base).await?;
        socket
            .say(json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {KEY}")}}))
            .await?;
        let told = socket.hear().await?;
        ensure!(
            told["close"] == 4429 && told["reason"].to_string().contains("wait 8 s"),
            "{told}"
        );
        clock.advance(TimeDelta::seconds(8));
        assert_eq!(status(&app.client).await?, 200);
        // One that has opened is known, whoever else guesses from the same address.
        assert_eq!(status(&guess).await?, 401);
        assert_eq!(status(&guess).await?, 429);
        assert_eq!(status(&app.client).await?, 200);
        app.finish().await
    })
}

#[test]
fn mutation_used_too_often_waits_while_others_do_not() -> Result<()> {
    run(async {
        let clock = clock()?;
        let app = App::start_with_at(clock.clone(), |it| Config {
            operation_limits: BTreeMap::from([("openTicket".to_owned(), 2)]),
            ..it
        })
        .await?;
        let first = app.client.ticket("1", &json!({})).await?;
        app.client.ticket("2", &json!({})).await?;
        let open = "mutation { openTicket(input: {idempotencyKey: \"3\", subject: \"3\"}) { position } }";
        let refused = send(&app.client, open, &[]).await?;
        assert_eq!(refused.status(), 200);
        assert_eq!(header(&refused, "retry-after")?, "30");
        ensure!(code(&refused.json().await?) == "THROTTLED");
        app.client
            .must("closeTicket", "c", &first, &json!({"reason": "SPAM"}))
            .await?;
        clock.advance(TimeDelta::seconds(30));
        app.client.ticket("3", &json!({})).await?;
        assert_eq!(app.client.count(&json!({})).await?, 3);
        app.finish().await
    })
}

#[test]
fn password_that_was_never_tried_is_no_guess() -> Result<()> {
    run(async {
        let app = App::start_with(|it| Config {
            operation_limits: [("signIn".to_owned(), 1)].into(),
            ..it
        })
        .await?;
        let stranger = app.client.anonymous();
        let query = "mutation { signIn(input: {email: \"nobody@example.com\", password: \"не тот пароль\"}) \
            { userErrors { code } } }";
        let first: Value = send(&stranger, query, &[]).await?.json().await?;
        ensure!(first["errors"].is_null(), "{first}");
        for _ in 0..30 {
            let refused: Value = send(&stranger, query, &[]).await?.json().await?;
            let message = refused["errors"][0]["message"].as_str().context("not refused")?;
            ensure!(message.contains("signIn"), "{message}");
        }
        app.finish().await
    })
}
