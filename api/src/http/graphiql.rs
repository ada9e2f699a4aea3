//! GraphiQL with all it needs inside the program: it works without the Internet.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect},
};

use super::page::serve;

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
    serve(find("index.html"))
}

/// The page's addresses are relative, so it has one place.
pub(super) async fn to_page() -> Redirect {
    Redirect::permanent("/graphiql")
}

/// What the page loads.
pub(super) async fn asset(Path(file): Path<String>) -> impl IntoResponse {
    serve(find(&file))
}
