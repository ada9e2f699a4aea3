//! Asks the GraphQL schema for whoever asks here, and takes what they ask for out of requests.

use async_graphql::{Request, Response, Variables};
use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Path, Query, Request as HttpRequest},
    http::{HeaderMap, Method, StatusCode, request::Parts},
};
use domain::actor::ActorKind;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Failure,
    told::{Budget, Created, Told},
};
use crate::{
    graphql::{Call, Caller},
    http::{
        Shared,
        graphql::{carried_out, json_body},
        prepare::prepare_known,
        refusal::Refusal,
    },
    problem::{Problem, internal},
};

/// Somebody who was let in and asks.
#[derive(Debug)]
pub(super) struct Asking {
    shared: Shared,
    call: Call,
    caller: Caller,
    headers: HeaderMap,
}

impl FromRequestParts<Shared> for Asking {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Failure> {
        let mut call = call(parts)?;
        // What no page of another site can send without asking changes as safely as a POST.
        call.may_change = !matches!(parts.method, Method::GET | Method::HEAD);
        let admitted = shared.admit(&call, &parts.headers, None);
        let caller = admitted.map_err(|it| Failure::refused(&it, &call.id, &parts.headers))?;
        Ok(Self {
            shared: shared.clone(),
            call,
            caller,
            headers: parts.headers.clone(),
        })
    }
}

fn call(parts: &Parts) -> Result<Call, Failure> {
    let absent = || {
        let problem = internal(&"a request came past the guard");
        let refusal = Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, problem);
        Failure::refused(&refusal, "", &parts.headers)
    };
    parts.extensions.get::<Call>().cloned().ok_or_else(absent)
}

impl Asking {
    /// The field `answer` of a document's data.
    ///
    /// # Errors
    /// What forbids it; `NOT_FOUND` when there is no answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        document: &'static str,
        variables: Value,
    ) -> Result<Told<T>, Failure> {
        let shared = &self.shared;
        let ready = shared.ready().ok_or_else(|| self.refuse(&Refusal::not_ready(shared)))?;
        let request = Request::new(document).variables(Variables::from_json(variables));
        let response = match prepare_known(shared, &self.call, &self.caller, request) {
            Ok(prepared) => carried_out(&self.call, &self.caller, ready, prepared).await,
            Err(refused) => {
                crate::http::trail::leave(&ready, &self.call, &self.caller).await;
                Ok(*refused)
            }
        };
        self.read(response.map_err(|it| self.refuse(&it))?)
    }

    fn read<T: DeserializeOwned>(&self, response: Response) -> Result<Told<T>, Failure> {
        let budget = Budget::of(&response);
        let failed = |error: &Value| Failure::told(error, &self.call.id, budget);
        let broken = |error: &dyn std::fmt::Display| {
            self.refuse(&Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, internal(error)))
        };
        if let Some(error) = response.errors.first() {
            let error = serde_json::to_value(error).map_err(|it| broken(&it))?;
            return Err(failed(&error));
        }
        let mut data = response.data.into_json().map_err(|it| broken(&it))?;
        let answer = data["answer"].take();
        if let Some(error) = answer["userErrors"].get(0) {
            return Err(failed(error));
        }
        if answer.is_null() {
            return Err(self.refuse(&Refusal::new(StatusCode::NOT_FOUND, no_such_ticket())));
        }
        Ok(Told {
            body: serde_json::from_value(answer).map_err(|it| broken(&it))?,
            budget,
            created: Created::Nothing,
        })
    }

    /// The id of whoever asks, if they are of this kind.
    pub(super) fn own_id(&self, kind: ActorKind) -> Option<&str> {
        let actor = &self.caller.viewer.actor;
        (actor.kind == kind).then_some(actor.id.as_str())
    }

    /// Something about a parameter or a field that no schema knows.
    pub(super) fn malformed(&self, problem: Problem) -> Failure {
        Failure::malformed(problem, &self.call.id, &self.headers)
    }

    fn refuse(&self, refusal: &Refusal) -> Failure {
        Failure::refused(refusal, &self.call.id, &self.headers)
    }
}

fn no_such_ticket() -> Problem {
    let problem = Problem::new("NOT_FOUND", "такой заявки нет", "there is no such ticket");
    Problem {
        field: vec!["id".to_owned()],
        ..problem
    }
}

/// The id in the address.
#[derive(Debug)]
pub(super) struct Id(pub(super) String);

impl FromRequestParts<Shared> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Failure> {
        match Path::<String>::from_request_parts(parts, shared).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(error) => Err(Failure::malformed(unread(&error), &call(parts)?.id, &parts.headers)),
        }
    }
}

/// The parameters behind `?`.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Self, Failure> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(error) => Err(Failure::malformed(unread(&error), &call(parts)?.id, &parts.headers)),
        }
    }
}

/// The body.
#[derive(Debug)]
pub(super) struct Given<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Given<T> {
    type Rejection = Failure;

    async fn from_request(request: HttpRequest<Body>, _shared: &Shared) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let id = call(&parts)?.id;
        let headers = &parts.headers;
        let body = json_body(headers, body).await;
        let body = body.map_err(|it| Failure::refused(&it, &id, headers))?;
        given(&body)
            .map(Self)
            .map_err(|it| Failure::malformed(it, &id, headers))
    }
}

fn given<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // A list of values would be taken for an object without names.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(unread(&"a JSON object is expected"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut reader);
    let body = read.map_err(|error| {
        let path = error.path().to_string();
        let named = !path.is_empty() && path != ".";
        Problem {
            field: Vec::from_iter(named.then_some(path)),
            ..unread(&error)
        }
    })?;
    reader.end().map_err(|it| unread(&it))?;
    Ok(body)
}

fn unread(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        "BAD_USER_INPUT",
        format!("запрос не читается: {error}"),
        format!("the request does not read: {error}"),
    )
}
