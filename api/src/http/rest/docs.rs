//! A page to try the routes, made from the OpenAPI document; all it needs is inside the program.

use axum::{extract::Path, response::IntoResponse};

use crate::http::asset::serve;

macro_rules! assets {
    ($($file:literal: $type:literal),+ $(,)?) => {
        fn find(file: &str) -> Option<(&'static str, &'static [u8])> {
            match file {
                $($file => Some(($type, include_bytes!(concat!("../../../assets/rest/", $file)))),)+
                _ => None,
            }
        }
    };
}

assets! {
    "index.html": "text/html; charset=utf-8",
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
}

/// The page.
pub(super) async fn page() -> impl IntoResponse {
    serve(find("index.html"))
}

/// What the page loads.
pub(super) async fn asset(Path(file): Path<String>) -> impl IntoResponse {
    serve(find(&file))
}
