//! What every request passes first and every response last: its name, its address, and the headers that browsers keep
//! to.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use commands::from_address;
use tracing::{Instrument, info_span};

use super::{
    Shared,
    address::{Peer, client},
    refusal::Refusal,
    rest,
};
use crate::{graphql::Call, looks::Shown};

/// Name of a request, in both directions.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Another way to give the idempotency key of a request's mutations.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// For everything but pages, which have one of their own: nothing may be made of it.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// Two years.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Passes a request on.
pub(super) async fn guard(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let call = call(&shared, &request);
    let id = Arc::clone(&call.id);
    // Supervisors ask often, and a server that does not answer them is killed.
    let limited = !request.uri().path().starts_with("/health/");
    let span = info_span!("request", id = &*id);
    let passed = if limited {
        shared.front.limits.request(call.address)
    } else {
        Ok(())
    };
    let mut response = match passed {
        Ok(()) => {
            let address = call.address;
            request.extensions_mut().insert(call);
            from_address(address, next.run(request).instrument(span)).await
        }
        Err(exhausted) => {
            let refusal = Refusal::too_many_requests(exhausted);
            if rest::is_below(request.uri().path()) {
                rest::Failure::refused(&refusal, &id, request.headers()).into_response()
            } else {
                refusal.response(&id, request.headers())
            }
        }
    };
    let tls = shared.front.tls;
    finish(response.headers_mut(), &id, tls);
    response
}

fn call(shared: &Shared, request: &Request) -> Call {
    let headers = request.headers();
    let peer = request.extensions().get::<Peer>();
    // Only a router that nobody connects to has no peer.
    let peer = peer.map_or(std::net::Ipv4Addr::LOCALHOST.into(), |it| it.0);
    let key = headers.get(IDEMPOTENCY_KEY);
    Call {
        id: request_id(headers),
        address: client(peer, headers, &shared.front.trusted_proxies),
        idempotency_key: key.map(|it| it.as_bytes().into()),
        may_change: request.method() == Method::POST,
        failed: Arc::default(),
        denied: Arc::default(),
        shown: Shown::default(),
    }
}

/// The client's name of the request, if it can be told from other text in a line of the log; else one made here.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.:".contains(&it);
    let given = headers.get(REQUEST_ID).and_then(|it| it.to_str().ok());
    match given.filter(|it| (1..=64).contains(&it.len()) && it.bytes().all(is_plain)) {
        Some(given) => given.into(),
        None => format!("{:032x}", rand::random::<u128>()).into(),
    }
}

fn finish(headers: &mut HeaderMap, id: &str, tls: bool) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::{REQUEST_ID, request_id};

    #[test]
    fn name_of_the_client_is_kept_when_it_is_plain() {
        let of = |given: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, axum::http::HeaderValue::from_bytes(given).unwrap());
            request_id(&headers).to_string()
        };
        assert_eq!(of(b"a-1_B.c:7"), "a-1_B.c:7");
        for bad in [b"".as_slice(), b"two words", "имя".as_bytes(), &[b'a'; 65], b"a\"b"] {
            let made = of(bad);
            assert!(
                made.len() == 32 && made.bytes().all(|it| it.is_ascii_hexdigit()),
                "{made}"
            );
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
