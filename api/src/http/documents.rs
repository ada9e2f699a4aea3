//! Documents that were parsed before: frontends send the same few again and again.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use async_graphql::{
    Request,
    parser::{parse_query, types::ExecutableDocument},
};
use lru::LruCache;

/// Documents kept, those used last.
const MOST: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// Longest text kept, in bytes.
const LONGEST: usize = 16 * 1024;

/// Parsed documents by their text.
#[derive(Debug)]
pub struct Documents(Mutex<LruCache<String, ExecutableDocument>>);

impl Default for Documents {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }
}

impl Documents {
    /// The request with its document parsed. One that does not parse is left to the executor, which says why.
    pub(super) fn parsed(&self, mut request: Request) -> Request {
        if request.query.len() > LONGEST {
            return request;
        }
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&request.query)
            .cloned();
        if let Some(document) = known.or_else(|| self.learn(&request.query)) {
            request.set_parsed_query(document);
        }
        request
    }

    fn learn(&self, text: &str) -> Option<ExecutableDocument> {
        let document = parse_query(text).ok()?;
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put(text.to_owned(), document.clone());
        Some(document)
    }
}
