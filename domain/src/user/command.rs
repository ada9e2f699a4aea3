use serde::Serialize;

use super::Link;

/// A wish about a person's account. Its serialised form is the fingerprint of a request, so it leaves out what the server
/// adds and what is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum UserCommand {
    /// Ask somebody to come.
    Invite {
        /// Normalised address.
        email: String,
        /// What others call them.
        name: String,
        /// `ru` or `en`.
        locale: String,
        /// What the mail carries.
        #[serde(skip)]
        link: Link,
    },
    /// Send the invitation again.
    Reinvite {
        /// What the mail carries.
        #[serde(skip)]
        link: Link,
    },
    /// Come by oneself.
    Register {
        /// Normalised address.
        email: String,
        /// What others call them.
        name: String,
        /// `ru` or `en`.
        locale: String,
        /// PHC string of the password; none when it comes with the link.
        #[serde(skip)]
        password: Option<String>,
        /// What the mail that proves the address carries; none when the operator vouches for it.
        #[serde(skip)]
        link: Option<Link>,
    },
    /// Take an invitation, a registration or a recovery up, by its link.
    FollowLink {
        /// Hash of what the link carries.
        token_hash: String,
        /// PHC string of the new password; none keeps the one there is.
        #[serde(skip)]
        password: Option<String>,
        /// What others shall call them; none keeps the name there is.
        name: Option<String>,
    },
    /// Set another password, by somebody who is signed in and has proven the old one.
    ChangePassword {
        /// PHC string.
        #[serde(skip)]
        password: String,
    },
    /// Ask for a link, because one cannot get in.
    RequestRecovery {
        /// What the mail carries.
        #[serde(skip)]
        link: Link,
    },
    /// Take a second factor from now on; the secret was proven by a code.
    EnableTwoFactor {
        /// Shared secret, base32.
        #[serde(skip)]
        secret: String,
        /// Hashes of the recovery codes.
        #[serde(skip)]
        recovery: Vec<String>,
    },
    /// Use a recovery code up.
    UseRecoveryCode {
        /// Its hash.
        code_hash: String,
    },
    /// Take no second factor any more.
    DisableTwoFactor,
    /// Change name and language.
    ChangeProfile {
        /// What others call them.
        name: String,
        /// `ru` or `en`.
        locale: String,
    },
    /// Sign in with an account elsewhere from now on; its provider has proven the address.
    LinkAccount {
        /// Whom the provider calls itself.
        issuer: String,
        /// Whom it means.
        subject: String,
    },
    /// Let them in no more.
    Suspend {
        /// Why.
        reason: Option<String>,
    },
    /// Let them in again.
    Reinstate,
}
