//! `/api/v1`: what small integrations need, as plain JSON over HTTP.
//!
//! Each route is a document of the same GraphQL schema, carried out as if it had been sent to `/graphql`: the same rights,
//! limits, costs and idempotency. Absent: rules, SQL, and everything that GraphQL alone has, such as subscriptions.

mod ask;
mod describe;
mod desk;
mod docs;
mod failure;
mod input;
mod objects;
mod own;
mod stats;
mod told;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::time::timeout;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use self::{
    failure::Failure,
    told::{LEFT, POLICY},
};
use super::{Shared, graphql::too_long, refusal::Refusal};
use crate::{graphql::Call, problem::Problem};

/// Where all of it lies.
pub(super) const BASE: &str = "/api/v1";

/// The routes that the OpenAPI document has.
fn documented() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(describe::document())
        .routes(routes!(own::list, own::create))
        .routes(routes!(desk::list))
        .routes(routes!(own::one))
        .routes(routes!(own::history))
        .routes(routes!(own::close))
        .routes(routes!(desk::assign, desk::unassign))
        .routes(routes!(desk::status))
        .routes(routes!(desk::priority))
        .routes(routes!(stats::stats))
}

/// The OpenAPI document.
pub(super) fn openapi() -> OpenApi {
    let mut document = documented().into_openapi();
    describe::complete(&mut document);
    document
}

/// All routes below [`BASE`].
pub(super) fn router(shared: Shared) -> Router<Shared> {
    let (router, _) = documented().split_for_parts();
    let document = Arc::new(openapi());
    let bounded = middleware::from_fn_with_state(shared, bounded);
    let router = router
        .route(
            "/openapi.json",
            get(move || std::future::ready(axum::Json(&*document).into_response())),
        )
        .route("/docs", get(docs::page))
        .route("/docs/{file}", get(docs::asset))
        .method_not_allowed_fallback(no_such_method)
        .layer(bounded);
    Router::new().nest(BASE, router)
}

/// Whether an address is one of these, so that what stands before them answers in their form.
pub(super) fn is_below(path: &str) -> bool {
    path.strip_prefix(BASE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn bounded(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let id = request.extensions().get::<Call>().map(|it| Arc::clone(&it.id));
    match timeout(shared.front.time_limit, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            Failure::refused(&too_long(shared.front.time_limit), &id.unwrap_or_default(), &headers).into_response()
        }
    }
}

async fn no_such_method(Extension(call): Extension<Call>, method: Method, headers: HeaderMap) -> Failure {
    let problem = Problem::new(
        "METHOD_NOT_ALLOWED",
        format!("по этому адресу метода {method} нет"),
        format!("this address has no method {method}"),
    );
    Failure::refused(
        &Refusal::new(StatusCode::METHOD_NOT_ALLOWED, problem),
        &call.id,
        &headers,
    )
}
