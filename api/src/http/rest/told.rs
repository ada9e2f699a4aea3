//! What a request is told when it was carried out.

use async_graphql::Response as GraphqlResponse;
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

/// What may be used in how many seconds (`draft-ietf-httpapi-ratelimit-headers`).
pub(in crate::http) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of it.
pub(in crate::http) const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// What somebody may still ask for, in points.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Budget {
    maximum_available: u64,
    currently_available: u64,
    restore_rate: u64,
}

impl Budget {
    /// The one that a response reports; `None` where the operator has set none.
    pub(super) fn of(response: &GraphqlResponse) -> Option<Self> {
        let cost = response.extensions.get("cost")?.clone().into_json().ok()?;
        serde_json::from_value(cost["throttleStatus"].clone()).ok()
    }

    /// Puts it into the headers of a response.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let rate = self.restore_rate.max(1);
        let full = self.maximum_available.div_ceil(rate);
        let again = self
            .maximum_available
            .saturating_sub(self.currently_available)
            .div_ceil(rate);
        let policy = format!("\"cost\";q={};w={full}", self.maximum_available);
        let left = format!("\"cost\";r={};t={again}", self.currently_available);
        for (name, value) in [(POLICY, policy), (LEFT, left)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

/// Whether something new came of a request.
#[derive(Debug, Default)]
pub(super) enum Created {
    /// Nothing did.
    #[default]
    Nothing,
    /// It did, where whoever asks may not look.
    Unseen,
    /// It lies there.
    At(String),
}

/// What was asked for.
#[derive(Debug)]
pub(super) struct Told<T> {
    pub(super) body: T,
    pub(super) budget: Option<Budget>,
    /// Whether it is something new, and where it lies.
    pub(super) created: Created,
}

impl<T> Told<T> {
    pub(super) fn map<U>(self, convert: impl FnOnce(T) -> U) -> Told<U> {
        Told {
            body: convert(self.body),
            budget: self.budget,
            created: self.created,
        }
    }
}

impl<T: Serialize> IntoResponse for Told<T> {
    fn into_response(self) -> Response {
        let (status, place) = match self.created {
            Created::Nothing => (StatusCode::OK, None),
            Created::Unseen => (StatusCode::CREATED, None),
            Created::At(place) => (StatusCode::CREATED, HeaderValue::from_str(&place).ok()),
        };
        let mut response = (status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        if let Some(place) = place {
            headers.insert(header::LOCATION, place);
        }
        if let Some(budget) = self.budget {
            budget.tell(headers);
        }
        response
    }
}
