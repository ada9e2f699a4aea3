//! A macro of which one step is not possible does nothing at all.

use anyhow::Result;
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::{install, must_run, run_macro, script};
use crate::{
    conversation::{contact, read, texts},
    organisation::{made, tell},
};

async fn version(client: &Client, ticket: &str) -> Result<Value> {
    Ok(client.look(ticket).await?["version"].take())
}

async fn refused(client: &Client, ticket: &str, script: &str, values: Value) -> Result<(Value, Value)> {
    let before = (
        version(client, ticket).await?,
        texts(&read(client, ticket).await?).len(),
    );
    let payload = run_macro(client, &format!("{script} {values}"), ticket, script, values).await?;
    assert_eq!(payload["run"], Value::Null, "{payload}");
    assert_eq!(
        (
            version(client, ticket).await?,
            texts(&read(client, ticket).await?).len()
        ),
        before,
        "{payload}"
    );
    let mut error = payload["userErrors"][0].clone();
    Ok((error["code"].take(), error["field"].take()))
}

#[test]
fn macro_with_an_impossible_step_does_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        // Tickets do not wait for what this one changes.
        let admin = &Client::new(client.base.clone(), tests::KEY)?;
        let tag = made(admin, "Tag", "vip", json!({"name": "vip"})).await?;
        let say = json!({"reply": {"ru": "Здравствуйте, {{contact.name}}!"}});
        let steps = json!([say, {"priority": "HIGH"}, {"tagId": tag}]);
        let definition = |key: &str, steps: &Value| json!({"key": key, "name": {"ru": "Макрос"}, "steps": steps});
        let tagging = made(admin, "Macro", "m", definition("tagging", &steps)).await?;
        let mail = json!({"key": "mail", "name": {"en": "Mail"}});
        let mail = made(admin, "Category", "mail", mail).await?;
        let free = json!([{"note": {"en": "x"}}, {"categoryKey": "mail"}]);
        let categorizing = made(admin, "Macro", "c", definition("categorizing", &free)).await?;
        let taking = made(admin, "Macro", "t", definition("taking", &json!([{"take": true}]))).await?;
        let maria = contact(client, "Мария").await?;
        let ticket = client.ticket("t", &json!({"contactId": maria})).await?;
        let unknown = client.ticket("u", &json!({})).await?;
        let missing = refused(client, &unknown, &tagging, json!([])).await?;
        assert_eq!(missing, (json!("VARIABLE_MISSING"), json!(["input", "values"])));
        tell(admin, "retire", "Category", json!({"idempotencyKey": "x", "id": mail})).await?;
        let category = refused(client, &ticket, &categorizing, json!([])).await?;
        assert_eq!(category, (json!("REFERENCE_UNKNOWN"), json!(["steps", "1"])));
        let nobody = refused(client, &ticket, &taking, json!([])).await?;
        assert_eq!(nobody.0, json!("NOBODY_TO_TAKE"), "a program takes nothing");
        let values = json!([{"name": "contact.nmae", "value": "x"}]);
        assert_eq!(
            refused(client, &ticket, &tagging, values).await?.0,
            json!("BAD_USER_INPUT")
        );
        tell(admin, "retire", "Tag", json!({"idempotencyKey": "r", "id": tag})).await?;
        let retired = refused(client, &ticket, &tagging, json!([])).await?;
        assert_eq!(retired, (json!("REFERENCE_UNKNOWN"), json!(["steps", "2"])));
        tell(admin, "restore", "Tag", json!({"idempotencyKey": "s", "id": tag})).await?;
        client
            .must("closeTicket", "close", &ticket, &json!({"reason": "SOLVED"}))
            .await?;
        let values = json!([{"name": "contact.name", "value": "Маша"}]);
        let closed = refused(client, &ticket, &tagging, values).await?;
        assert_eq!(closed, (json!("TICKET_CLOSED"), json!(["steps", "0"])));
        tell(admin, "retire", "Macro", json!({"idempotencyKey": "q", "id": tagging})).await?;
        assert_eq!(
            refused(client, &unknown, &tagging, json!([])).await?.0,
            json!("SCRIPT_UNKNOWN")
        );
        let template = definition("wrong", &json!([{"reply": {"ru": "{{contact.nmae}}"}}]));
        let wrong = tell(
            client,
            "create",
            "Macro",
            json!({"idempotencyKey": "w", "definition": template}),
        )
        .await?;
        assert_eq!(wrong["userErrors"][0]["code"], "BAD_USER_INPUT");
        let nowhere = definition("nowhere", &json!([{"note": {"en": "x"}}, {"categoryKey": "nowhere"}]));
        let nowhere = json!({"idempotencyKey": "n", "definition": nowhere});
        let error = tell(client, "create", "Macro", nowhere).await?["userErrors"][0].take();
        assert_eq!(
            (&error["code"], &error["field"]),
            (
                &json!("REFERENCE_UNKNOWN"),
                &json!(["input", "definition", "steps", "1"])
            )
        );
        app.finish().await
    })
}

#[test]
fn key_of_another_run_is_refused_and_rights_of_each_step_count() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = app.client.with_key(&crate::people::set_up(&app).await?.access);
        let installed = install(&boss, "a", json!(["RU"])).await?;
        let (asking, closing) = (
            script(&installed, "ask_more_info")?,
            script(&installed, "close_with_solution")?,
        );
        let ticket = boss.ticket("t", &json!({})).await?;
        let asked = must_run(&boss, "k", &ticket, &asking).await?;
        assert_eq!(asked["ticket"]["status"], "PENDING");
        let other = run_macro(&boss, "k", &ticket, &closing, json!([])).await?;
        assert_eq!(other["userErrors"][0]["code"], "IDEMPOTENCY_KEY_REUSED");
        let nobody = crate::people::agent(&app, &boss, "nobody@example.com").await?;
        let query = "mutation($i: RunMacroInput!) { runMacro(input: $i) { run { id } } }";
        let input = json!({"i": {"idempotencyKey": "n", "ticketId": ticket, "macroId": closing}});
        let (code, _) = app.client.with_key(&nobody.access).error(query, input).await?;
        assert_eq!(code, "FORBIDDEN");
        assert_eq!(boss.look(&ticket).await?["status"], "PENDING");
        app.finish().await
    })
}
