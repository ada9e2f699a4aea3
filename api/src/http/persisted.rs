//! Documents that are asked for by their hash: those that clients have sent before, and those of the operator's list.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{Request, Value, parser::parse_query};
use aws_lc_rs::digest::{SHA256, digest};
use lru::LruCache;

use crate::problem::Problem;

/// Documents of clients kept, those used last.
const MOST: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
/// Longest document of a client that is kept, in bytes.
const LONGEST: usize = 16 * 1024;

/// The file of persisted operations is none.
#[derive(Debug, thiserror::Error)]
pub enum PersistedError {
    /// It cannot be read.
    #[error("persisted_operations_file {file} cannot be read ({source}): name a readable file, or none")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not a JSON object of texts.
    #[error("persisted_operations_file {file} does not read ({source}): give a JSON object, name to document")]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A document in it is none.
    #[error("persisted_operations_file {file}: the document {name:?} does not parse ({source}): mend it")]
    Document {
        /// The file.
        file: PathBuf,
        /// Its name in the file.
        name: String,
        /// What is wrong with it.
        source: async_graphql::parser::Error,
    },
}

/// The documents.
#[derive(Debug)]
pub(super) struct Operations {
    /// By name and by hash.
    listed: HashMap<String, Arc<str>>,
    /// By hash.
    sent: Mutex<LruCache<String, Arc<str>>>,
}

impl Operations {
    /// Those of a file, if one is given.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn load(file: Option<&Path>) -> Result<Self, PersistedError> {
        let mut listed = HashMap::new();
        if let Some(file) = file {
            let file = file.to_owned();
            let text = std::fs::read(&file).map_err(|source| PersistedError::Unreadable {
                file: file.clone(),
                source,
            })?;
            let documents: HashMap<String, String> =
                serde_json::from_slice(&text).map_err(|source| PersistedError::Malformed {
                    file: file.clone(),
                    source,
                })?;
            for (name, document) in documents {
                if let Err(source) = parse_query(&document) {
                    return Err(PersistedError::Document { file, name, source });
                }
                let document: Arc<str> = document.into();
                listed.insert(sha256(&document), Arc::clone(&document));
                listed.insert(name, document);
            }
        }
        Ok(Self {
            listed,
            sent: Mutex::new(LruCache::new(MOST)),
        })
    }

    /// Puts the document in that a request only names, and keeps one that it names and sends.
    ///
    /// # Errors
    /// When it is not known, when it is not the one it is said to be, or when the caller may ask only for listed ones
    /// and this is none.
    pub(super) fn resolve(&self, request: &mut Request, restricted_to_safelist: bool) -> Result<(), Problem> {
        let named = named(request)?;
        if restricted_to_safelist {
            let name = named.unwrap_or_else(|| sha256(&request.query));
            let listed = self.listed.get(&name).ok_or_else(not_listed)?;
            if !request.query.is_empty() && *request.query != **listed {
                return Err(not_listed());
            }
            request.query = listed.to_string();
            return Ok(());
        }
        let Some(name) = named else {
            return Ok(());
        };
        if request.query.is_empty() {
            request.query = self.known(&name).ok_or_else(unknown)?.to_string();
            return Ok(());
        }
        if sha256(&request.query) != name {
            let (russian, english) = ("SHA-256 поля query", "the SHA-256 of query");
            return Err(Problem::bad_input("sha256Hash", &name, russian, english));
        }
        if request.query.len() <= LONGEST {
            let document = request.query.as_str().into();
            self.sent
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .put(name, document);
        }
        Ok(())
    }

    fn known(&self, name: &str) -> Option<Arc<str>> {
        let listed = self.listed.get(name).cloned();
        listed.or_else(|| {
            self.sent
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(name)
                .cloned()
        })
    }
}

/// The hash, or the name in the operator's list, that a request gives in `extensions.persistedQuery.sha256Hash`.
fn named(request: &Request) -> Result<Option<String>, Problem> {
    let bad = |given: &Value| {
        Problem::bad_input(
            "extensions.persistedQuery",
            &given.to_string(),
            "{version: 1, sha256Hash: SHA-256 документа}",
            "{version: 1, sha256Hash: the SHA-256 of the document}",
        )
    };
    match request.extensions.get("persistedQuery") {
        None | Some(Value::Null) => Ok(None),
        Some(given @ Value::Object(fields)) => match (fields.get("version"), fields.get("sha256Hash")) {
            (Some(Value::Number(version)), Some(Value::String(hash))) if version.as_u64() == Some(1) => {
                Ok(Some(hash.clone()))
            }
            _ => Err(bad(given)),
        },
        Some(other) => Err(bad(other)),
    }
}

