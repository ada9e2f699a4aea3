//! The same wish again is the same answer; a stale one changes nothing.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tests::{App, Client, run};

const AGENT: &str = "00000000-0000-4000-8000-000000000007";

async fn events(client: &Client, id: &Value) -> Result<i64> {
    let ticket = client.look(id.as_str().context("no id")?).await?;
    ticket["history"]["totalCount"].as_i64().context("no totalCount")
}

#[test]
fn ticket_opened_twice_with_one_key_is_one_ticket() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let first = app.client.open("k", "Один").await?;
        let second = app.client.open("k", "Один").await?;
        assert_eq!(first, second);
        assert_eq!(events(&app.client, &first["ticket"]["id"]).await?, 1);
        assert_eq!(app.client.count(&json!({})).await?, 1);
        let next = app.client.open("another", "Второй").await?;
        assert_eq!(next["ticket"]["number"], 2);
        app.finish().await
    })
}

#[test]
fn eight_at_once_with_one_key_are_one_ticket() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for round in 0..5 {
            let key = format!("round-{round}");
            let payloads = try_join_all((0..8).map(|_| app.client.open(&key, "Разом"))).await?;
            let different: HashSet<String> = payloads.iter().map(Value::to_string).collect();
            ensure!(different.len() == 1, "{different:?}");
            ensure!(payloads[0]["userErrors"] == json!([]), "{}", payloads[0]);
            assert_eq!(events(&app.client, &payloads[0]["ticket"]["id"]).await?, 1);
            assert_eq!(app.client.count(&json!({})).await?, round + 1);
        }
        app.finish().await
    })
}

#[test]
fn eight_changes_at_once_with_one_key_are_one_change() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        for (mutation, more) in [
            ("changeTicketSubject", json!({"subject": "Новая"})),
            ("assignTicket", json!({"agentId": AGENT})),
            ("closeTicket", json!({"reason": "SPAM"})),
        ] {
            let payloads = try_join_all((0..8).map(|_| app.client.must(mutation, "k", &id, &more))).await?;
            let positions: HashSet<String> = payloads.iter().map(|it| it["position"].to_string()).collect();
            ensure!(positions.len() == 1, "{mutation}: {positions:?}");
        }
        assert_eq!(events(&app.client, &json!(id)).await?, 5);
        app.finish().await
    })
}

#[test]
fn key_is_remembered_across_a_restart() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let opened = app.client.open("k", "Один").await?;
        let id = opened["ticket"]["id"].as_str().context("no id")?.to_owned();
        let resolved = app.client.must("resolveTicket", "k", &id, &json!({})).await?;
        let app = app.restart().await?;
        let again = app.client.open("k", "Один").await?;
        assert_eq!(again["position"], opened["position"]);
        assert_eq!(again["ticket"]["number"], opened["ticket"]["number"]);
        assert_eq!(again["ticket"]["status"], "RESOLVED");
        let again = app.client.must("resolveTicket", "k", &id, &json!({})).await?;
        assert_eq!(again, resolved);
        assert_eq!(events(&app.client, &json!(id)).await?, 2);
        app.finish().await
    })
}

#[test]
fn key_of_another_request_is_refused() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let first = app.client.open("k", "Один").await?;
        let id = first["ticket"]["id"].as_str().context("no id")?.to_owned();
        app.client
            .must("changeTicketSubject", "s", &id, &json!({"subject": "Два"}))
            .await?;
        for restarted in [false, true] {
            let open = app.client.speaking("ru").open("k", "Другой").await?;
            let other = json!({"subject": "Три"});
            let change = app
                .client
                .speaking("ru")
                .tell("changeTicketSubject", "s", &id, &other)
                .await?;
            for payload in [open, change] {
                let expected = json!([{"code": "IDEMPOTENCY_KEY_REUSED", "field": ["input", "idempotencyKey"],
                    "message": "этот ключ идемпотентности уже использован для другого запроса: выберите новый"}]);
                ensure!(payload["userErrors"] == expected, "restarted {restarted}: {payload}");
                ensure!(payload["position"].is_null(), "{payload}");
            }
            assert_eq!(events(&app.client, &first["ticket"]["id"]).await?, 2);
            assert_eq!(app.client.count(&json!({})).await?, 1);
        }
        app.finish().await
    })
}

