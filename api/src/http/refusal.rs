//! Requests that are turned away before they are carried out.

use std::time::Duration;

use async_graphql::{Response, ServerError, Value};
use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response as HttpResponse},
};

use super::{Phase, Shared, limits::Exhausted};
use crate::problem::{Language, Problem};

/// After which something that does not show yet, or is done by others, is worth another try.
const SOON: Duration = Duration::from_secs(2);

/// Why a request is turned away.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) problem: Problem,
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, problem: Problem) -> Self {
        Self {
            status,
            problem,
            retry_after: None,
        }
    }

    /// With the status that belongs to the problem's code, and a while to wait where waiting helps.
    pub(super) fn of(problem: Problem) -> Self {
        let status = status(problem.code);
        let waits = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
        Self {
            retry_after: waits.then_some(SOON),
            ..Self::new(status, problem)
        }
    }

    pub(super) fn unauthenticated() -> Self {
        let problem = Problem::new(
            "UNAUTHENTICATED",
            "нужен действующий токен доступа или ключ API: заголовок Authorization: Bearer ТОКЕН",
            "a valid access token or API key is needed: header Authorization: Bearer TOKEN",
        );
        Self::new(StatusCode::UNAUTHORIZED, problem)
    }

    pub(super) fn too_many_failures(wait: Duration) -> Self {
        let problem = Problem::new(
            "THROTTLED",
            "слишком много неудачных попыток входа: подождите",
            "too many failed attempts to get in: wait",
        );
        Self {
            retry_after: Some(wait),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, problem)
        }
    }

    pub(super) fn too_many_requests(exhausted: Exhausted) -> Self {
        let problem = Problem::new(
            "THROTTLED",
            "слишком много запросов с этого адреса: подождите",
            "too many requests from this address: wait",
        );
        Self {
            retry_after: Some(exhausted.retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, problem)
        }
    }

    pub(super) fn not_ready(shared: &Shared) -> Self {
        let reason = match &*shared.phase.borrow() {
            Phase::Starting(reason) => reason.clone(),
            Phase::Ready(_) | Phase::Stopping => "the server is shutting down".to_owned(),
        };
        let problem = Problem::new(
            "UNAVAILABLE",
            format!("сервер не готов: {reason}"),
            format!("the server is not ready: {reason}"),
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, problem)
    }

    /// The response, in the form of GraphQL.
    pub(super) fn response(&self, id: &str, headers: &HeaderMap) -> HttpResponse {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
        let mut error = ServerError::new(self.problem.message(Language::accepted(accepted)), None);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("code", self.problem.code);
        if !self.problem.field.is_empty() {
            extensions.set("field", self.problem.field.clone());
        }
        extensions.set("requestId", id);
        if let Some(wait) = self.retry_after {
            extensions.set("retryAfter", Value::from(seconds(wait)));
        }
        let mut response = (self.status, Json(Response::from_errors(vec![error]))).into_response();
        if let Some(wait) = self.retry_after {
            retry_after(&mut response, seconds(wait));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The status of a code; what is not told of here is forbidden by a rule.
pub(super) fn status(code: &str) -> StatusCode {
    match code {
        "BAD_USER_INPUT" => StatusCode::BAD_REQUEST,
        "UNAUTHENTICATED" => StatusCode::UNAUTHORIZED,
        "FORBIDDEN" => StatusCode::FORBIDDEN,
        "NOT_FOUND" => StatusCode::NOT_FOUND,
        "METHOD_NOT_ALLOWED" => StatusCode::METHOD_NOT_ALLOWED,
        "CONFLICT" => StatusCode::CONFLICT,
        "THROTTLED" => StatusCode::TOO_MANY_REQUESTS,
        "INTERNAL" => StatusCode::INTERNAL_SERVER_ERROR,
        "STALE" | "UNAVAILABLE" => StatusCode::SERVICE_UNAVAILABLE,
        "TIMED_OUT" => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Whole seconds, never too few.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

pub(super) fn retry_after(response: &mut HttpResponse, seconds: u64) {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
}
