//! Who is asking, and what they may do.
//!
//! What opens the API: the operator's own key, API keys, and the access tokens of people who have signed in. All of them
//! are checked in memory, against what [`Directory`] has learnt of the read model of people.

mod directory;
mod door;
mod open;
mod open_id;
mod passwords;
mod registration;
mod renewal;
mod rules;
mod secrets;
mod tokens;
mod visitors;
mod vouching;

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

pub use directory::Directory;
pub(crate) use directory::KeyInUse;
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    ids::SessionId,
};
pub(crate) use door::{Door, First, INVITATION, NotLetIn, Pass, Proof, normal};
use lru::LruCache;
pub use open::set_up_token;
pub(crate) use open::{Ground, open};
pub(crate) use open_id::NotWelcome;
pub use open_id::OpenIdError;
pub(crate) use passwords::{PasswordProblem, checked};
pub(crate) use rules::Rules;
pub use secrets::SecretError;
pub(crate) use secrets::{ApiKeySecret, Secrets, hash_of, new_recovery_codes, new_secret, ticket_of};
pub(crate) use tokens::Tokens;
use uuid::Uuid;
pub(crate) use visitors::{Unvouched, Visit, Voucher};
pub(crate) use vouching::VoucherFlaw;

use self::tokens::Claims;

/// Access tokens whose signature was checked already.
const CHECKED: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// Name of the operator's own key.
const BOOTSTRAP: &str = "bootstrap";

/// An authenticated actor and its rights.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Goes into the metadata of every event.
    pub actor: Actor,
    /// What it may do, and where.
    pub rights: Arc<Rights>,
    /// The session, for a person who has signed in.
    pub session: Option<SessionId>,
    /// Whether they asked to be able to change nothing.
    pub read_only: bool,
    /// The inbox by which a visitor came, the only one they write to.
    pub inbox: Option<Uuid>,
}

impl Viewer {
    /// Somebody of whom nothing is known: may only knock.
    pub(crate) fn nobody() -> Self {
        Self {
            actor: Actor::new(ActorKind::System, "door"),
            rights: Arc::default(),
            session: None,
            read_only: false,
            inbox: None,
        }
    }

    /// The same one, able to change nothing: for supervisors who look on.
    #[must_use]
    pub(crate) fn reading(self) -> Self {
        Self {
            rights: Arc::new(Rights::clone(&self.rights).reads()),
            read_only: true,
            ..self
        }
    }

    /// Whether nothing is known of them.
    pub(crate) fn is_nobody(&self) -> bool {
        self.actor.kind == ActorKind::System
    }

    /// Whether they may ask only for operations of the operator's list, as their token can be seen by anybody.
    pub(crate) fn restricted_to_safelist(&self) -> bool {
        self.actor.kind == ActorKind::Contact
    }
}

/// What opens the API.
#[derive(Debug)]
pub struct Keys {
    bootstrap: blake3::Hash,
    all: Arc<Rights>,
    /// Known once the read models are complete.
    people: OnceLock<(Directory, Tokens)>,
    checked: Mutex<LruCache<blake3::Hash, Claims>>,
}

impl Keys {
    /// Only the operator's key, until [`Self::know`] adds the others.
    pub fn new(bootstrap: &str) -> Self {
        Self {
            bootstrap: blake3::hash(bootstrap.as_bytes()),
            all: Arc::new(Rights::all()),
            people: OnceLock::new(),
            checked: Mutex::new(LruCache::new(CHECKED)),
        }
    }

    /// From here on API keys and access tokens open as well.
    pub(crate) fn know(&self, directory: Directory, tokens: Tokens) {
        drop(self.people.set((directory, tokens)));
    }

    /// The holder of the credential in an `Authorization` value; `None` when it opens nothing.
    pub fn viewer(&self, authorization: Option<&str>) -> Option<Viewer> {
        let (scheme, credential) = authorization?.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let credential = credential.trim();
        // Equality of hashes takes the same time wherever they differ.
        if blake3::hash(credential.as_bytes()) == self.bootstrap {
            return Some(Viewer {
                actor: Actor::new(ActorKind::ApiKey, BOOTSTRAP),
                rights: Arc::clone(&self.all),
                session: None,
                read_only: false,
                inbox: None,
            });
        }
        let (directory, tokens) = self.people.get()?;
        if let Some(secret) = ApiKeySecret::parse(credential) {
            return directory.holder(&secret);
        }
        let claims = self.claims(tokens, credential)?;
        directory.bearer(&claims)
    }

    /// What somebody may do now for whom something is done later; `None` when they would not be let in.
    pub(crate) fn rights_of(&self, actor: &Actor) -> Option<Arc<Rights>> {
        if actor.kind == ActorKind::ApiKey && actor.id == BOOTSTRAP {
            return Some(Arc::clone(&self.all));
        }
        let known = matches!(actor.kind, ActorKind::Agent | ActorKind::ApiKey);
        let (directory, _) = self.people.get().filter(|_| known)?;
        directory.again(&Viewer {
            actor: actor.clone(),
            ..Viewer::nobody()
        })
    }

    /// Whether somebody who was let in before may stay, and do what they could.
    pub(crate) fn still(&self, viewer: &Viewer) -> bool {
        let known = matches!(viewer.actor.kind, ActorKind::Agent | ActorKind::ApiKey) && viewer.actor.id != BOOTSTRAP;
        let Some((directory, _)) = self.people.get().filter(|_| known) else {
            return true;
        };
        directory.again(viewer).is_some_and(|rights| {
            if viewer.read_only {
                Rights::clone(&rights).reads() == *viewer.rights
            } else {
                rights == viewer.rights
            }
        })
    }

    /// Whether an `Authorization` value is a token that was signed here, though it may open nothing any more.
    pub(crate) fn was_issued_here(&self, authorization: &str) -> bool {
        let token = authorization.rsplit(' ').next().unwrap_or_default();
        let people = self.people.get();
        people.is_some_and(|(_, tokens)| tokens.read(token).is_some())
    }

    /// What a token says, its signature checked once.
    fn claims(&self, tokens: &Tokens, token: &str) -> Option<Claims> {
        let name = blake3::hash(token.as_bytes());
        let known = self.checked().get(&name).copied();
        if let Some(claims) = known {
            return Some(claims);
        }
        let claims = tokens.check(token)?;
        self.checked().put(name, claims);
        Some(claims)
    }

    fn checked(&self) -> std::sync::MutexGuard<'_, LruCache<blake3::Hash, Claims>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
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
