use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use commands::Read;
use domain::{
    access::{BUILT_IN, Permission, Reach, Rights, Scope},
    ids::AgentId,
    organisation::Kind as ItemKind,
    reading::Exposed,
    user::Standing,
};
use projections::people::{self, ApiKeyRow, GrantRow, RoleRow, SessionRow, UserRow};
use uuid::Uuid;

use super::door::is_me;
use crate::graphql::{
    ids::{self, Kind},
    may_read, parts, postgres, shows, travel,
};

/// Sessions shown of one person.
const SESSIONS: i64 = 100;

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum UserStanding {
    /// Invited; has not come yet.
    Invited,
    /// Can sign in.
    Active,
    /// Cannot sign in for now.
    Suspended,
}

impl From<Standing> for UserStanding {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Invited => Self::Invited,
            Standing::Active => Self::Active,
            Standing::Suspended => Self::Suspended,
        }
    }
}

/// In how much of the organisation a right counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum ScopeKind {
    /// In all of it.
    Everywhere,
    /// In one branch.
    Branch,
    /// In one team.
    Team,
    /// In one inbox.
    Inbox,
    /// In what concerns one customer.
    Contact,
}

/// Where a right counts.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct AccessScope {
    /// In how much of the organisation.
    kind: ScopeKind,
    /// Id of the branch, team, inbox or customer; null for everywhere.
    id: Option<ID>,
}

impl From<Scope> for AccessScope {
    fn from(scope: Scope) -> Self {
        let (kind, id) = match scope {
            Scope::Everywhere => (ScopeKind::Everywhere, None),
            Scope::Branch(id) => (ScopeKind::Branch, Some(ids::global(Kind::Item(ItemKind::Branch), id))),
            Scope::Team(id) => (ScopeKind::Team, Some(ids::global(Kind::Item(ItemKind::Team), id))),
            Scope::Inbox(id) => (ScopeKind::Inbox, Some(ids::global(Kind::Item(ItemKind::Inbox), id))),
            Scope::Contact(id) => (ScopeKind::Contact, Some(ids::global(Kind::Contact, id))),
        };
        Self { kind, id }
    }
}

/// A right, and where it counts.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Right {
    /// What is allowed, as `things:deed`.
    permission: String,
    /// Where.
    scopes: Vec<AccessScope>,
}

pub(super) fn rights(rights: &Rights) -> Vec<Right> {
    let of = |(permission, reach): (Permission, &Reach)| Right {
        permission: permission.as_str().to_owned(),
        scopes: match reach {
            Reach::Everywhere => vec![Scope::Everywhere.into()],
            Reach::Within(scopes) => scopes.iter().map(|it| (*it).into()).collect(),
        },
    };
    rights.iter().map(of).collect()
}

/// Somebody who works here.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct User {
    /// Opaque global id; also the id of the agent on tickets.
    pub(in crate::graphql) id: ID,
    /// Number of changes of the account: give it back as `expectedVersion`.
    version: i64,
    /// Where the account stands.
    standing: UserStanding,
    #[graphql(skip)]
    email: Option<String>,
    /// What others call them; null when erased.
    name: Option<String>,
    /// Language of mails to them: `ru` or `en`.
    locale: String,
    /// Whether signing in takes a second factor.
    two_factor: bool,
    /// Why they cannot sign in for now; null when they can, or nothing was said.
    suspended_reason: Option<String>,
    /// When they were invited or registered.
    created_at: DateTime<Utc>,
    /// The instant at which they are seen; null when they are seen as they are now.
    as_of: Option<DateTime<Utc>>,
    #[graphql(skip)]
    pub(super) uuid: Uuid,
}

impl User {
    /// As they were at that instant.
    pub(super) fn at(self, at: DateTime<Utc>) -> Self {
        Self {
            as_of: Some(at),
            ..self
        }
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: ids::global(Kind::Agent, row.user_id),
            version: row.version,
            standing: Standing::parse(&row.standing).unwrap_or(Standing::Suspended).into(),
            email: row.email,
            name: row.name,
            locale: row.locale,
            two_factor: row.two_factor,
            suspended_reason: row.suspended_reason,
            created_at: row.created_at,
            as_of: None,
            uuid: row.user_id,
        }
    }
}

#[ComplexObject]
impl User {
    /// Address for sign-in and mails; null when erased.
    async fn email(&self, ctx: &Context<'_>) -> Option<&str> {
        shows(ctx, Exposed::User, self.uuid);
        self.email.as_deref()
    }

    /// The roles they have, and where.
    #[graphql(complexity = 5)]
    async fn grants(&self, ctx: &Context<'_>) -> Result<Vec<RoleGrant>> {
        let grants = if let Some(at) = self.as_of {
            travel::user_grants(ctx, self.uuid, at).await?
        } else {
            let grants = people::grants(&parts(ctx)?.pool, Some(&[self.uuid])).await;
            grants.map_err(|it| postgres(ctx, &it))?
        };
        Ok(grants.into_iter().map(RoleGrant::from).collect())
    }

