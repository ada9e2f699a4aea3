//! What visitors and the secrets that vouch for them are given, and answered.

use async_graphql::{ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};

use super::tell::Told;
use crate::{
    auth::Visit,
    graphql::{
        LogPosition,
        ids::{Kind, global},
        payload::UserError,
    },
};

/// A secret that shall vouch for the visitors of an inbox.
#[derive(Debug, InputObject)]
pub(super) struct IssueVisitorSecretInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless the
    /// header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Id of the inbox.
    pub(super) inbox_id: ID,
    /// Seconds for which the secret until now counts as well, 0 to 604800, so that nobody is locked out while the new one
    /// is put in place.
    #[graphql(default = 0)]
    pub(super) keep_former_s: i32,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A secret that shall vouch for nobody any more.
#[derive(Debug, InputObject)]
pub(super) struct RevokeVisitorSecretInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless the
    /// header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Id of the inbox.
    pub(super) inbox_id: ID,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// What mutations about an inbox's secret answer.
#[derive(Debug, SimpleObject)]
pub(super) struct VisitorSecretPayload {
    /// The key of HMAC-SHA-256, the text itself as UTF-8: shown here and never again. Null when none was issued.
    pub(super) secret: Option<String>,
    /// Position of the last event.
    pub(super) position: Option<LogPosition>,
    /// Rules the request breaks; empty when it was carried out.
    pub(super) user_errors: Vec<UserError>,
    /// As it came in the input.
    pub(super) client_mutation_id: Option<String>,
}

impl VisitorSecretPayload {
    pub(super) fn new(secret: Option<String>, told: Told, client_mutation_id: Option<String>) -> Self {
        Self {
            secret: secret.filter(|_| told.user_errors.is_empty()),
            position: told.position,
            user_errors: told.user_errors,
            client_mutation_id,
        }
    }
}

/// A visitor for whom somebody vouches: by `token`, or by `externalId` and `hmac`.
#[derive(Debug, InputObject)]
pub(super) struct StartVisitInput {
    /// Id of the inbox.
    pub(super) inbox_id: ID,
    /// A JSON Web Token signed with HS256 and the inbox's secret: `sub`, the person's id in your system; `aud`, the id of
    /// the inbox; `exp`, at most 24 hours ahead; optionally `email`, `phone` and `name`.
    pub(super) token: Option<String>,
    /// The person's id in your system, 1 to 200 characters.
    pub(super) external_id: Option<String>,
    /// HMAC-SHA-256 of `externalId` under the inbox's secret, 64 hex digits.
    pub(super) hmac: Option<String>,
    /// What they call themselves, when nobody has said it for them; for a new contact.
    pub(super) name: Option<String>,
}

/// What opens the API for a visitor.
#[derive(Debug, SimpleObject)]
pub(super) struct VisitorSession {
    /// Sent as `Authorization: Bearer …` with each request; for operations of the operator's list only.
    access_token: String,
    /// Until when it counts: start the visit again before.
    access_token_expires_at: DateTime<Utc>,
    /// The contact the visitor is.
    contact_id: ID,
}

impl From<Visit> for VisitorSession {
    fn from(visit: Visit) -> Self {
        Self {
            access_token: visit.access_token,
            access_token_expires_at: visit.expires_at,
            contact_id: global(Kind::Contact, visit.contact.0),
        }
    }
}

/// What `startVisit` answers.
#[derive(Debug, SimpleObject)]
pub(super) struct VisitPayload {
    /// What opens the API from now on; null when the visitor was not let in.
    pub(super) session: Option<VisitorSession>,
    /// Rules the request breaks; empty when it was carried out.
    pub(super) user_errors: Vec<UserError>,
}
