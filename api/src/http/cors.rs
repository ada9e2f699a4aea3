//! Which sites' pages may use the API from a browser.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::CorsLayer;

use super::{
    READ_ONLY,
    guard::{IDEMPOTENCY_KEY, REQUEST_ID},
    rest::{LEFT, POLICY},
};
use crate::settings::Origin;

/// How long a browser may remember what it may.
const REMEMBERED: Duration = Duration::from_hours(1);

/// Tells browsers that these sites may; `None` when none may.
pub(super) fn layer(origins: &[Origin]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(Origin::header).collect();
    let traceparent = HeaderName::from_static("traceparent");
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::RANGE,
                header::ACCEPT_LANGUAGE,
                IDEMPOTENCY_KEY,
                REQUEST_ID,
                HeaderName::from_static(READ_ONLY),
                traceparent,
            ])
            .expose_headers([
                REQUEST_ID,
                header::RETRY_AFTER,
                header::LOCATION,
                POLICY,
                LEFT,
                header::CONTENT_DISPOSITION,
                header::CONTENT_RANGE,
                header::ACCEPT_RANGES,
                header::ETAG,
            ])
            .max_age(REMEMBERED)
    })
}

/// Whether a page with this `Origin` may open a socket, which browsers ask nobody about: one of ours, or of the list.
/// What is no browser sends none.
pub(super) fn may_open(headers: &HeaderMap, origins: &[Origin]) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|it| it.to_str().unwrap_or_default());
    let Some(origin) = text(header::ORIGIN) else {
        return true;
    };
    let own = origin.split_once("://").map(|(_, host)| host);
    let host = text(header::HOST).filter(|it| !it.is_empty());
    (own.is_some() && own == host) || origins.iter().any(|it| it.is(origin))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::may_open;
    use crate::config::Config;

    #[test]
    fn socket_is_opened_by_our_pages_and_listed_ones() {
        let settings = Config::from_toml("cors_origins = 'https://shop.example'").unwrap();
        let origins = settings.cors_origins;
        let may = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert("host", "desk.example:8080".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert("origin", origin.parse().unwrap());
            }
            may_open(&headers, &origins)
        };
        for good in [None, Some("https://desk.example:8080"), Some("https://shop.example")] {
            assert!(may(good), "{good:?}");
        }
        for bad in [
            "https://desk.example",
            "https://shop.example:444",
            "null",
            "",
            "https://shop.example.evil",
        ] {
            assert!(!may(Some(bad)), "{bad:?}");
        }
    }
}
