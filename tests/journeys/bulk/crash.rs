//! A server that ends in the middle of an operation: the next one goes on, and does nothing twice.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::{App, run};

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
