//! The way to an OpenID Connect provider and back. What a page gets in the end stands behind `#`, where no server sees it.

use axum::{
    Extension, Json,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{Shared, refusal::Refusal};
use crate::{
    auth::{Door, NotWelcome},
    graphql::Call,
    problem::{Problem, internal},
};

const COOKIE: &str = "letopis-oidc";
/// As long as a sign-in may take at the provider.
const SECONDS: u32 = 600;

#[derive(Deserialize)]
pub(super) struct Begin {
    #[serde(default)]
    challenge: String,
}

#[derive(Deserialize)]
pub(super) struct Answer {
    code: Option<String>,
    #[serde(default)]
    state: String,
}

/// The names of the providers, for pages that offer them.
pub(super) async fn list(
    State(shared): State<Shared>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    match shared.ready() {
        Some(ready) => {
            let names = ready.parts.door.providers();
            let providers: Vec<_> = names.map(|it| json!({"name": it})).collect();
            Json(json!({"providers": providers})).into_response()
        }
        None => Refusal::not_ready(&shared).response(&call.id, &headers),
    }
}

/// Sends a browser to a provider.
pub(super) async fn begin(
    State(shared): State<Shared>,
    Extension(call): Extension<Call>,
    Path(name): Path<String>,
    Query(Begin { challenge }): Query<Begin>,
    headers: HeaderMap,
) -> Response {
    let Some(ready) = shared.ready() else {
        return Refusal::not_ready(&shared).response(&call.id, &headers);
    };
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
    if challenge.len() != 43 || !challenge.bytes().all(plain) {
        let (russian, english) = (
            "SHA-256 от секрета страницы, base64url",
            "the SHA-256 of the page's secret, base64url",
        );
        let problem = Problem::bad_input("challenge", &challenge, russian, english);
        return Refusal::new(StatusCode::BAD_REQUEST, problem).response(&call.id, &headers);
    }
    let door = &ready.parts.door;
    match door.begin_open_id(&name, challenge).await {
        Ok(begun) => to(&begun.address, &cookie(door, &begun.cookie, SECONDS)),
        Err(NotWelcome::Unknown) => unknown(&call, &headers),
        Err(why) => sorry(door, &why),
    }
}

/// Takes a browser back from a provider.
pub(super) async fn end(
    State(shared): State<Shared>,
    Extension(call): Extension<Call>,
    Path(name): Path<String>,
    Query(Answer { code, state }): Query<Answer>,
    headers: HeaderMap,
) -> Response {
    let Some(ready) = shared.ready() else {
        return Refusal::not_ready(&shared).response(&call.id, &headers);
    };
    let door = &ready.parts.door;
    let carried = carried(&headers);
    match door.end_open_id(&name, carried.as_deref(), &state, code).await {
        Ok(code) => to(&format!("{}#sign-in={code}", door.welcome()), &cookie(door, "", 0)),
        Err(NotWelcome::Unknown) => unknown(&call, &headers),
        Err(why) => sorry(door, &why),
    }
}

fn unknown(call: &Call, headers: &HeaderMap) -> Response {
    let problem = Problem::new(
        "NOT_FOUND",
        "такого способа входа нет",
        "there is no such way to sign in",
    );
    Refusal::new(StatusCode::NOT_FOUND, problem).response(&call.id, headers)
}

/// Back to the page, which says why in the person's language.
fn sorry(door: &Door, why: &NotWelcome) -> Response {
    if let NotWelcome::Fault(reason) = why {
        internal(reason);
    }
    to(
        &format!("{}#sign-in-error={}", door.welcome(), why.code()),
        &cookie(door, "", 0),
    )
}

fn to(address: &str, cookie: &str) -> Response {
    let (Ok(address), Ok(cookie)) = (HeaderValue::from_str(address), HeaderValue::from_str(cookie)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, address), (header::SET_COOKIE, cookie)],
    )
        .into_response()
}

/// Lax: a provider sends the browser back from another site.
fn cookie(door: &Door, value: &str, seconds: u32) -> String {
    let secure = if door.is_reached_by_tls() { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn carried(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = all
        .flat_map(|it| it.split(';'))
        .filter_map(|it| it.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}
