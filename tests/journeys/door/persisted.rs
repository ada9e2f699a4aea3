//! Documents by their hash, and queries by GET.

use anyhow::{Result, ensure};
use api::config::Config;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::{COUNT, code};

/// SHA-256 of [`COUNT`].
const HASH: &str = "0b86d089163ce1a4331727ca2fd10857702423e1d84cbbcd969719cfd7a82c50";

async fn get(client: &Client, parameters: &[(&str, String)]) -> Result<Response> {
    Ok(client.request(Method::GET, "/graphql").query(parameters).send().await?)
}

fn persisted(hash: &str) -> Value {
    json!({"persistedQuery": {"version": 1, "sha256Hash": hash}})
}

async fn post(client: &Client, body: Value) -> Result<Value> {
    Ok(client.post(body.to_string()).await?.json().await?)
}

#[test]
fn document_is_sent_once_and_then_by_its_hash() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let by_hash = json!({"extensions": persisted(HASH)});
        let body = post(&app.client, by_hash.clone()).await?;
        ensure!(code(&body) == "PERSISTED_QUERY_NOT_FOUND", "{body}");
        ensure!(body["errors"][0]["message"] == "PersistedQueryNotFound", "{body}");
        let body = post(
            &app.client,
            json!({"query": "{ nothing }", "extensions": persisted(HASH)}),
        )
        .await?;
        ensure!(code(&body) == "BAD_USER_INPUT", "{body}");
        let body = post(&app.client, json!({"query": COUNT, "extensions": persisted(HASH)})).await?;
        ensure!(body["data"]["tickets"]["totalCount"] == 0, "{body}");
        let body = post(&app.client, by_hash).await?;
        ensure!(body["data"]["tickets"]["totalCount"] == 0, "{body}");
        let body: Value = get(&app.client, &[("extensions", persisted(HASH).to_string())])
            .await?
            .json()
            .await?;
        ensure!(body["data"]["tickets"]["totalCount"] == 0, "{body}");
        for extensions in [
            json!({"persistedQuery": 1}),
            json!({"persistedQuery": {"version": 2, "sha256Hash": HASH}}),
        ] {
            let body = post(&app.client, json!({"query": COUNT, "extensions": extensions})).await?;
            ensure!(code(&body) == "BAD_USER_INPUT", "{body}");
        }
        app.finish().await
    })
}

#[test]
fn listed_document_is_known_by_its_name_and_its_hash() -> Result<()> {
    run(async {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), json!({"count": COUNT}).to_string())?;
        let app = App::start_with(|it| Config {
            persisted_operations_file: Some(file.path().to_owned()),
            ..it
        })
        .await?;
        for name in ["count", HASH] {
            let body = post(&app.client, json!({"extensions": persisted(name)})).await?;
            ensure!(body["data"]["tickets"]["totalCount"] == 0, "{name}: {body}");
        }
        // Whoever is not restricted may ask for anything else.
        let body = post(&app.client, json!({"query": "{ tickets(first: 1) { nodes { id } } }"})).await?;
        ensure!(body["errors"].is_null(), "{body}");
        app.finish().await
    })
}

#[test]
fn by_get_queries_are_carried_out_and_nothing_else() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        let parameters = [
            (
                "query",
                "query A { nodes(ids: []) { id } } query B($id: ID!) { ticket(id: $id) { id } }".to_owned(),
            ),
            ("operationName", "B".to_owned()),
            ("variables", json!({"id": id}).to_string()),
        ];
        let response = get(&app.client, &parameters).await?;
        assert_eq!(response.status(), 200);
        let body: Value = response.json().await?;
        ensure!(body["data"]["ticket"]["id"] == json!(id), "{body}");
        let close = format!(
            "mutation {{ closeTicket(input: {{idempotencyKey: \"c\", ticketId: {id:?}, reason: SPAM}}) {{ position }} }}"
        );
        let response = get(&app.client, &[("query", close)]).await?;
        assert_eq!(
            (response.status().as_u16(), super::header(&response, "allow")?),
            (405, "POST")
        );
        ensure!(code(&response.json().await?) == "METHOD_NOT_ALLOWED");
        ensure!(app.client.look(&id).await?["status"] == "NEW");
        let body: Value = get(
            &app.client,
            &[("query", "subscription { ticketChanged { position } }".to_owned())],
        )
        .await?
        .json()
        .await?;
        ensure!(body["errors"].is_array(), "{body}");
        for bad in [("variables", "[]"), ("variables", "{"), ("extensions", "1")] {
            let response = get(&app.client, &[("query", COUNT.to_owned()), (bad.0, bad.1.to_owned())]).await?;
            assert_eq!(response.status(), 400, "{bad:?}");
            let body: Value = response.json().await?;
            ensure!(
                code(&body) == "BAD_USER_INPUT" && body.to_string().contains(bad.0),
                "{body}"
            );
        }
        app.finish().await
    })
}
