//! What the door is given, and what it answers.

use async_graphql::{InputObject, SimpleObject};
use chrono::{DateTime, Utc};

use super::objects::User;
use crate::{
    auth::Pass,
    graphql::{payload::UserError, scripts::ScriptLanguage},
};

/// What opens the API for a person who was let in.
#[derive(Debug, SimpleObject)]
pub(super) struct SignedIn {
    /// Sent as `Authorization: Bearer …` with each request.
    pub(super) access_token: String,
    /// Until when it counts.
    pub(super) access_token_expires_at: DateTime<Utc>,
    /// Renews the session once, by `refreshSession`.
    pub(super) refresh_token: String,
    /// Until when it can.
    pub(super) refresh_token_expires_at: DateTime<Utc>,
}

impl From<Pass> for SignedIn {
    fn from(pass: Pass) -> Self {
        Self {
            access_token: pass.access_token,
            access_token_expires_at: pass.access_expires_at,
            refresh_token: pass.refresh_token,
            refresh_token_expires_at: pass.refresh_expires_at,
        }
    }
}

/// What mutations answer that let somebody in.
#[derive(Debug, SimpleObject)]
pub(super) struct SessionPayload {
    /// What opens the API from now on; null when nobody was let in.
    pub(super) session: Option<SignedIn>,
    /// Who was let in.
    pub(super) user: Option<User>,
    /// Rules the request breaks; empty when it was carried out.
    pub(super) user_errors: Vec<UserError>,
}

/// What mutations answer that only do something.
#[derive(Debug, SimpleObject)]
pub(super) struct DonePayload {
    /// Whether it was done.
    pub(super) done: bool,
    /// Rules the request breaks; empty when it was carried out.
    pub(super) user_errors: Vec<UserError>,
}

/// What `enableTwoFactor` answers.
#[derive(Debug, SimpleObject)]
pub(super) struct TwoFactorPayload {
    /// Each lets in once when the device is lost: shown here and never again.
    pub(super) recovery_codes: Vec<String>,
    /// Rules the request breaks; empty when it was carried out.
    pub(super) user_errors: Vec<UserError>,
}

/// A second factor that is not on yet.
#[derive(Debug, SimpleObject)]
pub(super) struct TwoFactorDraft {
    /// Shared secret, base32: give it back to `enableTwoFactor` with a code made from it.
    pub(super) secret: String,
    /// The same as `otpauth://` address, for a QR code.
    pub(super) uri: String,
}

/// Somebody at the door.
#[derive(Debug, InputObject)]
pub(super) struct SignInInput {
    /// Address of the account.
    pub(super) email: String,
    /// Its password.
    pub(super) password: String,
    /// Code of the second factor, where one is on.
    pub(super) code: Option<String>,
    /// A recovery code instead of it.
    pub(super) recovery_code: Option<String>,
}

/// What a mailed link offers, taken up.
#[derive(Debug, InputObject)]
pub(super) struct FollowLinkInput {
    /// What stands in the link behind `#`.
    pub(super) token: String,
    /// The new password, 10 to 200 characters; needed unless there is one.
    pub(super) password: Option<String>,
    /// What others shall call you; as in the invitation by default.
    pub(super) name: Option<String>,
}

/// Somebody who comes back from a provider of accounts.
#[derive(Debug, InputObject)]
pub(super) struct TakeUpSignInInput {
    /// What stands in the address of the page behind `#sign-in=`.
    pub(super) code: String,
    /// What the page that began has kept to itself: the text whose SHA-256, base64url, was its `challenge`.
    pub(super) verifier: String,
}

/// Somebody who comes by themselves.
#[derive(Debug, InputObject)]
pub(super) struct RegisterInput {
    /// Address for sign-in and mails, in a domain that the operator has opened.
    pub(super) email: String,
    /// What others call you, 1 to 100 characters in one line.
    pub(super) name: String,
    /// Language of mails, `ru` or `en`; that of the request by default.
    pub(super) locale: Option<String>,
}

/// The first administrator.
#[derive(Debug, InputObject)]
pub(super) struct SetUpInput {
    /// What the server printed at its first start.
    pub(super) token: String,
    /// Address for sign-in and mails.
    pub(super) email: String,
    /// What others call you.
    pub(super) name: String,
    /// The password, 10 to 200 characters.
    pub(super) password: String,
    /// Language of mails, `ru` or `en`; that of the request by default.
    pub(super) locale: Option<String>,
    /// In which languages the scripts that Letopis comes with are installed (five macros, three canned replies); none by
    /// default, see `installStarterScripts`.
    pub(super) starter_scripts: Option<Vec<ScriptLanguage>>,
}
