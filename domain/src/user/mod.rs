//! A person who works here, and how they prove who they are. Stream `user-<id>`; the id is also their data subject, and
//! what agents' work carries as agent id.
//!
//! Secrets are in the events as what is needed to check them: a slow hash of the password, hashes of links and recovery
//! codes; only the shared secret of the second factor must be known. All of it is sealed under the person's own key.

mod command;
mod decide;
mod event;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
pub use command::UserCommand;
pub use decide::UserRefusal;
pub use event::UserEvent;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// A link that was mailed: the hash of what it carries, and until when it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// BLAKE3 of the token, hex.
    pub token_hash: String,
    /// After which it opens nothing.
    pub expires_at: DateTime<Utc>,
}

/// The second factor: time-based one-time passwords (RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoFactor {
    /// Shared secret, base32; `None` when the person is forgotten.
    pub secret: Option<String>,
    /// Hashes of the recovery codes that are left.
    pub recovery: BTreeSet<String>,
}

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Invited; has not come yet.
    Invited,
    /// Can sign in.
    Active,
    /// Cannot sign in for now.
    Suspended,
}

impl Standing {
    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// The standing with this stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Invited, Self::Active, Self::Suspended]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

/// What later decisions about a person's account need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Where it stands.
    pub standing: Standing,
    /// Whether they came by themselves.
    pub registered: bool,
    /// Normalised address; `None` when forgotten.
    pub email: Option<String>,
    /// What others call them; `None` when forgotten.
    pub name: Option<String>,
    /// Language of mails to them: `ru` or `en`.
    pub locale: String,
    /// PHC string; `None` before the first password, and when forgotten.
    pub password: Option<String>,
    /// The invitation or the recovery that counts.
    pub link: Option<Link>,
    /// Accounts elsewhere: subject by issuer; without those of whom is forgotten.
    pub accounts: BTreeMap<String, String>,
    /// The second factor, when it is on.
    pub two_factor: Option<TwoFactor>,
}
