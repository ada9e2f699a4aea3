//! Why a request was not carried out, as RFC 9457 wants it told.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::told::Budget;
use crate::{
    http::refusal::{Refusal, retry_after, seconds, status},
    problem::{Language, Problem},
};

/// What clients are told of it: `application/problem+json`.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// Seconds after which something that does not show yet, or does not answer, is worth another try.
const SOON: u64 = 1;

/// Why a request was not carried out: nothing has changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(super) struct Details {
    /// What the status means.
    #[schema(example = "Conflict")]
    title: String,
    /// The status of the response.
    #[schema(example = 409, minimum = 400, maximum = 599)]
    status: u16,
    /// For people, in the language of `Accept-Language` (ru, en).
    #[schema(example = "it is at version 3, not 2: look at it again")]
    detail: String,
    /// Stable, for programs: the codes of the GraphQL API.
    #[schema(example = "CONFLICT")]
    code: String,
    /// The parameter, header or field that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "expectedVersion")]
    field: Option<String>,
    /// Name of the request: give it when you ask for help.
    request_id: String,
    /// Seconds after which it is worth another try.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

/// A request that was not carried out.
#[derive(Debug)]
pub(in crate::http) struct Failure {
    details: Box<Details>,
    budget: Option<Budget>,
}

impl Failure {
    /// One that was turned away before it was carried out.
    pub(in crate::http) fn refused(refusal: &Refusal, id: &str, headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
        let message = refusal.problem.message(Language::accepted(accepted));
        let code = refusal.problem.code;
        let wait = refusal.retry_after.map(seconds);
        Self::new(refusal.status, code, message, &refusal.problem.field, id, wait)
    }

    /// A malformed parameter or body.
    pub(super) fn malformed(problem: Problem, id: &str, headers: &HeaderMap) -> Self {
        Self::refused(&Refusal::new(StatusCode::BAD_REQUEST, problem), id, headers)
    }

    /// What an error of a GraphQL response says, or one of `userErrors`.
    pub(super) fn told(error: &Value, id: &str, budget: Option<Budget>) -> Self {
        let more = error.get("extensions").unwrap_or(error);
        let code = more["code"].as_str().unwrap_or("INTERNAL");
        let path: Vec<String> = serde_json::from_value(more["field"].clone()).unwrap_or_default();
        let message = error["message"].as_str().unwrap_or_default();
        let wait = more["retryAfter"].as_u64();
        Self {
            budget,
            ..Self::new(status(code), code, message, &path, id, wait)
        }
    }

    fn new(status: StatusCode, code: &str, message: &str, path: &[String], id: &str, wait: Option<u64>) -> Self {
        let (field, detail) = in_words_of_rest(path, message);
        let details = Details {
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail,
            code: code.to_owned(),
            field,
            request_id: id.to_owned(),
            retry_after: wait.or((status == StatusCode::SERVICE_UNAVAILABLE).then_some(SOON)),
        };
        Self {
            details: Box::new(details),
            budget: None,
        }
    }
}

/// What GraphQL calls by another name.
const NAMES: [(&str, &str); 4] = [
    ("first", "limit"),
    ("orderBy", "sort"),
    ("ticketId", "id"),
    ("idempotencyKey", "Idempotency-Key"),
];

/// A field's name here, and the sentence about it, which begins with its name.
fn in_words_of_rest(path: &[String], message: &str) -> (Option<String>, String) {
    let Some(theirs) = path.iter().rfind(|it| *it != "input") else {
        return (None, message.to_owned());
    };
    let ours = NAMES.iter().find(|(name, _)| name == theirs).map(|(_, it)| *it);
    let ours = ours.unwrap_or(theirs);
    let detail = match message.strip_prefix(theirs.as_str()) {
        Some(rest) if rest.starts_with(':') => format!("{ours}{rest}"),
        Some(_) | None => message.to_owned(),
    };
    (Some(ours.to_owned()), detail)
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.details.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let wait = self.details.retry_after;
        let mut response = (status, Json(self.details)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(budget) = self.budget {
            budget.tell(headers);
        }
        if let Some(wait) = wait {
            retry_after(&mut response, wait);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::in_words_of_rest;

    #[test]
    fn field_is_called_as_it_is_here() {
        let words = |path: &[&str], message: &str| {
            let path: Vec<String> = path.iter().map(|it| (*it).to_owned()).collect();
            in_words_of_rest(&path, message)
        };
        let field = |name: &str| Some(name.to_owned());
        assert_eq!(
            words(&["first"], "first: \"0\""),
            (field("limit"), "limit: \"0\"".to_owned())
        );
        assert_eq!(
            words(&["input", "subject"], "subject: x"),
            (field("subject"), "subject: x".to_owned())
        );
        assert_eq!(
            words(&["input", "ticketId"], "no such"),
            (field("id"), "no such".to_owned())
        );
        assert_eq!(words(&[], "m"), (None, "m".to_owned()));
    }
}
