//! Pages that lie inside the program with all they need: they work without the Internet.

use axum::{
    http::{HeaderName, StatusCode, header},
    response::IntoResponse,
};

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A file's media type and content.
pub(super) type Asset = (&'static str, &'static [u8]);

/// Defines `find`, which has the files of a folder of `assets` by their names.
macro_rules! assets {
    ($folder:literal: $($file:literal: $type:literal),+ $(,)?) => {
        fn find(file: &str) -> Option<$crate::http::asset::Asset> {
            match file {
                $($file => Some(($type, include_bytes!(concat!("../../assets/", $folder, "/", $file)))),)+
                _ => None,
            }
        }
    };
}
pub(super) use assets;

/// A file, or that there is none.
pub(super) fn serve(found: Option<Asset>) -> impl IntoResponse + use<> {
    let headers = |kind: &'static str| -> [(HeaderName, &'static str); 4] {
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-cache"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ]
    };
    match found {
        Some((kind, content)) => (StatusCode::OK, headers(kind), content),
        None => (
            StatusCode::NOT_FOUND,
            headers("text/plain; charset=utf-8"),
            b"no such file".as_slice(),
        ),
    }
}
