//! `/api/v1`: plain JSON over the same commands, queries, rights and limits.

mod bad_input;
mod document;
mod limits;
mod rights;
mod tickets;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use tests::{App, Client};

const AGENT: &str = "00000000-0000-4000-8000-000000000007";
const CUSTOMER: &str = "00000000-0000-4000-8000-00000000000c";

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|it| it.to_str().ok())
            .unwrap_or_default()
    }

    /// The body of what must be carried out.
    fn done(self) -> Result<Value> {
        ensure!((200..300).contains(&self.status), "{self:?}");
        Ok(self.body)
    }

    /// Status, code and field of what must not; each is told in the form of RFC 9457.
    fn refused(&self) -> Result<(u16, &str, &str)> {
        ensure!(self.header("content-type") == "application/problem+json", "{self:?}");
        ensure!(self.body["status"] == self.status, "{self:?}");
        ensure!(
            self.body["detail"].as_str().is_some_and(|it| !it.is_empty()),
            "{self:?}"
        );
        ensure!(self.body["requestId"] == self.header("x-request-id"), "{self:?}");
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        Ok((self.status, text("code"), text("field")))
    }
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Vec<u8>>,
) -> Result<Answer> {
    let mut request = client.request(method, &format!("/api/v1{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.body(body);
    }
    let response = request.send().await?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.json().await.with_context(|| format!("{path}: not JSON"))?,
    })
}

async fn get(client: &Client, path: &str) -> Result<Answer> {
    send(client, Method::GET, path, &[], None).await
}

/// Changes something under a key.
async fn tell(client: &Client, method: Method, path: &str, key: &str, body: Value) -> Result<Answer> {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    send(client, method, path, &headers, Some(body.to_string().into_bytes())).await
}

/// Opens a ticket; its id.
async fn opened(client: &Client, key: &str, body: Value) -> Result<String> {
    let told = tell(client, Method::POST, "/tickets", key, body).await?.done()?;
    Ok(told["ticket"]["id"].as_str().context(told.to_string())?.to_owned())
}

/// A client of a key with these rights, everywhere.
async fn program(app: &App, permissions: &[&str]) -> Result<Client> {
    let issue = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret userErrors { code } } }";
    let input = json!({"idempotencyKey": permissions.concat(), "name": "program", "permissions": permissions});
    let issued = app.client.data(issue, json!({"i": input})).await?;
    let secret = issued["issueApiKey"]["secret"].as_str();
    Ok(app.client.with_key(secret.with_context(|| issued.to_string())?))
}
