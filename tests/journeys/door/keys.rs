//! The idempotency key as a header.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::send;

async fn open(client: &Client, field: Option<&str>, header: Option<&str>) -> Result<Value> {
    let field = field.map(|it| format!("idempotencyKey: {it:?}, ")).unwrap_or_default();
    let query = format!(
        "mutation {{ openTicket(input: {{{field}subject: \"Заявка\"}}) {{
            ticket {{ number }} position userErrors {{ code field message }} }} }}"
    );
    let headers: Vec<(&str, &str)> = header.map(|it| ("idempotency-key", it)).into_iter().collect();
    let mut body: Value = send(client, &query, &headers).await?.json().await?;
    ensure!(body["errors"].is_null(), "{body}");
    Ok(body["data"]["openTicket"].take())
}

#[test]
fn key_in_the_header_is_the_key_in_the_field() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let first = open(&app.client, None, Some("k")).await?;
        ensure!(first["ticket"]["number"] == 1, "{first}");
        for (field, header) in [(None, Some("k")), (Some("k"), None), (Some("k"), Some("k"))] {
            ensure!(open(&app.client, field, header).await? == first, "{field:?} {header:?}");
        }
        for (field, header) in [
            (Some("k"), Some("other")),
            (None, None),
            (None, Some(" ")),
            (None, Some("")),
        ] {
            let refused = open(&app.client, field, header).await?;
            let error = &refused["userErrors"][0];
            ensure!(error["code"] == "BAD_USER_INPUT", "{field:?} {header:?}: {refused}");
            ensure!(error["field"] == json!(["input", "idempotencyKey"]), "{refused}");
        }
        ensure!(app.client.count(&json!({})).await? == 1);
        let app = app.restart().await?;
        ensure!(open(&app.client, None, Some("k")).await? == first);
        app.finish().await
    })
}

#[test]
fn header_names_each_mutation_of_a_request() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        let query = format!(
            "mutation {{ a: resolveTicket(input: {{ticketId: {id:?}}}) {{ position userErrors {{ code }} }}
                b: closeTicket(input: {{ticketId: {id:?}}}) {{ position userErrors {{ code }} }} }}"
        );
        let mut answers = Vec::new();
        for _ in 0..2 {
            let mut body: Value = send(&app.client, &query, &[("idempotency-key", "both")])
                .await?
                .json()
                .await?;
            ensure!(
                body["data"]["a"]["userErrors"] == json!([]) && body["data"]["b"]["userErrors"] == json!([]),
                "{body}"
            );
            answers.push(body["data"].take());
        }
        ensure!(answers[0] == answers[1], "{answers:?}");
        let history = app.client.look(&id).await?["history"]["totalCount"].take();
        ensure!(history == 3, "{history}");
        app.finish().await
    })
}
