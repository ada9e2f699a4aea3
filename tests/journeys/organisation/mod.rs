//! How the organisation is set up: created, revised, looked back on, retired, and used where tickets are shown.

mod geo;
mod life;
mod lists;
mod refusals;
mod tickets;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::Client;

/// A mutation of a kind, such as `create` of `Branch`: its payload, in which the thing is called `thing`.
pub(crate) async fn tell(client: &Client, verb: &str, kind: &str, input: Value) -> Result<Value> {
    let mut letters = kind.chars();
    let first = letters.next().map(|it| it.to_ascii_lowercase());
    let field: String = first.into_iter().chain(letters).collect();
    let input_kind = match verb {
        "retire" | "restore" => format!("{}Input", if verb == "retire" { "Retire" } else { "Restore" }),
        _ => format!("{}{kind}Input", if verb == "create" { "Create" } else { "Revise" }),
    };
    let query = format!(
        "mutation($input: {input_kind}!) {{ payload: {verb}{kind}(input: $input) {{
            thing: {field} {{ id version retired createdAt updatedAt }}
            position stale userErrors {{ code message field }} clientMutationId
        }} }}"
    );
    let payload = client.data(&query, json!({"input": input})).await?["payload"].take();
    client.has_seen(&payload["position"]);
    Ok(payload)
}

async fn create(client: &Client, kind: &str, key: &str, definition: Value) -> Result<Value> {
    tell(
        client,
        "create",
        kind,
        json!({"idempotencyKey": key, "definition": definition}),
    )
    .await
}

/// The id of a thing that must be created.
pub(crate) async fn made(client: &Client, kind: &str, key: &str, definition: Value) -> Result<String> {
    let payload = create(client, kind, key, definition).await?;
    ensure!(payload["userErrors"] == json!([]), "{kind} {key}: {payload}");
    ensure!(payload["stale"] == false, "{payload}");
    Ok(payload["thing"]["id"].as_str().context("no id")?.to_owned())
}

async fn branch(client: &Client, name: &str) -> Result<String> {
    made(
        client,
        "Branch",
        name,
        json!({"name": name, "timeZone": "Asia/Yekaterinburg"}),
    )
    .await
}

/// The one code and field of a payload that must be a refusal.
pub(crate) fn refusal(payload: &Value) -> Result<(String, Value)> {
    let errors = payload["userErrors"].as_array().context("no userErrors")?;
    ensure!(errors.len() == 1 && payload["position"].is_null(), "{payload}");
    let code = errors[0]["code"].as_str().context("no code")?;
    Ok((code.to_owned(), errors[0]["field"].clone()))
}
