//! Taking a run back.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::{RUN, must_run};
use crate::organisation::made;

async fn undo(client: &Client, key: &str, run: &Value) -> Result<Value> {
    let query = format!("mutation($i: UndoMacroRunInput!) {{ told: undoMacroRun(input: $i) {{ {RUN} }} }}");
    let payload = client
        .data(&query, json!({"i": {"idempotencyKey": key, "runId": run}}))
        .await?["told"]
        .take();
    client.has_seen(&payload["position"]);
    Ok(payload)
}

fn outcomes(payload: &Value) -> Vec<&str> {
    let steps = payload["run"]["steps"].as_array();
    steps
        .into_iter()
        .flatten()
        .filter_map(|it| it["undone"].as_str())
        .collect()
}

#[test]
fn what_is_still_as_the_run_left_it_is_taken_back() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        for key in ["mail", "vpn"] {
            made(client, "Category", key, json!({"key": key, "name": {"en": key}})).await?;
        }
        let tag = made(client, "Tag", "vip", json!({"name": "vip"})).await?;
        let steps = json!([{"reply": {"ru": "Решено"}}, {"priority": "URGENT"}, {"categoryKey": "mail"}, {"tagId": tag},
            {"resolve": "SOLVED"}, {"close": "SOLVED"}]);
        let definition = json!({"key": "all", "name": {"ru": "Всё"}, "steps": steps});
        let script = made(client, "Macro", "m", definition).await?;
        let ticket = client.ticket("t", &json!({"categoryId": "vpn"})).await?;
        let done = must_run(client, "r", &ticket, &script).await?;
        assert_eq!(done["ticket"]["status"], "CLOSED");
        let undone = undo(client, "u", &done["run"]["id"]).await?;
        ensure!(undone["userErrors"] == json!([]), "{undone}");
        assert_eq!(
            outcomes(&undone),
            ["STAYS_SAID", "RESTORED", "RESTORED", "RESTORED", "RESTORED", "RESTORED"]
        );
        let now = &undone["ticket"];
        assert_eq!(
            (&now["status"], &now["priority"], &now["categoryId"]),
            (&json!("OPEN"), &json!("MEDIUM"), &json!("vpn"))
        );
        assert_eq!(now["tagIds"], json!([]));
        let again = undo(client, "u2", &done["run"]["id"]).await?;
        assert_eq!(outcomes(&again), outcomes(&undone));
        // What somebody changed since stays.
        let done = must_run(client, "r2", &ticket, &script).await?;
        client.must("reopenTicket", "o", &ticket, &json!({})).await?;
        client
            .must("changeTicketPriority", "p", &ticket, &json!({"priority": "LOW"}))
            .await?;
        let undone = undo(client, "u3", &done["run"]["id"]).await?;
        assert_eq!(
            outcomes(&undone),
            [
                "STAYS_SAID",
                "CHANGED_SINCE",
                "RESTORED",
                "RESTORED",
                "RESTORED",
                "RESTORED"
            ]
        );
        assert_eq!(undone["ticket"]["priority"], "LOW");
        let nothing = undo(client, "u4", &json!("5d1c2f6e-8a47-5b0e-9f13-6c65746f7069")).await?;
        assert_eq!(nothing["userErrors"][0]["code"], "NOT_FOUND");
        let malformed = undo(client, "u5", &json!("?")).await?;
        assert_eq!(malformed["userErrors"][0]["code"], "BAD_USER_INPUT");
        app.finish().await
    })
}

async fn status(client: &Client, ticket: &str) -> Result<Value> {
    Ok(client.look(ticket).await?["status"].take())
}

/// Makes a macro of these steps, runs it on a ticket, and says which run that was.
async fn ran(client: &Client, key: &str, ticket: &str, steps: Value) -> Result<Value> {
    let definition = json!({"key": key, "name": {"ru": key}, "steps": steps});
    let script = made(client, "Macro", key, definition).await?;
    Ok(must_run(client, key, ticket, &script).await?["run"]["id"].take())
}

#[test]
fn status_that_others_gave_since_stays() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let solved = json!({"reason": "SOLVED"});
        let ticket = client.ticket("1", &json!({})).await?;
        let run = ran(client, "solve", &ticket, json!([{"resolve": "SOLVED"}])).await?;
        client.must("reopenTicket", "o", &ticket, &json!({})).await?;
        client.must("resolveTicket", "r", &ticket, &solved).await?;
        assert_eq!(outcomes(&undo(client, "u1", &run).await?), ["CHANGED_SINCE"]);
        assert_eq!(status(client, &ticket).await?, "RESOLVED");
        let waiting = client.ticket("2", &json!({})).await?;
        let run = ran(client, "hold", &waiting, json!([{"hold": "CUSTOMER"}])).await?;
        client.must("resumeTicket", "s", &waiting, &json!({})).await?;
        let customer = json!({"reason": "CUSTOMER"});
        client.must("putTicketOnHold", "h", &waiting, &customer).await?;
        assert_eq!(outcomes(&undo(client, "u2", &run).await?), ["CHANGED_SINCE"]);
        assert_eq!(status(client, &waiting).await?, "PENDING");
        // Closed by somebody after the run had resolved it.
        let closed = client.ticket("3", &json!({})).await?;
        let run = ran(client, "solve3", &closed, json!([{"resolve": "SOLVED"}])).await?;
        client.must("closeTicket", "c", &closed, &solved).await?;
        assert_eq!(outcomes(&undo(client, "u3", &run).await?), ["CHANGED_SINCE"]);
        assert_eq!(status(client, &closed).await?, "CLOSED");
        app.finish().await
    })
}

#[test]
fn status_that_was_not_open_before_is_not_said_to_be_restored() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let steps = json!([{"hold": "VENDOR"}, {"resolve": "SOLVED"}, {"close": "SOLVED"}]);
        let new = client.ticket("1", &json!({})).await?;
        let run = ran(client, "new", &new, steps.clone()).await?;
        let undone = undo(client, "u1", &run).await?;
        assert_eq!(outcomes(&undone), ["MADE_OPEN", "MADE_OPEN", "MADE_OPEN"]);
        assert_eq!(status(client, &new).await?, "OPEN");
        // The same on one that was open: a step that was taken back is not taken for somebody else's doing.
        let run = ran(client, "open", &new, steps).await?;
        let undone = undo(client, "u2", &run).await?;
        assert_eq!(outcomes(&undone), ["RESTORED", "RESTORED", "RESTORED"]);
        assert_eq!(status(client, &new).await?, "OPEN");
        // A step that changed nothing is not taken back.
        let definition = json!({"key": "again", "name": {"ru": "again"}, "steps": [{"resolve": "SOLVED"}]});
        let script = made(client, "Macro", "again", definition).await?;
        client
            .must("resolveTicket", "r", &new, &json!({"reason": "SOLVED"}))
            .await?;
        let run = must_run(client, "again", &new, &script).await?["run"]["id"].take();
        assert_eq!(outcomes(&undo(client, "u3", &run).await?), ["RESTORED"]);
        assert_eq!(status(client, &new).await?, "RESOLVED");
        app.finish().await
    })
}
