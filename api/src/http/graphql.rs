//! `POST /graphql`, and `GET` for queries: one operation a request, JSON out.

use std::{sync::Arc, time::Duration};

use async_graphql::{Request, Response, parser::types::OperationType};
use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response as HttpResponse},
};
use commands::from_address;
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::{
    LARGEST_BODY, Ready, Shared,
    prepare::{BY_POST, Prepared, named, prepare},
    refusal::{Refusal, retry_after},
    trail,
    worded::worded,
};
use crate::{
    graphql::{Call, Caller},
    problem::{Language, Problem, internal},
};

/// How much of a body that is too large is read all the same, so that the client, still sending, hears why.
const MOST_IGNORED: usize = 32 * LARGEST_BODY;

/// Answers one operation.
pub(super) async fn answer(
    State(shared): State<Shared>,
    Extension(call): Extension<Call>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> HttpResponse {
    let answered = respond(&shared, &call, (method, uri, &headers), body);
    match timeout(shared.front.time_limit, answered).await {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => refusal.response(&call.id, &headers),
        Err(_elapsed) => too_long(shared.front.time_limit).response(&call.id, &headers),
    }
}

async fn respond(
    shared: &Shared,
    call: &Call,
    (method, uri, headers): (Method, Uri, &HeaderMap),
    body: Body,
) -> Result<HttpResponse, Refusal> {
    let stranger = !headers.contains_key(header::AUTHORIZATION);
    let caller = if stranger {
        Shared::stranger(headers)
    } else {
        shared.admit(call, headers, None)?
    };
    let mut request = read(&method, &uri, headers, body).await?;
    if stranger {
        shared.hear(call, &mut request)?;
    }
    let ready = shared.ready().ok_or_else(|| Refusal::not_ready(shared))?;
    let prepared = match prepare(shared, call, &caller, request) {
        Ok(prepared) => prepared,
        Err(refused) => {
            trail::leave(&ready, call, &caller).await;
            return Ok(shown(*refused));
        }
    };
    let response = carried_out(call, &caller, ready, prepared).await?;
    Ok(shown(response))
}

/// The response to an operation that may be carried out.
///
/// # Errors
/// When its task breaks down.
pub(super) async fn carried_out(
    call: &Call,
    caller: &Caller,
    ready: Ready,
    prepared: Prepared,
) -> Result<Response, Refusal> {
    let Prepared { request, kind, charge } = prepared;
    let (id, language) = (Arc::clone(&call.id), caller.language);
    let (asking, caller) = (call.clone(), caller.clone());
    let executed = async move {
        let response = ready.schema.execute(request).await;
        trail::leave(&ready, &asking, &caller).await;
        response
    };
    let executed = from_address(call.address, executed.in_current_span());
    let mut running = AbortOnDropHandle::new(tokio::spawn(executed));
    let answered = if kind == Some(OperationType::Mutation) {
        // A client that goes away does not break off a command that is half-way.
        running.detach().await
    } else {
        (&mut running).await
    };
    let mut response = answered.map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, internal(&error)))?;
    charge.settle(call, &mut response);
    let mut response = coded(response, language);
    named(&mut response, &id);
    Ok(response)
}

/// A response as HTTP has it; what says when to come back stands in a header too.
fn shown(response: Response) -> HttpResponse {
    let wait = response.errors.iter().find_map(|it| {
        let extensions = serde_json::to_value(it.extensions.as_ref()?.get("retryAfter")?).ok()?;
        extensions.as_u64()
    });
    let by_post = response.errors.iter().any(|it| {
        let code = it.extensions.as_ref().and_then(|it| it.get("code"));
        code == Some(&async_graphql::Value::from(BY_POST))
    });
    let mut response = Json(response).into_response();
    if by_post {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    if let Some(wait) = wait {
        retry_after(&mut response, wait);
    }
    response
}

/// The operation that a request asks for.
pub(super) async fn read(method: &Method, uri: &Uri, headers: &HeaderMap, body: Body) -> Result<Request, Refusal> {
    if *method != Method::POST {
        return from_query(uri.query().unwrap_or_default());
    }
    let body = json_body(headers, body).await?;
    parse(&body).map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, malformed(&error)))
}

