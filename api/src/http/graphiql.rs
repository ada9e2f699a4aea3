//! GraphiQL with all it needs inside the program: it works without the Internet.

use axum::{
    extract::Path,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Redirect},
};

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

macro_rules! assets {
    ($($file:literal: $type:literal),+ $(,)?) => {
        fn find(file: &str) -> Option<(&'static str, &'static [u8])> {
            match file {
                $($file => Some(($type, include_bytes!(concat!("../../assets/graphiql/", $file)))),)+
                _ => None,
            }
        }
    };
}

assets! {
    "index.html": "text/html; charset=utf-8",
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "graphiql.min.css": "text/css; charset=utf-8",
    "graphiql.min.js": "text/javascript; charset=utf-8",
    "graphql-ws.min.js": "text/javascript; charset=utf-8",
    "react-dom.production.min.js": "text/javascript; charset=utf-8",
    "react.production.min.js": "text/javascript; charset=utf-8",
    "LICENSES.md": "text/markdown; charset=utf-8",
}

/// The page.
pub(super) async fn page() -> impl IntoResponse {
    serve("index.html")
}

/// The page's addresses are relative, so it has one place.
pub(super) async fn to_page() -> Redirect {
    Redirect::permanent("/graphiql")
}

/// What the page loads.
pub(super) async fn asset(Path(file): Path<String>) -> impl IntoResponse {
    serve(&file)
}

fn serve(file: &str) -> impl IntoResponse + use<> {
    let headers = |kind: &'static str| -> [(HeaderName, &'static str); 4] {
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-cache"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ]
    };
    match find(file) {
        Some((kind, content)) => (StatusCode::OK, headers(kind), content),
        None => (
            StatusCode::NOT_FOUND,
            headers("text/plain; charset=utf-8"),
            b"no such file".as_slice(),
        ),
    }
}
