//! Pages with all they need inside the program: they work without the Internet.

use axum::{
    http::{HeaderName, StatusCode, header},
    response::IntoResponse,
};

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A file of a page, by its type and content.
pub(super) fn serve(file: Option<(&'static str, &'static [u8])>) -> impl IntoResponse + use<> {
    let headers = |kind: &'static str| -> [(HeaderName, &'static str); 4] {
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-cache"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ]
    };
    match file {
        Some((kind, content)) => (StatusCode::OK, headers(kind), content),
        None => (
            StatusCode::NOT_FOUND,
            headers("text/plain; charset=utf-8"),
            b"no such file".as_slice(),
        ),
    }
}
