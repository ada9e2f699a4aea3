//! Everything spoken over HTTP.

mod address;
mod admit;
mod asset;
mod cors;
mod documents;
mod export;
mod feed;
mod files;
mod front;
mod graphiql;
mod graphql;
mod guard;
mod health;
mod limits;
mod listen;
mod metrics;
mod nesting;
mod open_id;
mod operation;
mod persisted;
mod prepare;
mod public;
mod refusal;
mod rest;
mod socket;
mod stream;
mod tls;
mod trail;
mod welcome;
mod worded;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, put},
};
pub use documents::Documents;
pub use feed::Feeds;
pub use front::Front;
pub use limits::Limits;
pub(crate) use listen::Listening;
pub use persisted::PersistedError;
pub use tls::TlsError;
pub(crate) use tls::tls;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::refusal::Refusal;
use crate::{
    auth::{Keys, Viewer},
    graphql::{ApiSchema, Call, Caller},
    problem::{Language, Problem},
};

/// With anything but `false`, nothing can be changed: for supervisors who look on.
const READ_ONLY: &str = "letopis-read-only";

/// How often it is asked whether whoever listens may still do what they could.
const AGAIN: Duration = Duration::from_secs(3);

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
    /// Limits, lists and time limits.
    pub front: Arc<Front>,
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
        let viewer = if headers.get(READ_ONLY).is_some_and(|it| it != "false") {
            viewer.reading()
        } else {
            viewer
        };
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
        .route("/graphql", get(graphql::answer).post(graphql::answer))
        .route("/graphql/stream", get(stream::answer).post(stream::answer))
        .route("/graphql/ws", get(socket::upgrade))
        .route("/graphiql", get(graphiql::page))
        .route("/graphiql/", get(graphiql::to_page))
        .route("/graphiql/assets/{file}", get(graphiql::asset))
        .route("/auth/oidc", get(open_id::list))
        .route("/auth/oidc/{name}/start", get(open_id::begin))
        .route("/auth/oidc/{name}/callback", get(open_id::end))
        .route("/audit/export", get(export::audit))
        .route("/people/{id}/export", get(export::person))
        .route("/files/upload/{token}", put(files::upload))
        .route("/files/{token}", get(files::download))
        .route("/welcome", get(welcome::page))
        .route("/welcome/", get(welcome::to_page))
        .route("/welcome/assets/{file}", get(welcome::asset))
        .merge(rest::router(shared.clone()));
    let routes = if answers_graphql { api } else { Router::new() };
    let routes = routes
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::text))
        .route("/.well-known/jwks.json", get(key_set))
        .fallback(nothing);
    let routes = match cors::layer(&shared.front.origins) {
        Some(cors) => routes.layer(cors),
        None => routes,
    };
    routes
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared)
}

async fn nothing(Extension(call): Extension<Call>, uri: Uri, headers: HeaderMap) -> Response {
    let problem = Problem::new("NOT_FOUND", "такого адреса нет", "there is no such address");
    let refusal = Refusal::new(StatusCode::NOT_FOUND, problem);
    if rest::is_below(uri.path()) {
        return rest::Failure::refused(&refusal, &call.id, &headers).into_response();
    }
    refusal.response(&call.id, &headers)
}
