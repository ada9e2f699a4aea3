//! Everything spoken over HTTP.

mod documents;
mod feed;
mod graphiql;
mod graphql;
mod health;
mod metrics;
mod operation;
mod public;
mod socket;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
pub use documents::Documents;
pub use feed::Feeds;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    auth::{Keys, Viewer},
    graphql::{ApiSchema, Caller},
    problem::Language,
};

/// Largest request taken, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;

/// Whether requests can be answered.
#[derive(Debug, Clone)]
pub enum Phase {
    /// Not yet, and why.
    Starting(String),
    /// They can.
    Ready(Ready),
    /// No longer.
    Stopping,
}

/// What answers requests.
#[derive(Clone)]
pub struct Ready {
    /// The schema over the parts.
    pub schema: ApiSchema,
    /// Reads what `/health/ready` tells.
    pub parts: crate::graphql::Parts,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}

/// What HTTP handlers share.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Whether requests can be answered.
    pub phase: watch::Receiver<Phase>,
    /// The keys that open the API.
    pub keys: Arc<Keys>,
    /// Documents parsed before.
    pub documents: Arc<Documents>,
    /// Cancelled when sockets are to be closed.
    pub closing: CancellationToken,
    /// Open sockets.
    pub sockets: TaskTracker,
    /// What several sockets watch.
    pub feeds: Arc<Feeds>,
    /// How long a socket may take nothing of what is sent to it.
    pub patience: Duration,
}

impl Shared {
    fn ready(&self) -> Option<Ready> {
        match &*self.phase.borrow() {
            Phase::Ready(ready) => Some(ready.clone()),
            Phase::Starting(_) | Phase::Stopping => None,
        }
    }

    fn caller(&self, headers: &HeaderMap, authorization: Option<&str>) -> Option<Caller> {
        let sent = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        let viewer = self.keys.viewer(authorization.or(sent))?;
        Some(Self::calling(viewer, headers))
    }

    /// Somebody who shows no credential, and may only ask to be let in.
    fn stranger(headers: &HeaderMap) -> Caller {
        Self::calling(Viewer::nobody(), headers)
    }

    fn calling(viewer: Viewer, headers: &HeaderMap) -> Caller {
        let text = |name: header::HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
        let traceparent = headers
            .get("traceparent")
            .and_then(|it| it.to_str().ok())
            .filter(|it| it.len() <= 64);
        Caller {
            viewer,
            language: Language::accepted(text(header::ACCEPT_LANGUAGE)),
            traceparent: traceparent.map(str::to_owned),
            client: text(header::USER_AGENT).unwrap_or_default().to_owned(),
        }
    }
}

/// The public keys of access tokens, for programs that check them themselves (RFC 7517).
async fn key_set(State(shared): State<Shared>) -> Response {
    match shared.ready() {
        Some(ready) => Json(ready.parts.door.tokens.key_set()).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// All routes, or only those that tell how it is; from here on what they and the parts behind them do is counted.
pub fn router(shared: Shared, answers_graphql: bool) -> Router {
    metrics::collect();
    let api = Router::new()
        .route("/graphql", post(graphql::answer))
        .route("/graphql/ws", get(socket::upgrade))
        .route("/graphiql", get(graphiql::page))
        .route("/graphiql/", get(graphiql::to_page))
        .route("/graphiql/assets/{file}", get(graphiql::asset));
    let routes = if answers_graphql { api } else { Router::new() };
    routes
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::text))
        .route("/.well-known/jwks.json", get(key_set))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(shared)
}
