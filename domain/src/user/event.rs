use serde::{Deserialize, Serialize};

use super::Link;
use crate::personal::{Personal, PersonalField};

/// What has happened to a person's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum UserEvent {
    /// They were asked to come, by a mail with a link.
    Invited {
        /// Normalised address.
        email: Personal<String>,
        /// What others call them.
        name: Personal<String>,
        /// Language of the mail: `ru` or `en`.
        locale: String,
        /// What the mail carries.
        #[serde(flatten)]
        link: Link,
    },
    /// The invitation was sent again, with another link.
    Reinvited {
        /// What the mail carries.
        #[serde(flatten)]
        link: Link,
    },
    /// They came by themselves.
    Registered {
        /// Normalised address.
        email: Personal<String>,
        /// What others call them.
        name: Personal<String>,
        /// Language of mails to them: `ru` or `en`.
        locale: String,
        /// What the mail that proves the address carries; none for the first administrator, whom the operator vouches for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<Link>,
    },
    /// The address is proven: they can sign in.
    Activated {},
    /// They have a password, or another one.
    PasswordSet {
        /// PHC string of argon2id.
        hash: Personal<String>,
    },
    /// They cannot get in and asked for a link.
    RecoveryRequested {
        /// What the mail carries.
        #[serde(flatten)]
        link: Link,
    },
    /// Signing in takes a second factor from now on.
    TwoFactorEnabled {
        /// Shared secret, base32.
        secret: Personal<String>,
        /// Hashes of the recovery codes.
        recovery: Vec<String>,
    },
    /// A recovery code was used up.
    RecoveryCodeUsed {
        /// Its hash.
        code_hash: String,
    },
    /// Signing in takes no second factor any more.
    TwoFactorDisabled {},
    /// They are called otherwise, or speak another language.
    ProfileChanged {
        /// What others call them.
        name: Personal<String>,
        /// Language of mails to them: `ru` or `en`.
        locale: String,
    },
    /// They can sign in with an account elsewhere.
    AccountLinked {
        /// Whom the provider calls itself.
        issuer: String,
        /// Whom it means.
        subject: Personal<String>,
    },
    /// They cannot sign in for now.
    Suspended {
        /// Why, if told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<String>>,
    },
    /// They can sign in again.
    Reinstated {},
}

impl UserEvent {
    /// Its personal fields, by the names they are stored under.
    pub fn personal_mut(&mut self) -> Vec<(&'static str, &mut dyn PersonalField)> {
        match self {
            Self::Invited { email, name, .. } | Self::Registered { email, name, .. } => {
                vec![("email", email), ("name", name)]
            }
            Self::PasswordSet { hash } => vec![("hash", hash)],
            Self::TwoFactorEnabled { secret, .. } => vec![("secret", secret)],
            Self::ProfileChanged { name, .. } => vec![("name", name)],
            Self::AccountLinked { subject, .. } => vec![("subject", subject)],
            Self::Suspended { reason: Some(reason) } => vec![("reason", reason)],
            Self::Reinvited { .. }
            | Self::Activated {}
            | Self::RecoveryRequested { .. }
            | Self::RecoveryCodeUsed { .. }
            | Self::TwoFactorDisabled {}
            | Self::Suspended { reason: None }
            | Self::Reinstated {} => Vec::new(),
        }
    }
}
