//! The bytes of files, by links that count for some minutes: `PUT /files/upload/{token}`, `GET /files/{token}`.

use std::time::Duration;

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::timeout;
use tracing::Instrument;

use super::{Shared, refusal::Refusal};
use crate::{
    files::{Errand, Files, Flaw, Wanted, disposition, wanted},
    graphql::{Call, attachment_id},
};

/// What a browser may make of a file: nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'");
/// How much of a body that is not wanted is read all the same, so that the client, still sending, hears why.
const MOST_IGNORED: u64 = 32 * 1024 * 1024;
/// For how long.
const IGNORED_FOR: Duration = Duration::from_secs(5);

impl From<Flaw> for Refusal {
    fn from(flaw: Flaw) -> Self {
        Self::new(flaw.status, flaw.problem)
    }
}

/// Takes the bytes of a file.
pub(super) async fn upload(
    State(shared): State<Shared>,
    Extension(call): Extension<Call>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|it| it.to_str().ok()?.parse().ok());
    let Some(ready) = shared.ready() else {
        return Refusal::not_ready(&shared).response(&call.id, &headers);
    };
    let files = ready.parts.files.clone();
    // A client that goes away is heard of by its body; what it leaves is cleared away in any case.
    let running = tokio::spawn(async move { take(&files, &token, length, body).await }.in_current_span());
    let answered = match running.await {
        Ok(answered) => answered,
        Err(error) => {
            let problem = crate::problem::internal(&error);
            return Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, problem).response(&call.id, &headers);
        }
    };
    answered.unwrap_or_else(|refusal| refusal.response(&call.id, &headers))
}

async fn take(files: &Files, token: &str, length: Option<u64>, body: Body) -> Result<Response, Refusal> {
    let link = match files.link(token, &[Errand::Upload]).await {
        Ok(link) => link,
        Err(flaw) => {
            ignore(length, body).await;
            return Err(flaw.into());
        }
    };
    let state = files.receive(&link, length, body).await?;
    let stored = state.stored.map(|it| it.sha256);
    let told = json!({
        "attachmentId": attachment_id(link.file).to_string(),
        "size": state.size,
        "contentType": state.content_type,
        "hash": stored,
        "state": state.scan.as_str().to_uppercase(),
    });
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

/// Lets a body that is not wanted come to its end, unless it is large or slow.
async fn ignore(length: Option<u64>, body: Body) {
    if length.is_none_or(|it| it > MOST_IGNORED) {
        return;
    }
    let mut body = body.into_data_stream();
    let reading = async { while let Some(Ok(_)) = body.next().await {} };
    drop(timeout(IGNORED_FOR, reading).await);
}

/// Gives the bytes of a file, or of its small picture.
pub(super) async fn download(
    State(shared): State<Shared>,
    Extension(call): Extension<Call>,
    Path(token): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Some(ready) = shared.ready() else {
        return Refusal::not_ready(&shared).response(&call.id, &headers);
    };
    let address = call.address.to_string();
    let given = give(&ready.parts.files, &token, (&method, &headers), &address).await;
    given.unwrap_or_else(|flaw| Refusal::from(flaw).response(&call.id, &headers))
}

async fn give(
    files: &Files,
    token: &str,
    (method, headers): (&Method, &HeaderMap),
    address: &str,
) -> Result<Response, Flaw> {
    let link = files.link(token, &[Errand::Read, Errand::Preview]).await?;
    let file = files.readable(&link).await?;
    let text = |name: HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
    // A part of other bytes would not fit to what the client has.
    let fits = text(header::IF_RANGE).is_none_or(|it| it.trim() == file.etag);
    let range = text(header::RANGE).filter(|_| fits && *method == Method::GET);
    let mut response = match wanted(range, file.size) {
        Wanted::Nothing => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            put(&mut response, header::CONTENT_RANGE, &format!("bytes */{}", file.size));
            return Ok(response);
        }
        _ if *method == Method::HEAD => {
            let mut response = Response::new(Body::empty());
            put(&mut response, header::CONTENT_LENGTH, &file.size.to_string());
            response
        }
        Wanted::Part(range) => {
            files.note_reading(&link, token, address).await?;
            let mut response = Response::new(file.body(range.clone()).await?);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let part = format!("bytes {}-{}/{}", range.start, range.end - 1, file.size);
            put(&mut response, header::CONTENT_RANGE, &part);
            put(
                &mut response,
                header::CONTENT_LENGTH,
                &(range.end - range.start).to_string(),
            );
            response
        }
        Wanted::Whole => {
            files.note_reading(&link, token, address).await?;
            let mut response = Response::new(file.body(0..file.size).await?);
            put(&mut response, header::CONTENT_LENGTH, &file.size.to_string());
            response
        }
    };
    put(&mut response, header::CONTENT_TYPE, &file.content_type);
    put(
        &mut response,
        header::CONTENT_DISPOSITION,
        &disposition(&file.name, &file.content_type),
    );
    put(&mut response, header::ETAG, &file.etag);
    put(&mut response, header::ACCEPT_RANGES, "bytes");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}

/// Sets a header; what no header can hold is left out.
fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
