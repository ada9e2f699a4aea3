//! A GraphQL client over HTTP.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// Every plain field of a ticket.
pub const TICKET: &str = "id number version type subject status priority categoryId subcategoryId assignee: assigneeId \
     contact: contactId inboxId branchId teamId holdReason holdUntil resolutionReason resolutionNote reopenCount \
     channel externalId openedAt updatedAt resolvedAt closedAt";

/// Speaks to one server with one key.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    /// `http://host:port`.
    pub base: String,
    key: String,
    language: Option<&'static str>,
    /// Newest position of its own changes, shared by its clones: what it asks for next must show them.
    seen: Arc<AtomicU64>,
}

impl Client {
    /// A client of the server at `base`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base: String, key: &str) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
        Ok(Self {
            http,
            base,
            key: key.to_owned(),
            language: None,
            seen: Arc::default(),
        })
    }

    /// The same client, asking for texts in `language` by `Accept-Language`.
    #[must_use]
    pub fn speaking(&self, language: &'static str) -> Self {
        Self {
            language: Some(language),
            ..self.clone()
        }
    }

    /// The same client with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    /// The same client without any key.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        self.with_key("")
    }

    /// A request with the key, to be finished and sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.bearer_auth(&self.key)
    }

    /// Sends a body to `/graphql` as it is.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn post(&self, body: impl Into<reqwest::Body>) -> Result<Response> {
        let mut request = self
            .http
            .post(format!("{}/graphql", self.base))
            .header("content-type", "application/json");
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        if let Some(language) = self.language {
            request = request.header("accept-language", language);
        }
        Ok(request.body(body.into()).send().await?)
    }

    /// The whole response to an operation, errors included.
    ///
    /// # Errors
    /// When the server does not answer JSON.
    pub async fn respond(&self, query: &str, variables: Value) -> Result<Value> {
        let body = json!({"query": query, "variables": variables});
        self.post(body.to_string()).await?.json().await.context("not JSON")
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

    /// Code and field of the one error of an operation that must fail.
    ///
    /// # Errors
    /// When it does not fail, or fails otherwise.
    pub async fn error(&self, query: &str, variables: Value) -> Result<(String, Value)> {
        let mut response = self.respond(query, variables).await?;
        let errors = response["errors"].as_array().map_or(0, Vec::len);
        ensure!(errors == 1, "one error is expected: {response}");
        let mut extensions = response["errors"][0]["extensions"].take();
        let code = extensions["code"].as_str().context("an error without code")?.to_owned();
        Ok((code, extensions["field"].take()))
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
                ticket {{ id number subject status priority version assignee: assigneeId categoryId }}
                position stale userErrors {{ code message field }}
            }} }}"
        );
        let payload = self.data(&query, json!({"input": input})).await?["payload"].take();
        self.has_seen(&payload["position"]);
        Ok(payload)
    }

    /// Makes [`Self::look`] and [`Self::count`] show everything up to a position that a payload gave.
    pub fn has_seen(&self, position: &Value) {
        if let Some(position) = position.as_str().and_then(|it| it.parse().ok()) {
            self.seen.fetch_max(position, Ordering::Relaxed);
        }
    }

    fn min_position(&self) -> String {
        self.seen.load(Ordering::Relaxed).to_string()
    }

    /// Opens a ticket under `key` and returns its payload.
    ///
    /// # Errors
    /// When the response has errors.
    pub async fn open(&self, key: &str, subject: &str) -> Result<Value> {
        self.mutate("openTicket", json!({"idempotencyKey": key, "subject": subject}))
            .await
    }

    /// The payload of a mutation of a ticket under `key`; `more` are further fields of its input.
    ///
    /// # Errors
    /// When the response has errors.
    pub async fn tell(&self, mutation: &str, key: &str, ticket_id: &str, more: &Value) -> Result<Value> {
        let mut input = json!({"idempotencyKey": key, "ticketId": ticket_id});
        if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
            input.extend(more.clone());
        }
        self.mutate(mutation, input).await
    }

    /// The payload of [`Self::tell`], which must be carried out.
    ///
    /// # Errors
    /// When the response has errors, or the payload has.
    pub async fn must(&self, mutation: &str, key: &str, ticket_id: &str, more: &Value) -> Result<Value> {
        let payload = self.tell(mutation, key, ticket_id, more).await?;
        ensure!(
            payload["userErrors"] == json!([]),
            "{mutation} with {more} is refused: {payload}"
        );
        Ok(payload)
    }

    /// Opens a ticket with these further fields; returns its id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn ticket(&self, key: &str, more: &Value) -> Result<String> {
        let mut input = json!({"idempotencyKey": key, "subject": format!("Заявка {key}")});
        if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
            input.extend(more.clone());
        }
        let payload = self.mutate("openTicket", input).await?;
        let id = payload["ticket"]["id"].as_str();
        Ok(id
            .with_context(|| format!("openTicket is refused: {payload}"))?
            .to_owned())
    }

    /// All there is to know of a ticket, its history (at most 100) included; null when there is none.
    ///
    /// # Errors
    /// When the response has errors.
    pub async fn look(&self, ticket_id: &str) -> Result<Value> {
        let query = format!(
            "query($id: ID!, $at: Position) {{ ticket(id: $id, minPosition: $at) {{ {TICKET} history(first: 100) {{
                totalCount nodes {{ type at actor position ticket {{ version status }} }}
            }} }} }}"
        );
        let variables = json!({"id": ticket_id, "at": self.min_position()});
        Ok(self.data(&query, variables).await?["ticket"].take())
    }

    /// How many tickets pass a filter.
    ///
    /// # Errors
    /// When the response has errors.
    pub async fn count(&self, filter: &Value) -> Result<i64> {
        let query = "query($filter: TicketFilter, $at: Position) {
            tickets(filter: $filter, minPosition: $at) { totalCount stale }
        }";
        let variables = json!({"filter": filter, "at": self.min_position()});
        let data = self.data(query, variables).await?;
        ensure!(
            data["tickets"]["stale"] == false,
            "the list does not show what was changed"
        );
        data["tickets"]["totalCount"].as_i64().context("no totalCount")
    }

    /// The answer to a plain GET, without a key.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn fetch(&self, path: &str) -> Result<Response> {
        Ok(self.http.get(format!("{}{path}", self.base)).send().await?)
    }

    /// Status and body of a plain GET.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn get(&self, path: &str) -> Result<(u16, String)> {
        let response = self.fetch(path).await?;
        Ok((response.status().as_u16(), response.text().await?))
    }
}