    /// When they were signed in, the newest first, at most 100. For those who may write users, and for themselves.
    #[graphql(complexity = 20)]
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<Session>> {
        if !is_me(ctx, AgentId(self.uuid))? {
            may_read(ctx, Read::Sessions)?;
        }
        let sessions = people::sessions(&parts(ctx)?.pool, self.uuid, self.as_of, SESSIONS).await;
        let mut sessions = sessions.map_err(|it| postgres(ctx, &it))?;
        for it in &mut sessions {
            if self.as_of.is_some_and(|at| it.ended_at.is_some_and(|ended| ended > at)) {
                (it.ended_at, it.end_reason) = (None, None);
            }
        }
        shows(ctx, Exposed::Session, self.uuid);
        Ok(sessions.into_iter().map(Session::from).collect())
    }
}

/// A role that somebody has.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct RoleGrant {
    /// Key of the role.
    role: String,
    /// Where it counts.
    scope: AccessScope,
    /// Since when.
    granted_at: DateTime<Utc>,
    /// Who granted it: `kind:id`.
    granted_by: String,
}

impl From<GrantRow> for RoleGrant {
    fn from(row: GrantRow) -> Self {
        Self {
            role: row.role,
            scope: row.scope.into(),
            granted_at: row.granted_at,
            granted_by: row.granted_by,
        }
    }
}

/// A time during which somebody is or was signed in.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Session {
    /// Opaque global id.
    id: ID,
    /// By what they proved who they are: `password`, `password_and_code`, `password_and_recovery_code`,
    /// `link` or `open_id`.
    method: String,
    /// Address and program they came from; null when erased.
    client: Option<String>,
    /// When they signed in.
    started_at: DateTime<Utc>,
    /// When it ended; null while it was not ended, though it may have run out.
    ended_at: Option<DateTime<Utc>>,
    /// Why it ended.
    end_reason: Option<String>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: ids::global(Kind::Session, row.session_id),
            method: row.method,
            client: row.client,
            started_at: row.started_at,
            ended_at: row.ended_at,
            end_reason: row.end_reason,
        }
    }
}

/// A set of rights under a name.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Role {
    /// Key of the role.
    key: String,
    /// For people; the key itself for roles that come with the program.
    name: String,
    /// What it allows, as `things:deed`.
    permissions: Vec<String>,
    /// Whether it comes with the program and cannot be changed.
    built_in: bool,
}

impl From<RoleRow> for Role {
    fn from(row: RoleRow) -> Self {
        Self {
            key: row.role,
            name: row.name,
            permissions: row.permissions,
            built_in: false,
        }
    }
}

impl Role {
    /// Whether it is the role with this key.
    pub(super) fn is(&self, key: &str) -> bool {
        self.key == key
    }
}

/// The roles that come with the program.
pub(super) fn built_in_roles() -> impl Iterator<Item = Role> {
    BUILT_IN.iter().map(|(key, permissions)| Role {
        key: (*key).to_owned(),
        name: (*key).to_owned(),
        permissions: permissions.iter().map(|it| it.as_str().to_owned()).collect(),
        built_in: true,
    })
}

/// A key that lets a program in.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct ApiKey {
    /// Opaque global id.
    id: ID,
    /// Number of its changes: give it back as `expectedVersion`.
    version: i64,
    /// What it is for.
    name: String,
    /// What it allows, as `things:deed`.
    permissions: Vec<String>,
    /// Where that counts.
    scope: AccessScope,
    /// After which it opens nothing; null when it never ends.
    expires_at: Option<DateTime<Utc>>,
    /// When it was issued.
    issued_at: DateTime<Utc>,
    /// Who issued it: `kind:id`.
    issued_by: String,
    /// Newest day of use, UTC.
    used_on: Option<NaiveDate>,
    /// When it was revoked; null while it opens.
    revoked_at: Option<DateTime<Utc>>,
}

impl From<ApiKeyRow> for ApiKey {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            id: ids::global(Kind::ApiKey, row.key_id),
            version: row.version,
            scope: row.scope().unwrap_or(Scope::Everywhere).into(),
            name: row.name,
            permissions: row.permissions,
            expires_at: row.expires_at,
            issued_at: row.issued_at,
            issued_by: row.issued_by,
            used_on: row.used_on,
            revoked_at: row.revoked_at,
        }
    }
}

/// Whoever asks.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Viewer {
    /// Who it is: `kind:id`, as events carry it.
    pub(super) actor: String,
    /// The account; null for programs.
    pub(super) user: Option<User>,
    /// Everything that is allowed, and where.
    pub(super) rights: Vec<Right>,
}
