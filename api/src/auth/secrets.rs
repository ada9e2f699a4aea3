//! Secrets of this installation, and what is derived from them: links, renewal tokens, API keys.
//!
//! Each lies in the vault under a name, as if it were a person's key: made once, wrapped under the master key, backed up
//! with the others. What is derived from a command's id comes out the same when the command is repeated.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    ids::{ApiKeyId, CommandId, singleton},
    personal::DataSubject,
};
use event_store::{Key, SubjectKey, Vault, vault::VaultError};
use uuid::Uuid;

/// What API keys begin with, so that scanners of source code find lost ones.
const PREFIX: &str = "ltp_";
/// The same of secrets that vouch for visitors.
const VISITORS: &str = "ltv_";
/// The same of what follows a ticket without signing in.
const TRACKING: &str = "ltt_";

/// The secrets by name.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    vault: Vault,
    known: Arc<Mutex<HashMap<String, Key>>>,
}

/// Why a secret is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Somebody destroyed it as if it were a person's.
    #[error("the installation's secret {0:?} was destroyed in the vault: restore the vault's newest backup")]
    Destroyed(String),
}

impl Secrets {
    pub(crate) fn new(vault: Vault) -> Self {
        Self {
            vault,
            known: Arc::default(),
        }
    }

    /// The secret with this name; made when there is none.
    pub(crate) async fn get(&self, name: &str) -> Result<Key, SecretError> {
        let known = self.known().get(name).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        let subject = DataSubject(singleton(&format!("secret {name}")));
        match self.vault.keys_or_new(&[subject]).await?.get(subject) {
            Some(SubjectKey::Known(key)) => {
                self.known().insert(name.to_owned(), key.clone());
                Ok(key.clone())
            }
            Some(SubjectKey::Destroyed) | None => Err(SecretError::Destroyed(name.to_owned())),
        }
    }

    /// The token of the link that a command's mail carries: names the user, and proves that it came from here.
    pub(crate) async fn link(&self, user: Uuid, command: CommandId) -> Result<String, SecretError> {
        let key = self.get("links").await?;
        let mac = blake3::keyed_hash(
            key.as_bytes(),
            &[user.as_bytes().as_slice(), command.0.as_bytes()].concat(),
        );
        let whole = [user.as_bytes().as_slice(), mac.as_bytes()].concat();
        Ok(URL_SAFE_NO_PAD.encode(whole))
    }

    /// The API key that a command issues.
    pub(crate) async fn api_key(&self, id: ApiKeyId, command: CommandId) -> Result<ApiKeySecret, SecretError> {
        let key = self.get("api_keys").await?;
        let secret = blake3::keyed_hash(key.as_bytes(), command.0.as_bytes());
        Ok(ApiKeySecret {
            id,
            secret: *secret.as_bytes(),
        })
    }

    /// The secret that vouches for visitors of an inbox, as it is shown once; the text itself is the key.
    pub(crate) async fn visitors(&self, inbox: Uuid, seed: Uuid) -> Result<String, SecretError> {
        let key = self.get("visitors").await?;
        let named = [inbox.as_bytes().as_slice(), seed.as_bytes()].concat();
        let secret = blake3::keyed_hash(key.as_bytes(), &named);
        Ok(format!("{VISITORS}{}", URL_SAFE_NO_PAD.encode(secret.as_bytes())))
    }

    /// What follows a ticket without signing in, as the command that issues it shows it once.
    pub(crate) async fn tracking(&self, ticket: Uuid, command: CommandId) -> Result<String, SecretError> {
        let key = self.get("tracking").await?;
        let named = [ticket.as_bytes().as_slice(), command.0.as_bytes()].concat();
        let mac = blake3::keyed_hash(key.as_bytes(), &named);
        let whole = [ticket.as_bytes().as_slice(), mac.as_bytes()].concat();
        Ok(format!("{TRACKING}{}", URL_SAFE_NO_PAD.encode(whole)))
    }

    /// What the first administrator must show: whoever sees the server's output has it.
    pub(crate) async fn set_up_token(&self) -> Result<String, SecretError> {
        let key = self.get("set up").await?;
        Ok(hash_of(key.as_bytes()).chars().take(32).collect())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Key>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the log keeps of something secret and random: hex of its BLAKE3 hash.
pub(crate) fn hash_of(secret: &[u8]) -> String {
    blake3::hash(secret).to_hex().to_string()
}

/// A new shared secret of a second factor: 160 bits (RFC 4226, 4), base32.
pub(crate) fn new_secret() -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    (0..32)
        .map(|_| char::from(DIGITS[usize::from(rand::random::<u8>() % 32)]))
        .collect()
}

/// New recovery codes: 80 bits each.
pub(crate) fn new_recovery_codes() -> Vec<String> {
    let group = || format!("{:05x}", rand::random::<u32>() & 0xf_ffff);
    (0..10)
        .map(|_| [group(), group(), group(), group()].join("-"))
        .collect()
}

/// The user that a link's token names.
pub(crate) fn user_of_link(token: &str) -> Option<Uuid> {
    let whole = URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
    let (user, mac) = whole.split_first_chunk::<16>()?;
    (mac.len() == 32).then(|| Uuid::from_bytes(*user))
}

/// The ticket that a tracking token names.
pub(crate) fn ticket_of(token: &str) -> Option<Uuid> {
    let whole = URL_SAFE_NO_PAD.decode(token.trim().strip_prefix(TRACKING)?).ok()?;
    let (ticket, mac) = whole.split_first_chunk::<16>()?;
    (mac.len() == 32).then(|| Uuid::from_bytes(*ticket))
}

/// An API key in the clear. `Debug` shows only its id.
pub(crate) struct ApiKeySecret {
    pub(crate) id: ApiKeyId,
    secret: [u8; 32],
}

impl std::fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiKeySecret({})", self.id)
    }
}

impl ApiKeySecret {
    /// As it is shown once, and sent with each request.
    pub(crate) fn text(&self) -> String {
        let whole = [self.id.0.as_bytes().as_slice(), &self.secret].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(whole))
    }

    /// What was sent, if it has the form of a key.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let whole = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (id, secret) = whole.split_first_chunk::<16>()?;
        Some(Self {
            id: ApiKeyId(Uuid::from_bytes(*id)),
            secret: secret.try_into().ok()?,
        })
    }

    /// What the log keeps of it.
    pub(crate) fn hash(&self) -> String {
        hash_of(&self.secret)
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::ApiKeyId;
    use uuid::Uuid;

    use super::ApiKeySecret;

    #[test]
    fn key_reads_back_and_nothing_else_does() {
        let key = ApiKeySecret {
            id: ApiKeyId(Uuid::from_u128(7)),
            secret: [9; 32],
        };
        let text = key.text();
        let read = ApiKeySecret::parse(&text).unwrap();
        assert_eq!((read.id, read.hash()), (key.id, key.hash()));
        for bad in ["", "ltp_", "ltp_AAAA", &text[4..], &text[..text.len() - 2], "ltp_ы"] {
            assert!(ApiKeySecret::parse(bad).is_none(), "{bad:?}");
        }
    }
}
