//! A GraphQL client over HTTP.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// Speaks to one server with one key.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    /// `http://host:port`.
    pub base: String,
    key: String,
}

impl Client {
    /// A client of the server at `base`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base: String, key: &str) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { http, base, key: key.to_owned() })
    }

    /// The whole response to an operation, errors included.
    ///
    /// # Errors
    /// When the server does not answer JSON.
    pub async fn respond(&self, query: &str, variables: Value) -> Result<Value> {
        let body = json!({"query": query, "variables": variables});
        let request = self.http.post(format!("{}/graphql", self.base)).bearer_auth(&self.key).json(&body);
        request.send().await?.json().await.context("not JSON")
    }

    /// The data of an operation that must succeed.
    ///
    /// # Errors
    /// When the response has errors.
    pub async fn data(&self, query: &str, variables: Value) -> Result<Value> {
        let mut response = self.respond(query, variables).await?;
        match response.get("errors") {
            None => Ok(response["data"].take()),
            Some(errors) => bail!("{errors}"),
        }
    }

    /// The payload of one mutation: `ticket`, `position`, `stale`, `userErrors`.
    ///
    /// # Errors
    /// When the response has errors.
    pub async fn mutate(&self, mutation: &str, input: Value) -> Result<Value> {
        let mut letters = mutation.chars();
        let first = letters.next().map(|it| it.to_ascii_uppercase());
        let kind: String = first.into_iter().chain(letters).collect();
        let query = format!(
            "mutation($input: {kind}Input!) {{ payload: {mutation}(input: $input) {{
                ticket {{ id number subject status priority version assignee category }}
                position stale userErrors {{ code message field }}
            }} }}"
        );
        Ok(self.data(&query, json!({"input": input})).await?["payload"].take())
    }

    /// Opens a ticket under `key` and returns its payload.
    ///
    /// # Errors
    /// When the response has errors.
    pub async fn open(&self, key: &str, subject: &str) -> Result<Value> {
        self.mutate("openTicket", json!({"idempotencyKey": key, "subject": subject})).await
    }

    /// Status and body of a plain GET.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn get(&self, path: &str) -> Result<(u16, String)> {
        let response = self.http.get(format!("{}{path}", self.base)).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }
}
