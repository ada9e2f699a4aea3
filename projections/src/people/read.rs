use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::{Permission, Rights, RoleKey, Scope, built_in};
use sqlx::PgPool;
use uuid::Uuid;

use super::scope;

/// A person who works here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Id of the user.
    pub user_id: Uuid,
    /// Number of events of the account.
    pub version: i64,
    /// `invited`, `active` or `suspended`.
    pub standing: String,
    /// Normalised address; `None` when erased.
    pub email: Option<String>,
    /// What others call them; `None` when erased.
    pub name: Option<String>,
    /// `ru` or `en`.
    pub locale: String,
    /// Signing in takes a second factor.
    pub two_factor: bool,
    /// Why they cannot sign in for now.
    pub suspended_reason: Option<String>,
    /// Instant of the invitation or registration.
    pub created_at: DateTime<Utc>,
    /// Instant of the newest change.
    pub updated_at: DateTime<Utc>,
}

/// A role made by administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    /// Its key.
    pub role: String,
    /// For people.
    pub name: String,
    /// What it allows.
    pub permissions: Vec<String>,
}

/// A role that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// Who.
    pub user_id: Uuid,
    /// Key of the role.
    pub role: String,
    /// Where it counts.
    pub scope: Scope,
    /// Since when.
    pub granted_at: DateTime<Utc>,
    /// Who granted it, `kind:id`.
    pub granted_by: String,
}

/// A key that lets a program in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Id of the key.
    pub key_id: Uuid,
    /// Number of its events.
    pub version: i64,
    /// What it is for.
    pub name: String,
    /// BLAKE3 of the key, hex.
    pub secret_hash: String,
    /// What it allows.
    pub permissions: Vec<String>,
    /// Kind of the scope.
    pub scope_kind: String,
    /// Id of the scope.
    pub scope_id: Uuid,
    /// After which it opens nothing.
    pub expires_at: Option<DateTime<Utc>>,
    /// Instant of its issue.
    pub issued_at: DateTime<Utc>,
    /// Who issued it, `kind:id`.
    pub issued_by: String,
    /// Newest day of use, UTC.
    pub used_on: Option<NaiveDate>,
    /// Instant of its revocation.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A time during which somebody is or was signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Id of the session.
    pub session_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// By what they proved who they are.
    pub method: String,
    /// Where they came from; `None` when erased.
    pub client: Option<String>,
    /// Instant of signing in.
    pub started_at: DateTime<Utc>,
    /// Instant of its end.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it ended.
    pub end_reason: Option<String>,
}

impl ApiKeyRow {
    /// Where the key counts; `None` for a kind that a newer program wrote.
    pub fn scope(&self) -> Option<Scope> {
        scope(&self.scope_kind, self.scope_id)
    }

    /// What the key allows.
    pub fn rights(&self) -> Rights {
        let mut rights = Rights::default();
        if let Some(scope) = self.scope() {
            rights.grant(parse(&self.permissions), scope);
        }
        rights
    }
}

/// Rights that this program does not know were written by a newer one, and allow nothing here.
fn parse(permissions: &[String]) -> BTreeSet<Permission> {
    permissions.iter().filter_map(|it| Permission::parse(it)).collect()
}

/// What the grants of one person add up to.
pub fn rights<'a>(grants: impl IntoIterator<Item = &'a GrantRow>, roles: &[RoleRow]) -> Rights {
    let mut rights = Rights::default();
    for grant in grants {
        let own = RoleKey::try_new(&grant.role).ok();
        if let Some(permissions) = own.as_ref().and_then(built_in) {
            rights.grant(permissions.iter().copied(), grant.scope);
        } else if let Some(custom) = roles.iter().find(|it| it.role == grant.role) {
            rights.grant(parse(&custom.permissions), grant.scope);
        }
    }
    rights
}

/// Everybody who works here. Few enough to be read at once.
///
/// # Errors
/// When Postgres does not answer.
pub async fn users(pool: &PgPool) -> Result<Vec<UserRow>, sqlx::Error> {
    sqlx::query_as!(UserRow, "SELECT * FROM user_account")
        .fetch_all(pool)
        .await
}

/// A page of users by name: those behind `after`, at most `limit`.
///
/// # Errors
/// When Postgres does not answer.
pub async fn page(pool: &PgPool, after: Option<(&str, Uuid)>, limit: i64) -> Result<Vec<UserRow>, sqlx::Error> {
    let (name, id) = after.unzip();
    sqlx::query_as!(
        UserRow,
        "SELECT * FROM user_account
         WHERE $1::text IS NULL OR (COALESCE(name, ''), user_id) > ($1, $2)
         ORDER BY COALESCE(name, ''), user_id LIMIT $3",
        name,
        id,
        limit
    )
    .fetch_all(pool)
    .await
}