#[test]
fn one_key_for_other_operations_and_targets_names_other_commands() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let first = app.client.ticket("k", &json!({})).await?;
        let second = app.client.ticket("other", &json!({})).await?;
        for id in [&first, &second] {
            app.client
                .must("assignTicket", "k", id, &json!({"agentId": AGENT}))
                .await?;
            app.client.must("resolveTicket", "k", id, &json!({})).await?;
            let closed = app.client.must("closeTicket", "k", id, &json!({})).await?;
            assert_eq!(closed["ticket"]["version"], 4);
        }
        app.finish().await
    })
}

#[test]
fn stale_version_is_a_conflict_and_changes_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        let agent = json!({"agentId": AGENT});
        app.client.must("assignTicket", "a", &id, &agent).await?;
        for (stale, mutation, more) in [
            (1, "changeTicketPriority", json!({"priority": "URGENT"})),
            (3, "changeTicketPriority", json!({"priority": "URGENT"})),
            (1, "unassignTicket", json!({})),
            (1, "closeTicket", json!({"reason": "SPAM"})),
        ] {
            let mut input = more.clone();
            input["expectedVersion"] = json!(stale);
            let payload = app.client.tell(mutation, "stale", &id, &input).await?;
            let error = &payload["userErrors"][0];
            ensure!(error["code"] == "CONFLICT", "{mutation}: {payload}");
            ensure!(error["field"] == json!(["input", "expectedVersion"]), "{payload}");
            ensure!(
                payload["ticket"]["version"] == 2 && payload["ticket"]["priority"] == "MEDIUM",
                "{payload}"
            );
            assert_eq!(events(&app.client, &json!(id)).await?, 2);
        }
        app.finish().await
    })
}

#[test]
fn expected_version_counts_changes_of_ownership_too() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        let mut version = 1;
        for (mutation, more) in [
            ("assignTicket", json!({"agentId": AGENT})),
            ("changeTicketPriority", json!({"priority": "URGENT"})),
            ("unassignTicket", json!({})),
            ("closeTicket", json!({"reason": "SPAM"})),
            ("reopenTicket", json!({})),
        ] {
            let mut input = more.clone();
            input["expectedVersion"] = json!(version);
            let payload = app.client.must(mutation, "k", &id, &input).await?;
            version += if mutation == "closeTicket" { 2 } else { 1 };
            assert_eq!(payload["ticket"]["version"], version);
        }
        app.finish().await
    })
}

#[test]
fn of_eight_with_one_expected_version_one_is_carried_out() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        let wishes = (0..8).map(|index| {
            let (client, id) = (app.client.clone(), id.clone());
            async move {
                let key = format!("k{index}");
                if index % 2 == 0 {
                    let more = json!({"subject": key, "expectedVersion": 1});
                    client.tell("changeTicketSubject", &key, &id, &more).await
                } else {
                    let agent = format!("00000000-0000-4000-8000-00000000000{index}");
                    let more = json!({"agentId": agent, "expectedVersion": 1});
                    client.tell("assignTicket", &key, &id, &more).await
                }
            }
        });
        let payloads = try_join_all(wishes).await?;
        let (done, refused): (Vec<_>, Vec<_>) = payloads.iter().partition(|it| it["userErrors"] == json!([]));
        assert_eq!((done.len(), refused.len()), (1, 7));
        ensure!(
            refused.iter().all(|it| it["userErrors"][0]["code"] == "CONFLICT"),
            "{refused:?}"
        );
        assert_eq!(events(&app.client, &json!(id)).await?, 2);
        app.finish().await
    })
}

#[test]
fn repeated_command_gets_its_first_answer_although_its_version_is_stale_by_now() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        let wish = json!({"priority": "URGENT", "expectedVersion": 1});
        let first = app.client.must("changeTicketPriority", "p", &id, &wish).await?;
        let ownership = json!({"agentId": AGENT, "expectedVersion": 2});
        let owned = app.client.must("assignTicket", "a", &id, &ownership).await?;
        app.client
            .must("closeTicket", "c", &id, &json!({"reason": "SOLVED"}))
            .await?;
        let again = app.client.must("changeTicketPriority", "p", &id, &wish).await?;
        assert_eq!(again["position"], first["position"]);
        assert_eq!(again["ticket"]["version"], 5);
        let app = app.restart().await?;
        let again = app.client.tell("assignTicket", "a", &id, &ownership).await?;
        ensure!(again["userErrors"] == json!([]), "{again}");
        assert_eq!(again["position"], owned["position"]);
        assert_eq!(events(&app.client, &json!(id)).await?, 5);
        app.finish().await
    })
}