fn sha256(text: &str) -> String {
    let halves = digest(&SHA256, text.as_bytes());
    let halves = halves.as_ref().iter().flat_map(|it| [it >> 4, it & 15]);
    halves.filter_map(|it| char::from_digit(it.into(), 16)).collect()
}

/// What clients of the protocol wait for before they send the document too.
fn unknown() -> Problem {
    Problem::new(
        "PERSISTED_QUERY_NOT_FOUND",
        "PersistedQueryNotFound",
        "PersistedQueryNotFound",
    )
}

fn not_listed() -> Problem {
    Problem::new(
        "FORBIDDEN",
        "с этим токеном выполняются только операции из списка сервера",
        "with this token only operations of the server's list are carried out",
    )
}

#[cfg(test)]
mod tests {
    use async_graphql::Request;
    use serde_json::json;

    use super::{Operations, sha256};

    const DOCUMENT: &str = "{ tickets { totalCount } }";

    fn request(query: &str, hash: Option<&str>) -> Request {
        let mut request = json!({"query": query});
        if let Some(hash) = hash {
            request["extensions"] = json!({"persistedQuery": {"version": 1, "sha256Hash": hash}});
        }
        serde_json::from_value(request).unwrap()
    }

    fn listed() -> Operations {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), json!({"count": DOCUMENT}).to_string()).unwrap();
        Operations::load(Some(file.path())).unwrap()
    }

    #[test]
    fn document_sent_once_is_known_by_its_hash() {
        let operations = Operations::load(None).unwrap();
        let hash = sha256(DOCUMENT);
        let resolve = |query, hash| {
            let mut request = request(query, hash);
            operations.resolve(&mut request, false).map(|()| request.query)
        };
        assert_eq!(resolve("", Some(&hash)).unwrap_err().code, "PERSISTED_QUERY_NOT_FOUND");
        assert_eq!(resolve("{ other }", Some(&hash)).unwrap_err().code, "BAD_USER_INPUT");
        assert_eq!(resolve("", Some(&hash)).unwrap_err().code, "PERSISTED_QUERY_NOT_FOUND");
        assert_eq!(resolve(DOCUMENT, Some(&hash)).unwrap(), DOCUMENT);
        assert_eq!(resolve("", Some(&hash)).unwrap(), DOCUMENT);
        assert_eq!(resolve("{ other }", None).unwrap(), "{ other }");
    }

    #[test]
    fn restricted_caller_gets_listed_documents_alone() {
        let operations = listed();
        let resolve = |query, hash| {
            let mut request = request(query, hash);
            operations.resolve(&mut request, true).map(|()| request.query)
        };
        let hash = sha256(DOCUMENT);
        assert_eq!(resolve(DOCUMENT, None).unwrap(), DOCUMENT);
        assert_eq!(resolve("", Some("count")).unwrap(), DOCUMENT);
        assert_eq!(resolve("", Some(&hash)).unwrap(), DOCUMENT);
        for (query, hash) in [
            ("{ other }", None),
            ("", None),
            ("", Some("other")),
            ("{ other }", Some("count")),
            ("{ other }", Some(hash.as_str())),
        ] {
            assert_eq!(resolve(query, hash).unwrap_err().code, "FORBIDDEN", "{query} {hash:?}");
        }
    }

    #[test]
    fn file_that_is_none_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (content, word) in [("[]", "JSON object"), (r#"{"a": "{"}"#, "\"a\"")] {
            std::fs::write(file.path(), content).unwrap();
            let said = Operations::load(Some(file.path())).unwrap_err().to_string();
            assert!(
                said.contains(word) && said.contains(file.path().to_str().unwrap()),
                "{said}"
            );
        }
        assert!(
            Operations::load(Some("/nowhere".as_ref()))
                .unwrap_err()
                .to_string()
                .contains("/nowhere")
        );
    }
}
