//! The same by GraphQL: asked for, carried out by whichever server has time, cancelled, refused.

use anyhow::{Context, Result, ensure};
use api::config::Config;
use serde_json::{Value, json};
use tests::{App, Client, KEY, Socket, poll, run};

use super::{an_hour_ago, counts, schemas, tickets};
use crate::people::{agent, set_up};

const SEEN: &str = "id state progress from until askedBy endedAt failure { code message }
    priority { mediumFrom highFrom urgentFrom } rules { name { en } points } categories { key retired }
    classifier { off version threshold }
    report { tickets brought unreadable byPeople priorityChanged categoryChanged changed
        metrics { measure of unit was wouldBe difference }
        differing { ticketId number ticket { subject } wasPriority wouldBePriority wasCategoryId wouldBeCategoryId } }";

async fn start(client: &Client, key: &str, more: Value) -> Result<Value> {
    let mut input = json!({"idempotencyKey": key, "from": an_hour_ago()});
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    let query = format!(
        "mutation($i: StartWhatIfInput!) {{ startWhatIf(input: $i) {{ whatIf {{ {SEEN} }} position stale
            userErrors {{ code message field }} }} }}"
    );
    Ok(client.data(&query, json!({"i": input})).await?["startWhatIf"].take())
}

async fn cancel(client: &Client, key: &str, id: &Value) -> Result<Value> {
    let query = "mutation($i: CancelWhatIfInput!) { cancelWhatIf(input: $i) { whatIf { state }
        userErrors { code field } } }";
    let input = json!({"idempotencyKey": key, "id": id});
    Ok(client.data(query, json!({"i": input})).await?["cancelWhatIf"].take())
}

async fn stands(client: &Client, id: &Value) -> Result<Value> {
    let query = format!("query($id: ID!) {{ whatIf(id: $id) {{ {SEEN} }} }}");
    Ok(client.data(&query, json!({"id": id})).await?["whatIf"].take())
}

/// Waits for its end.
async fn ended(client: &Client, id: &Value) -> Result<Value> {
    let is_over = async || stands(client, id).await.is_ok_and(|it| it["state"] != "RUNNING");
    poll("the replay does not end", is_over).await?;
    stands(client, id).await
}

fn stricter() -> Value {
    json!({"priority": {"mediumFrom": 0, "highFrom": 30, "urgentFrom": 60}})
}

#[test]
fn run_is_carried_out_and_told() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ids = tickets(client).await?;
        let begun = start(client, "w", stricter()).await?;
        ensure!(begun["userErrors"] == json!([]) && begun["stale"] == false, "{begun}");
        let id = &begun["whatIf"]["id"];
        let over = ended(client, id).await?;
        ensure!(
            over["state"] == "DONE" && over["progress"] == 1.0 && over["endedAt"].is_string(),
            "{over}"
        );
        let report = &over["report"];
        ensure!(
            report["tickets"] == 5 && report["changed"] == 2 && report["byPeople"] == 1,
            "{report}"
        );
        let all = [None, Some("urgent"), Some("high"), Some("medium"), Some("low")];
        let by_priority = counts(report, "TICKETS_BY_PRIORITY", &all)?;
        assert_eq!(by_priority, [(5, 5), (1, 0), (1, 1), (2, 3), (1, 1)], "{report}");
        let first = &report["differing"][0];
        ensure!(
            first["ticketId"] == ids[0].as_str()
                && first["wasPriority"] == "HIGH"
                && first["wouldBePriority"] == "MEDIUM",
            "{first}"
        );
        ensure!(first["ticket"]["subject"] == "Верните деньги", "{first}");
        // The same wish again is the same run; its end is another moment by now.
        let again = start(
            client,
            "w",
            json!({"from": over["from"], "priority": stricter()["priority"]}),
        )
        .await?;
        ensure!(
            again["whatIf"]["id"] == *id || again["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED",
            "{again}"
        );
        let late = cancel(client, "c", id).await?;
        ensure!(late["userErrors"][0]["code"] == "WHAT_IF_OVER", "{late}");
        let list = client.data("{ whatIfs(first: 5) { id state } }", json!({})).await?;
        ensure!(list["whatIfs"] == json!([{"id": id, "state": "DONE"}]), "{list}");
        ensure!(schemas(&app).await?.is_empty());
        app.finish().await
    })
}

