//! What stands before every request: its name, its limits, its headers, its transport.

mod fuzz;
mod headers;
mod keys;
mod limits;
mod persisted;
mod secrets;
mod statements;
mod stream;
mod times;
mod tls;

use anyhow::{Context, Result};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tests::Client;

const COUNT: &str = "{ tickets { totalCount } }";

/// Sends an operation with these further headers.
async fn send(client: &Client, query: &str, headers: &[(&str, &str)]) -> Result<Response> {
    let mut request = client.request(Method::POST, "/graphql").json(&json!({"query": query}));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.send().await?)
}

fn header<'a>(response: &'a Response, name: &str) -> Result<&'a str> {
    let value = response.headers().get(name);
    Ok(value.with_context(|| format!("no {name}: {response:?}"))?.to_str()?)
}

/// Code of the first error.
fn code(body: &Value) -> &str {
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}