/// The user with this id.
///
/// # Errors
/// When Postgres does not answer.
pub async fn user(pool: &PgPool, id: Uuid) -> Result<Option<UserRow>, sqlx::Error> {
    Ok(by_ids(pool, &[id]).await?.pop())
}

/// The people with these ids, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<UserRow>, sqlx::Error> {
    sqlx::query_as!(UserRow, "SELECT * FROM user_account WHERE user_id = ANY($1)", ids)
        .fetch_all(pool)
        .await
}

/// The roles that administrators made, by key.
///
/// # Errors
/// When Postgres does not answer.
pub async fn roles(pool: &PgPool) -> Result<Vec<RoleRow>, sqlx::Error> {
    sqlx::query_as!(RoleRow, "SELECT role, name, permissions FROM access_role ORDER BY role")
        .fetch_all(pool)
        .await
}

/// Who has which role: of these users, or of all.
///
/// # Errors
/// When Postgres does not answer.
pub async fn grants(pool: &PgPool, users: Option<&[Uuid]>) -> Result<Vec<GrantRow>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT user_id, role, scope_kind, scope_id, granted_at, granted_by FROM access_grant
         WHERE $1::uuid[] IS NULL OR user_id = ANY($1)
         ORDER BY user_id, role, scope_kind, scope_id",
        users
    )
    .fetch_all(pool)
    .await?;
    let grants = rows.into_iter().filter_map(|it| {
        Some(GrantRow {
            user_id: it.user_id,
            role: it.role,
            scope: scope(&it.scope_kind, it.scope_id)?,
            granted_at: it.granted_at,
            granted_by: it.granted_by,
        })
    });
    Ok(grants.collect())
}

/// The keys that let programs in, the newest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn api_keys(pool: &PgPool) -> Result<Vec<ApiKeyRow>, sqlx::Error> {
    sqlx::query_as!(ApiKeyRow, "SELECT * FROM api_key ORDER BY issued_at DESC, key_id")
        .fetch_all(pool)
        .await
}

/// The newest sessions of a user, at most `limit`; with `until` the newest of those that had begun by then.
///
/// # Errors
/// When Postgres does not answer.
pub async fn sessions(
    pool: &PgPool,
    user_id: Uuid,
    until: Option<DateTime<Utc>>,
    limit: i64,
) -> Result<Vec<SessionRow>, sqlx::Error> {
    sqlx::query_as!(
        SessionRow,
        "SELECT * FROM user_session WHERE user_id = $1 AND ($2::timestamptz IS NULL OR started_at <= $2)
         ORDER BY started_at DESC, session_id LIMIT $3",
        user_id,
        until,
        limit
    )
    .fetch_all(pool)
    .await
}

/// Sessions that have ended since.
///
/// # Errors
/// When Postgres does not answer.
pub async fn ended_since(pool: &PgPool, since: DateTime<Utc>) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("SELECT session_id FROM user_session WHERE ended_at > $1", since)
        .fetch_all(pool)
        .await
}

/// A try that was refused for want of a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenialRow {
    /// Place of the event in the log.
    pub position: i64,
    /// Who, as `kind:id`.
    pub actor: String,
    /// Field of the API.
    pub operation: String,
    /// The right that was missing, as `things:deed`.
    pub permission: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Refused tries before a position, the newest first, at most `limit`.
///
/// # Errors
/// When Postgres does not answer.
pub async fn denials(pool: &PgPool, before: i64, limit: i64) -> Result<Vec<DenialRow>, sqlx::Error> {
    sqlx::query_as!(
        DenialRow,
        "SELECT * FROM denial WHERE position < $1 ORDER BY position DESC LIMIT $2",
        before,
        limit
    )
    .fetch_all(pool)
    .await
}

/// A try to sign in that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRow {
    /// Place of the event in the log.
    pub position: i64,
    /// The user's id, or one that stands for an address nobody has.
    pub account: Uuid,
    /// What did not fit.
    pub fault: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Failed tries to sign in before a position, the newest first, at most `limit`.
///
/// # Errors
/// When Postgres does not answer.
pub async fn sign_in_failures(pool: &PgPool, before: i64, limit: i64) -> Result<Vec<FailureRow>, sqlx::Error> {
    sqlx::query_as!(
        FailureRow,
        "SELECT * FROM sign_in_failure WHERE position < $1 ORDER BY position DESC LIMIT $2",
        before,
        limit
    )
    .fetch_all(pool)
    .await
}
