//! The page that the links of mails open, for an installation without a frontend of its own. What the link carries stands
//! behind `#`, so that it reaches no server's log; the page sends it to `/graphql`.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect},
};

use super::asset::{assets, serve};

assets! { "welcome":
    "index.html": "text/html; charset=utf-8",
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "providers.js": "text/javascript; charset=utf-8",
    "texts.js": "text/javascript; charset=utf-8",
}

/// The page.
pub(super) async fn page() -> impl IntoResponse {
    serve(find("index.html"))
}

/// The page's addresses are relative, so it has one place.
pub(super) async fn to_page() -> Redirect {
    Redirect::permanent("/welcome")
}

/// What the page loads.
pub(super) async fn asset(Path(file): Path<String>) -> impl IntoResponse {
    serve(find(&file))
}
