//! Who is asking. For now one actor: the holder of the first administrator's API key.

use std::sync::Arc;

use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
};

/// An authenticated actor and its rights.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Goes into the metadata of every event.
    pub actor: Actor,
    /// What it may do, and where.
    pub rights: Arc<Rights>,
}

impl Viewer {
    /// Whether it may ask only for operations of the operator's list, as a token that anybody can see.
    pub fn restricted_to_safelist(&self) -> bool {
        false
    }
}

/// The keys that open the API. Only their hashes are kept in memory.
#[derive(Debug, Clone)]
pub struct Keys {
    bootstrap: blake3::Hash,
}

impl Keys {
    /// Only the first administrator's key.
    pub fn new(bootstrap: &str) -> Self {
        Self {
            bootstrap: blake3::hash(bootstrap.as_bytes()),
        }
    }

    /// The holder of the key in an `Authorization` value; `None` when it opens nothing.
    pub fn viewer(&self, authorization: Option<&str>) -> Option<Viewer> {
        let (scheme, key) = authorization?.trim().split_once(' ')?;
        // Equality of hashes takes the same time wherever they differ.
        let known = scheme.eq_ignore_ascii_case("bearer") && blake3::hash(key.trim().as_bytes()) == self.bootstrap;
        known.then(|| Viewer {
            actor: Actor::new(ActorKind::ApiKey, "bootstrap"),
            rights: Arc::new(Rights::all()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;

    #[test]
    fn only_the_right_bearer_opens() {
        let keys = Keys::new("secret");
        assert!(keys.viewer(Some("Bearer secret")).is_some());
        assert!(keys.viewer(Some("bearer  secret ")).is_some());
        for wrong in [
            None,
            Some(""),
            Some("secret"),
            Some("Bearer "),
            Some("Bearer Secret"),
            Some("Basic secret"),
        ] {
            assert!(keys.viewer(wrong).is_none(), "{wrong:?}");
        }
    }
}