/// The whole body of a request that says it is JSON.
///
/// # Errors
/// When it says something else, or is too large.
pub(super) async fn json_body(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let media = content_type
        .and_then(|it| it.split(';').next())
        .unwrap_or_default()
        .trim();
    // What a page of another site can send without asking is not taken.
    if !media.eq_ignore_ascii_case("application/json") {
        let problem = Problem::bad_input("Content-Type", media, "application/json", "application/json");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem));
    }
    whole(body).await
}

/// The whole body, if it is not too large.
async fn whole(body: Body) -> Result<Vec<u8>, Refusal> {
    let mut taken = Vec::new();
    let mut size = 0_usize;
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, unread(&error)))?;
        size += part.len();
        if size <= LARGEST_BODY {
            taken.extend_from_slice(&part);
        } else if size > MOST_IGNORED {
            break;
        }
    }
    if size > LARGEST_BODY {
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, too_large()));
    }
    Ok(taken)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    #[serde(default)]
    query: String,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

fn from_query(query: &str) -> Result<Request, Refusal> {
    let bad = |problem| Refusal::new(StatusCode::BAD_REQUEST, problem);
    // Only a path and a query are needed to read the query.
    let uri: Uri = format!("/?{query}").parse().map_err(|error| bad(unread(&error)))?;
    let parameters = axum::extract::Query::<Parameters>::try_from_uri(&uri);
    let Parameters {
        query,
        operation_name,
        variables,
        extensions,
    } = parameters.map_err(|error| bad(unread(&error)))?.0;
    let object = |field: &str, text: Option<String>| {
        let text = text.filter(|it| !it.is_empty());
        let read = text.map(|it| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&it));
        read.transpose().map_err(|error| {
            let said = error.to_string();
            bad(Problem::bad_input(field, &said, "объект JSON", "a JSON object"))
        })
    };
    let request = serde_json::json!({
        "query": query,
        "operationName": operation_name,
        "variables": object("variables", variables)?.unwrap_or_default(),
        "extensions": object("extensions", extensions)?.unwrap_or_default(),
    });
    serde_json::from_value(request).map_err(|error| bad(malformed(&error)))
}

/// The operation in a body. Only an object is one: serde would take `[]` for a struct without its fields.
fn parse(body: &[u8]) -> Result<Request, serde_json::Error> {
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body)?;
    if !fields.contains_key("query") && !fields.contains_key("extensions") {
        return Err(serde::de::Error::missing_field("query"));
    }
    serde_json::from_value(fields.into())
}

/// Characters of a parser's message at most: it quotes the line it stopped at, which may be the whole document.
const LONGEST_MESSAGE: usize = 500;

/// Errors of the request itself (syntax, unknown fields, limits) get a code as well, and words of ours.
pub(super) fn coded(mut response: Response, language: Language) -> Response {
    for error in &mut response.errors {
        let ours = error.extensions.as_ref().is_some_and(|it| it.get("code").is_some());
        if let Some(words) = worded(&error.message, language).filter(|_| !ours) {
            error.message = words;
        }
        if let Some((end, _)) = error.message.char_indices().nth(LONGEST_MESSAGE) {
            error.message.truncate(end);
            error.message.push('…');
        }
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", "BAD_USER_INPUT");
        }
    }
    response
}

fn unread(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        "BAD_USER_INPUT",
        format!("запрос не читается ({error})"),
        format!("the request does not read ({error})"),
    )
}

fn too_large() -> Problem {
    Problem::new(
        "BAD_USER_INPUT",
        "тело запроса слишком велико; принимается до 1 МиБ",
        "the body is too large; accepted: up to 1 MiB",
    )
}

pub(super) fn too_long(limit: Duration) -> Refusal {
    let seconds = limit.as_secs();
    let problem = Problem::new(
        "TIMED_OUT",
        format!("запрос длился дольше {seconds} с; изменения повторите с тем же ключом"),
        format!("the request took longer than {seconds} s; repeat a change with the same key"),
    );
    Refusal::new(StatusCode::GATEWAY_TIMEOUT, problem)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(
        "BAD_USER_INPUT",
        format!("тело запроса не читается ({error}); принимается JSON с полями query, variables, operationName"),
        format!("the body does not read ({error}); accepted: JSON with query, variables, operationName"),
    )
}
