//! The OpenAPI document says what the routes do, and a page to try them needs nothing from elsewhere.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{App, run};

use super::{get, tell};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn document(app: &App) -> Result<Value> {
    get(&app.client.anonymous(), "/openapi.json").await?.done()
}

fn names(object: &Value) -> BTreeSet<&str> {
    object
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect()
}

#[test]
fn every_operation_is_described_with_all_its_answers() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let document = document(&app).await?;
        ensure!(
            document["openapi"].as_str().is_some_and(|it| it.starts_with("3.1")),
            "{}",
            document["openapi"]
        );
        let mut bare = Vec::new();
        let mut operations = 0;
        for (path, item) in document["paths"].as_object().context("no paths")? {
            for (method, operation) in item.as_object().context("no operations")? {
                operations += 1;
                let mut needed = vec!["400", "401", "403", "429", "500", "503"];
                needed.extend(path.contains("{id}").then_some("404"));
                needed.extend((method != "get").then_some(["409", "422"]).into_iter().flatten());
                let has = names(&operation["responses"]);
                let lacks = needed.iter().any(|it| !has.contains(it));
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                let mute = parameters
                    .iter()
                    .any(|it| it["description"].as_str().is_none_or(str::is_empty));
                if lacks || mute || operation["summary"].as_str().is_none_or(str::is_empty) {
                    bare.push(format!("{method} {path}"));
                }
            }
        }
        ensure!(
            bare.is_empty() && operations == 11,
            "{operations} operations; badly described: {bare:?}"
        );
        for (name, schema) in document["components"]["schemas"].as_object().context("no schemas")? {
            for (field, property) in schema["properties"].as_object().into_iter().flatten() {
                let described = |it: &Value| it["description"].is_string();
                let one_of = property["oneOf"].as_array().is_some_and(|it| it.iter().any(described));
                ensure!(
                    described(property) || one_of,
                    "{name}.{field} has no description: {property}"
                );
            }
        }
        app.finish().await
    })
}

/// Every place of the document that another part of it points at.
fn references(part: &Value) -> Vec<String> {
    let own = part["$ref"].as_str().map(str::to_owned);
    let within: Vec<&Value> = match part {
        Value::Array(parts) => parts.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    own.into_iter().chain(within.into_iter().flat_map(references)).collect()
}

#[test]
fn every_reference_of_the_document_leads_somewhere() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let document = document(&app).await?;
        let all = references(&document);
        ensure!(all.len() > 50, "only {} references", all.len());
        for place in all {
            let found = document.pointer(place.trim_start_matches('#'));
            ensure!(found.is_some(), "{place} is not in the document");
        }
        app.finish().await
    })
}

#[test]
fn routes_are_those_of_the_document_and_no_others() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let document = document(&app).await?;
        for (path, item) in document["paths"].as_object().context("no paths")? {
            let offered = names(item);
            let address = format!("/api/v1{}", path.replace("{id}", "x"));
            for method in METHODS {
                let verb: Method = method.to_uppercase().parse()?;
                let response = app.client.request(verb, &address).send().await?;
                let refused = response.status() == 405;
                ensure!(
                    refused != offered.contains(method),
                    "{method} {path}: {}",
                    response.status()
                );
            }
        }
        app.finish().await
    })
}

#[test]
fn objects_have_the_fields_that_the_document_tells_of() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let document = document(&app).await?;
        let new = json!({"subject": "Один"});
        let created = tell(&app.client, Method::POST, "/tickets", "k", new).await?.done()?;
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let (id, position) = (text(&created["ticket"]["id"]), text(&created["position"]));
        assert_eq!(
            names(&document["components"]["schemas"]["Changed"]["properties"]),
            names(&created)
        );
        let fields = |name: &str| names(&document["components"]["schemas"][name]["properties"]);
        let ticket = get(&app.client, &format!("/tickets/{id}")).await?.done()?;
        assert_eq!(fields("Ticket"), names(&ticket));
        let page = get(&app.client, "/tickets/all").await?.done()?;
        assert_eq!(fields("TicketPage"), names(&page));
        let history = get(&app.client, &format!("/tickets/{id}/history?minPosition={position}"))
            .await?
            .done()?;
        assert_eq!(fields("HistoryPage"), names(&history));
        assert_eq!(fields("Happening"), names(&history["items"][0]));
        let stats = get(&app.client, "/stats").await?.done()?;
        assert_eq!(fields("Stats"), names(&stats));
        app.finish().await
    })
}

#[test]
fn page_to_try_it_loads_nothing_from_elsewhere() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for (path, kind) in [
            ("/api/v1/docs", "text/html"),
            ("/api/v1/docs/app.js", "text/javascript"),
            ("/api/v1/docs/app.css", "text/css"),
        ] {
            let response = app.client.anonymous().request(Method::GET, path).send().await?;
            ensure!(response.status() == 200, "{path}: {}", response.status());
            let header = |name: &str| {
                response
                    .headers()
                    .get(name)
                    .and_then(|it| it.to_str().ok())
                    .unwrap_or_default()
            };
            ensure!(header("content-type").starts_with(kind), "{path}");
            ensure!(
                header("content-security-policy").contains("script-src 'self'"),
                "{path}"
            );
            let text = response.text().await?;
            ensure!(
                !text.contains("http://") && !text.contains("https://"),
                "{path} names another site"
            );
        }
        let absent = app.client.request(Method::GET, "/api/v1/docs/none.js").send().await?;
        ensure!(absent.status() == 404);
        app.finish().await
    })
}