#[test]
fn run_waits_for_a_server_is_cancelled_and_goes_on_after_a_restart() -> Result<()> {
    run(async {
        let app = App::start().await?;
        tickets(&app.client).await?;
        let roles = "api,projections".parse()?;
        let app = app.restart_with(|config| Config { roles, ..config }).await?;
        let (one, other) = (
            start(&app.client, "one", stricter()).await?["whatIf"]["id"].take(),
            start(&app.client, "other", stricter()).await?["whatIf"]["id"].take(),
        );
        let query = "subscription($id: ID!) { whatIfChanged(id: $id) { state } }";
        let mut socket = Socket::subscribe(&app.client.base, KEY, query, json!({"id": one})).await?;
        let heard = socket.hear().await?;
        ensure!(
            heard["payload"]["data"]["whatIfChanged"]["state"] == "RUNNING",
            "{heard}"
        );
        let stopped = cancel(&app.client, "c", &one).await?;
        ensure!(
            stopped["whatIf"]["state"] == "CANCELLED" && stopped["userErrors"] == json!([]),
            "{stopped}"
        );
        let heard = socket.hear().await?;
        ensure!(
            heard["payload"]["data"]["whatIfChanged"]["state"] == "CANCELLED",
            "{heard}"
        );
        let open = app.client.data("{ whatIfs(running: true) { id } }", json!({})).await?;
        ensure!(open["whatIfs"] == json!([{"id": other}]), "{open}");
        drop(socket);
        let roles = "api,projections,processes".parse()?;
        let app = app.restart_with(|config| Config { roles, ..config }).await?;
        let over = ended(&app.client, &other).await?;
        ensure!(over["state"] == "DONE" && over["report"]["changed"] == 2, "{over}");
        ensure!(stands(&app.client, &one).await?["state"] == "CANCELLED");
        app.finish().await
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told once")]
fn what_cannot_be_tried_is_refused_by_field() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let rule = |more: Value| {
            let mut rule = json!({"name": {"en": "a"}, "words": ["b"]});
            if let (Some(rule), Some(more)) = (rule.as_object_mut(), more.as_object()) {
                rule.extend(more.clone());
            }
            json!([rule])
        };
        let levels = stricter()["priority"].clone();
        for (key, input, code, field) in [
            ("nothing", json!({}), "NOTHING_CHANGED", json!(["input"])),
            (
                "empty",
                json!({"until": "2001-01-01T00:00:00Z", "priority": levels}),
                "BAD_USER_INPUT",
                json!(["input", "until"]),
            ),
            (
                "later",
                json!({"until": "2999-01-01T00:00:00Z", "priority": levels}),
                "BAD_USER_INPUT",
                json!(["input", "until"]),
            ),
            (
                "falling",
                json!({"priority": {"mediumFrom": 5, "highFrom": 1, "urgentFrom": 9}}),
                "BAD_USER_INPUT",
                json!(["input", "priority", "highFrom"]),
            ),
            (
                "top",
                json!({"priority": levels, "top": 101}),
                "BAD_USER_INPUT",
                json!(["input", "top"]),
            ),
            (
                "points",
                json!({"priority": levels, "rules": rule(json!({"points": 300}))}),
                "BAD_USER_INPUT",
                json!(["input", "rules", "0", "points"]),
            ),
            (
                "category",
                json!({"priority": levels, "rules": rule(json!({"categoryKey": "nowhere"}))}),
                "REFERENCE_UNKNOWN",
                json!(["rules", "0"]),
            ),
            (
                "levels",
                json!({"rules": rule(json!({"points": 3}))}),
                "THRESHOLDS_NEEDED",
                json!(["input", "priority"]),
            ),
            (
                "version",
                json!({"classifier": {"version": 7, "threshold": 0.5}}),
                "NOT_FOUND",
                Value::Null,
            ),
            (
                "both",
                json!({"classifier": {"off": true, "version": 7}}),
                "BAD_USER_INPUT",
                json!(["input", "classifier"]),
            ),
        ] {
            let told = start(client, key, input).await?;
            let error = &told["userErrors"][0];
            ensure!(error["code"] == code, "{key}: {told}");
            ensure!(field.is_null() || error["field"] == field, "{key}: {told}");
            ensure!(told["whatIf"].is_null(), "{key}: {told}");
        }
        // Nothing was opened yet: that shows when the log is read.
        let begun = start(client, "none", stricter()).await?;
        let over = ended(client, &begun["whatIf"]["id"]).await?;
        ensure!(
            over["state"] == "FAILED" && over["failure"]["code"] == "NO_TICKETS",
            "{over}"
        );
        app.finish().await
    })
}

#[test]
fn only_who_may_change_the_rules_may_try_some() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = app.client.with_key(&set_up(&app).await?.access);
        let begun = start(&boss, "w", stricter()).await?;
        let id = begun["whatIf"]["id"].as_str().context("no id")?;
        let pass = agent(&app, &boss, "anna@example.com").await?;
        let grant = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
        let input =
            json!({"idempotencyKey": "g", "userId": pass.user, "role": "supervisor", "scope": {"kind": "EVERYWHERE"}});
        boss.data(grant, json!({"i": input})).await?;
        let anna = app.client.with_key(&pass.access);
        let asked = json!({"idempotencyKey": "x", "from": an_hour_ago(), "priority": stricter()["priority"]});
        for (query, variables) in [
            (
                "mutation($i: StartWhatIfInput!) { startWhatIf(input: $i) { stale } }",
                json!({"i": asked}),
            ),
            (
                "mutation($i: CancelWhatIfInput!) { cancelWhatIf(input: $i) { stale } }",
                json!({"i": {"idempotencyKey": "y", "id": id}}),
            ),
            ("query($id: ID!) { whatIf(id: $id) { state } }", json!({"id": id})),
            ("{ whatIfs { state } }", json!({})),
        ] {
            let (code, _) = anna.error(query, variables).await?;
            assert_eq!(code, "FORBIDDEN", "{query}");
        }
        app.finish().await
    })
}
