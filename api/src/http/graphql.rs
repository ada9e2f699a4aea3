//! `POST /graphql`: one operation a request, JSON in, JSON out.

use async_graphql::{Request, Response, ServerError, Value};
use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response as HttpResponse},
};

use super::{Phase, Shared, public::is_public};
use crate::problem::{Language, Problem};

/// Answers one operation.
pub(super) async fn answer(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> HttpResponse {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
    let refuse = |status, problem: Problem| refuse(status, &problem, Language::accepted(accepted));
    let knocks = !headers.contains_key(header::AUTHORIZATION);
    let caller = match shared.caller(&headers, None) {
        Some(caller) => caller,
        None if knocks => Shared::stranger(&headers),
        None => return not_let_in(refuse(StatusCode::UNAUTHORIZED, unauthenticated())),
    };
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return refuse(rejection.status(), unread(&rejection)),
    };
    let request = match parse(&body) {
        Ok(request) => {
            let mut request = shared.documents.parsed(request);
            if knocks && !is_public(&mut request) {
                return not_let_in(refuse(StatusCode::UNAUTHORIZED, unauthenticated()));
            }
            request
        }
        Err(error) => return refuse(StatusCode::BAD_REQUEST, malformed(&error)),
    };
    let Some(ready) = shared.ready() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, not_ready(&shared));
    };
    // A task of its own: a client that goes away does not break off a command that is half-way.
    let answered = tokio::spawn(async move { ready.schema.execute(request.data(caller)).await }).await;
    match answered {
        Ok(response) => Json(coded(response)).into_response(),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, crate::problem::internal(&error)),
    }
}

fn not_let_in(mut response: HttpResponse) -> HttpResponse {
    let scheme = header::HeaderValue::from_static("Bearer");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    response
}

/// The operation in a body. Only an object is one: serde would take `[]` for a struct without its fields.
fn parse(body: &[u8]) -> Result<Request, serde_json::Error> {
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body)?;
    serde_json::from_value(fields.into())
}

/// Errors of the request itself (syntax, unknown fields, limits) get a code as well.
pub(super) fn coded(mut response: Response) -> Response {
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", "BAD_USER_INPUT");
        }
    }
    response
}

pub(super) fn unauthenticated() -> Problem {
    Problem::new(
        "UNAUTHENTICATED",
        "нужен действующий ключ API: заголовок Authorization: Bearer КЛЮЧ",
        "a valid API key is needed: header Authorization: Bearer KEY",
    )
}

pub(super) fn not_ready(shared: &Shared) -> Problem {
    let reason = match &*shared.phase.borrow() {
        Phase::Starting(reason) => reason.clone(),
        Phase::Ready(_) | Phase::Stopping => "the server is shutting down".to_owned(),
    };
    Problem::new(
        "UNAVAILABLE",
        format!("сервер не готов: {reason}"),
        format!("the server is not ready: {reason}"),
    )
}

fn unread(rejection: &BytesRejection) -> Problem {
    let english = rejection.body_text();
    Problem::new(
        "BAD_USER_INPUT",
        format!("тело запроса не принято ({english}); принимается до 1 МиБ"),
        format!("the body is not taken ({english}); accepted: up to 1 MiB"),
    )
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(
        "BAD_USER_INPUT",
        format!("тело запроса не читается ({error}); принимается JSON с полями query, variables, operationName"),
        format!("the body does not read ({error}); accepted: JSON with query, variables, operationName"),
    )
}

fn refuse(status: StatusCode, problem: &Problem, language: Language) -> HttpResponse {
    let mut error = ServerError::new(problem.message(language), None);
    error
        .extensions
        .get_or_insert_default()
        .set("code", Value::from(problem.code));
    (status, Json(Response::from_errors(vec![error]))).into_response()
}
