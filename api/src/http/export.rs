//! Packages to take away: `GET /audit/export`, `GET /people/{id}/export`.

use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    response::{IntoResponse, Response},
};
use chrono::SecondsFormat;
use commands::{Read, permit, reads};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{Ready, Shared, refusal::Refusal, trail};
use crate::{
    export::{AuditWish, Built, Exports, Form, Note},
    graphql::{AuditFilter, Call, Caller, person_id},
    looks::Looks,
    problem::{Language, Problem},
};

/// What the audit says, with the proof of the log beside.
pub(super) async fn audit(
    State(shared): State<Shared>,
    Extension(call): Extension<Call>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let given = give_audit(&shared, &call, (&method, &uri, &headers)).await;
    given.unwrap_or_else(|refusal| refusal.response(&call.id, &headers))
}

async fn give_audit(
    shared: &Shared,
    call: &Call,
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
) -> Result<Response, Refusal> {
    const OPERATION: &str = "exportAudit";
    let (ready, caller) = let_in(shared, call, headers, (OPERATION, Read::Audit)).await?;
    let wish = wish(uri, &ready.parts.looks, &caller).map_err(Refusal::of)?;
    if method == Method::HEAD {
        return Ok(packed(axum::body::Body::empty(), "audit.zip"));
    }
    let _slot = ready.parts.exports.slot().map_err(Refusal::of)?;
    let (form, filters, about) = (wish.form.as_str(), wish.filters.clone(), wish.about());
    let made = ready.parts.exports.audit(&ready.parts, wish).await;
    let (built, count) = made.map_err(Refusal::of)?;
    let note = Note {
        operation: OPERATION,
        form,
        wanted: filters,
        about,
        count,
    };
    give(&ready, &caller, built, note, "audit").await
}

/// Everything that is kept of a person.
pub(super) async fn person(
    State(shared): State<Shared>,
    Extension(call): Extension<Call>,
    Path(id): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let given = give_person(&shared, &call, &id, (&method, &uri, &headers)).await;
    given.unwrap_or_else(|refusal| refusal.response(&call.id, &headers))
}

async fn give_person(
    shared: &Shared,
    call: &Call,
    id: &str,
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
) -> Result<Response, Refusal> {
    const OPERATION: &str = "exportPerson";
    let (ready, caller) = let_in(shared, call, headers, (OPERATION, Read::Privacy)).await?;
    let person = person_id("id", &id.into()).map_err(Refusal::of)?;
    let language = language(uri, &caller).map_err(Refusal::of)?;
    if method == Method::HEAD {
        return Ok(packed(axum::body::Body::empty(), "person.zip"));
    }
    let _slot = ready.parts.exports.slot().map_err(Refusal::of)?;
    let wish = (person, &caller.viewer.actor, language);
    let made = ready.parts.exports.person(&ready.parts, wish).await;
    let made = made.map_err(Refusal::of)?.ok_or_else(|| Refusal::of(nobody()))?;
    let note = Note {
        operation: OPERATION,
        form: "zip",
        wanted: json!({"person": person}),
        about: made.ids,
        count: made.count,
    };
    give(&ready, &caller, made.built, note, "person").await
}

fn nobody() -> Problem {
    Problem::new(
        "NOT_FOUND",
        "под этим id никого не было",
        "nobody was ever known under this id",
    )
    .about("id")
}

/// The language of the page: by the parameter `lang`, else as texts are asked for.
fn language(uri: &Uri, caller: &Caller) -> Result<Language, Problem> {
    let mut language = None;
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if name != "lang" || language.is_some() {
            return Err(Problem::bad_input("parameter", &name, "lang, один раз", "lang, once"));
        }
        language = Some(match &*value {
            "ru" => Language::Russian,
            "en" => Language::English,
            other => return Err(Problem::bad_input("lang", other, "ru или en", "ru or en")),
        });
    }
    Ok(language.unwrap_or(caller.language))
}

/// Who asks, when they may read this.
async fn let_in(
    shared: &Shared,
    call: &Call,
    headers: &HeaderMap,
    (operation, read): (&str, Read),
) -> Result<(Ready, Caller), Refusal> {
    let caller = shared.admit(call, headers, None)?;
    let ready = shared.ready().ok_or_else(|| Refusal::not_ready(shared))?;
    if let Err(forbidden) = permit(&caller.viewer.rights, reads(read)) {
        call.deny(operation, forbidden.0);
        trail::leave(&ready, call, &caller).await;
        return Err(Refusal::of(Problem::forbidden(forbidden.0)));
    }
    Ok((ready, caller))
}

/// Gives a package out, once that is on record.
async fn give(ready: &Ready, caller: &Caller, built: Built, note: Note, what: &str) -> Result<Response, Refusal> {
    let parts = &ready.parts;
    let recorded = Exports::note(&parts.handler, &caller.viewer.actor, &built, note).await;
    recorded.map_err(Refusal::of)?;
    let at = parts
        .handler
        .now()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
        .replace(':', "-");
    let size = HeaderValue::from(built.size);
    let mut response = packed(built.body(), &format!("{what}-{at}.zip"));
    response.headers_mut().insert(header::CONTENT_LENGTH, size);
    Ok(response)
}

fn packed(body: axum::body::Body, name: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// What the parameters of the address ask for.
fn wish(uri: &Uri, looks: &Looks, caller: &Caller) -> Result<AuditWish, Problem> {
    let mut filter = AuditFilter::default();
    let mut form = None;
    let mut filters = Map::new();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if name == "format" && form.is_none() {
            form = Some(format_of(&value)?);
            continue;
        }
        filter.of_parameter(&name, value.to_string())?;
        // Whose data the words are cannot be known.
        let told = if name == "searchedFor" {
            json!({"fingerprint": looks.fingerprint(&value)})
        } else {
            json!(value)
        };
        filters.insert(name.into_owned(), told);
    }
    Ok(AuditWish {
        wanted: filter.wanted(looks)?,
        form: form.map_or_else(|| format_of(""), Ok)?,
        filters: Value::Object(filters),
        language: caller.language,
    })
}

fn format_of(value: &str) -> Result<Form, Problem> {
    let found = Form::ALL.into_iter().find(|it| it.as_str() == value);
    found.ok_or_else(|| Problem::bad_input("format", value, "csv, ndjson или xlsx", "csv, ndjson or xlsx"))
}
