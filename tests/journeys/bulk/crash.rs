//! A server that ends in the middle of an operation: the next one goes on, and does nothing twice.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::{App, Client, KEY, Program, Socket, run};

use super::{begin, items, tell, tickets, until};

#[test]
fn next_server_goes_on_where_the_last_one_stopped_and_does_nothing_twice() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let all = tickets(&app.client, 120, "t").await?;
        let action = json!({"assign": "00000000-0000-4000-8000-000000000001"});
        let id = begin(&app.client, "b", json!({"ids": all, "action": action})).await?;
        let app = app.restart().await?;
        let over = until(&app.client, &id, "FINISHED").await?;
        assert_eq!(
            (&over["done"], &over["refused"], &over["unchanged"]),
            (&json!(120), &json!(0), &json!(0)),
            "{over}"
        );
        for it in &all {
            assert_eq!(app.client.look(it).await?["version"], 2, "opened and assigned once");
        }
        tell(
            &app.client,
            "undoBulkOperation",
            json!({"idempotencyKey": "u", "id": id}),
        )
        .await?;
        let app = app.restart().await?;
        let undone = until(&app.client, &id, "UNDONE").await?;
        ensure!(undone["undone"] == 120 && undone["kept"] == 0, "{undone}");
        ensure!(items(&app.client, &id, Some("PENDING")).await?.is_empty());
        for it in &all {
            let ticket = app.client.look(it).await?;
            assert_eq!((&ticket["version"], &ticket["assignee"]), (&json!(3), &json!(null)));
        }
        app.finish().await
    })
}

/// Waits until so many tickets are changed, and tells how many are.
async fn at_work(client: &Client, id: &str, least: i64) -> Result<i64> {
    let query = "subscription($id: ID!) { bulkOperationChanged(id: $id) { state done } }";
    let mut socket = Socket::subscribe(&client.base, KEY, query, json!({"id": id})).await?;
    loop {
        let message = socket.hear().await?;
        let now = &message["payload"]["data"]["bulkOperationChanged"];
        let done = now["done"].as_i64().context(message.to_string())?;
        ensure!(now["state"] != "FINISHED", "it was over before: {now}");
        if done >= least {
            return Ok(done);
        }
    }
}

#[test]
fn killed_program_goes_on_and_what_a_cancelled_one_changed_is_undone() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let arguments = ["--data", data.path().to_str().context("a path that is no text")?];
        let program = Program::serve(&arguments).await?;
        let all = tickets(&program.client, 700, "t").await?;
        let assign = |agent: u8| json!({"assign": format!("00000000-0000-4000-8000-00000000000{agent}")});
        let id = begin(&program.client, "b", json!({"ids": all, "action": assign(1)})).await?;
        at_work(&program.client, &id, 1).await?;
        program.kill().await?;

        let program = Program::serve(&arguments).await?;
        let over = until(&program.client, &id, "FINISHED").await?;
        assert_eq!((&over["done"], &over["refused"]), (&json!(700), &json!(0)), "{over}");
        for it in &all {
            assert_eq!(program.client.look(it).await?["version"], 2, "opened and assigned once");
        }

        let id = begin(&program.client, "c", json!({"ids": all, "action": assign(2)})).await?;
        at_work(&program.client, &id, 1).await?;
        let key = json!({"idempotencyKey": "c", "id": id});
        let told = tell(&program.client, "cancelBulkOperation", key).await?;
        ensure!(told["userErrors"] == json!([]), "{told}");
        program.kill().await?;

        let program = Program::serve(&arguments).await?;
        let client = &program.client;
        let open = "{ bulkOperations(open: true) { id } all: bulkOperations { id state } }";
        let told = client.data(open, json!({})).await?;
        ensure!(told["bulkOperations"] == json!([]), "{told}");
        assert_eq!(told["all"][0], json!({"id": id, "state": "CANCELLED"}), "{told}");
        tell(client, "undoBulkOperation", json!({"idempotencyKey": "u", "id": id})).await?;
        let undone = until(client, &id, "UNDONE").await?;
        ensure!(undone["undone"] == undone["done"] && undone["kept"] == 0, "{undone}");
        let first = "00000000-0000-4000-8000-000000000001";
        let mine = client.count(&json!({"assignee": {"eq": first}})).await?;
        assert_eq!(mine, 700, "all have their former owner again: {undone}");
        program.kill().await?;
        Ok(())
    })
}
