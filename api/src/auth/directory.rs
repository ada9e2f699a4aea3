//! Everybody who may come in and what they may do, in memory: read anew from the tables whenever these change.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use commands::Clock;
use domain::{
    access::{BUILT_IN, Permission, Rights, Scope},
    actor::{Actor, ActorKind},
    ids::{AgentId, ApiKeyId, SessionId},
    user::Standing,
};
use projections::people::{self, ApiKeyRow, GrantRow};
use sqlx::PgPool;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use super::{
    ApiKeySecret, Viewer,
    tokens::{Bearer, Claims},
};
use crate::live::Live;

/// Sessions that ended longer ago have no access token left that counts.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);
const PAUSE: Duration = Duration::from_millis(500);
/// Rest after each reading: what changes meanwhile is read at once. So long may another server's change go unnoticed.
const BREATH: Duration = Duration::from_millis(100);
/// Uses of keys that wait to be recorded.
const USES_AHEAD: usize = 1024;

/// A key that was used, and when: to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyInUse {
    pub(crate) key: ApiKeyId,
    pub(crate) on: NaiveDate,
}

/// Somebody who works here.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) standing: Standing,
    pub(crate) email: Option<String>,
    pub(crate) rights: Arc<Rights>,
}

#[derive(Debug)]
struct Entry {
    hash: String,
    rights: Arc<Rights>,
    expires_at: Option<DateTime<Utc>>,
    used_on: Option<NaiveDate>,
}

#[derive(Debug, Default)]
struct Known {
    people: HashMap<Uuid, Person>,
    by_email: HashMap<String, Uuid>,
    keys: HashMap<Uuid, Entry>,
    ended: HashSet<Uuid>,
}

/// Who may come in. Cheap to clone; all clones know the same.
#[derive(Debug, Clone)]
pub struct Directory {
    pool: PgPool,
    clock: Clock,
    known: Arc<RwLock<Arc<Known>>>,
    /// One reading at a time: an older one must not replace a newer.
    reading: Arc<tokio::sync::Mutex<()>>,
    /// Uses that were told already.
    told: Arc<Mutex<HashSet<KeyInUse>>>,
    uses: mpsc::Sender<KeyInUse>,
}

impl Directory {
    /// Reads everything, and keeps it up until cancelled. What comes out of the second value are uses of keys, each
    /// once a day.
    ///
    /// # Errors
    /// When Postgres does not answer now; later it is waited for.
    pub(crate) async fn start(
        pool: PgPool,
        live: &Live,
        clock: Clock,
        cancelled: CancellationToken,
    ) -> Result<(Self, mpsc::Receiver<KeyInUse>), sqlx::Error> {
        let (uses, told_uses) = mpsc::channel(USES_AHEAD);
        let directory = Self {
            pool,
            clock,
            known: Arc::default(),
            reading: Arc::default(),
            told: Arc::default(),
            uses,
        };
        let moved = live.watch(people::NAME);
        directory.refresh().await?;
        if let Some(mut moved) = moved {
            let following = directory.clone();
            tokio::spawn(cancelled.run_until_cancelled_owned(async move {
                while moved.changed().await.is_ok() {
                    while let Err(error) = following.refresh().await {
                        warn!(%error, "who may come in is not read anew for now");
                        sleep(PAUSE).await;
                    }
                    sleep(BREATH).await;
                }
            }));
        }
        Ok((directory, told_uses))
    }

    /// Reads everything anew.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub(crate) async fn refresh(&self) -> Result<(), sqlx::Error> {
        let _alone = self.reading.lock().await;
        let (users, roles) = (people::users(&self.pool).await?, people::roles(&self.pool).await?);
        let grants = people::grants(&self.pool, None).await?;
        let mut of: HashMap<Uuid, Vec<&GrantRow>> = HashMap::new();
        for grant in &grants {
            of.entry(grant.user_id).or_default().push(grant);
        }
        let mut known = Known::default();
        for user in users {
            if let Some(email) = &user.email {
                known.by_email.insert(email.clone(), user.user_id);
            }
            let mine = of.remove(&user.user_id).unwrap_or_default();
            let person = Person {
                standing: Standing::parse(&user.standing).unwrap_or(Standing::Suspended),
                email: user.email,
                rights: Arc::new(people::rights(mine, &roles)),
            };
            known.people.insert(user.user_id, person);
        }
        let keys = people::api_keys(&self.pool).await?;
        known.keys = keys.into_iter().filter_map(entry).collect();
        let since = self.clock.now() - REMEMBERED;
        known.ended = people::ended_since(&self.pool, since).await?.into_iter().collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who has this address.
    pub(crate) fn by_email(&self, email: &str) -> Option<AgentId> {
        self.known().by_email.get(email).copied().map(AgentId)
    }

    /// Whether nobody may administer yet.
    pub(crate) fn lacks_administrator(&self) -> bool {
        let administers = |it: &Person| it.rights.has_everywhere(Permission::AccessWrite);
        !self.known().people.values().any(administers)
    }

    /// Somebody who works here.
    pub(crate) fn get(&self, user: AgentId) -> Option<Person> {
        self.known().people.get(&user.0).cloned()
    }

    /// Whom a token that says this lets in, if it counts still.
    pub(super) fn bearer(&self, claims: &Claims) -> Option<Viewer> {
        if claims.expires_at <= self.clock.now() {
            return None;
        }
        match claims.bearer {
            Bearer::User { user, session } => self.person(user, session),
            Bearer::Visitor { contact, inbox } => Some(visitor(contact, inbox)),
        }
    }

    /// A person, unless the session is over or the account suspended since.
    fn person(&self, user: Uuid, session: Uuid) -> Option<Viewer> {
        let known = self.known();
        let person = known.people.get(&user)?;
        let counts = person.standing == Standing::Active && !known.ended.contains(&session);
        counts.then(|| Viewer {
            actor: Actor::new(ActorKind::Agent, user.to_string()),
            rights: Arc::clone(&person.rights),
            session: Some(SessionId(session)),
            read_only: false,
            inbox: None,
        })
    }

    /// What somebody may do now who was let in before; `None` when they would not be let in again.
    pub(super) fn again(&self, viewer: &Viewer) -> Option<Arc<Rights>> {
        let known = self.known();
        let id = viewer.actor.id.parse().ok()?;
        if viewer.actor.kind == ActorKind::ApiKey {
            let entry = known.keys.get(&id)?;
            let counts = entry.expires_at.is_none_or(|it| it > self.clock.now());
            return counts.then(|| Arc::clone(&entry.rights));
        }
        let person = known.people.get(&id)?;
        let over = viewer.session.is_some_and(|it| known.ended.contains(&it.0));
        (person.standing == Standing::Active && !over).then(|| Arc::clone(&person.rights))
    }

    /// The holder of an API key.
    pub(super) fn holder(&self, secret: &ApiKeySecret) -> Option<Viewer> {
        let known = self.known();
        let entry = known.keys.get(&secret.id.0)?;
        let now = self.clock.now();
        let fits = blake3::hash(entry.hash.as_bytes()) == blake3::hash(secret.hash().as_bytes());
        if !fits || entry.expires_at.is_some_and(|it| it <= now) {
            return None;
        }
        if entry.used_on.is_none_or(|it| it < now.date_naive()) {
            self.tell(KeyInUse {
                key: secret.id,
                on: now.date_naive(),
            });
        }
        Some(Viewer {
            actor: Actor::new(ActorKind::ApiKey, secret.id.to_string()),
            rights: Arc::clone(&entry.rights),
            session: None,
            read_only: false,
            inbox: None,
        })
    }

    fn tell(&self, used: KeyInUse) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|it| it.on == used.on);
        // With no room it is told at the next use.
        if !told.contains(&used) && self.uses.try_send(used).is_ok() {
            told.insert(used);
        }
    }
}

/// A customer, who may do what the role of customers allows in what concerns them.
fn visitor(contact: Uuid, inbox: Uuid) -> Viewer {
    let role = BUILT_IN.iter().find(|(role, _)| *role == "contact");
    let mut rights = Rights::default();
    let permissions = role.into_iter().flat_map(|(_, it)| it.iter().copied());
    rights.grant(permissions, Scope::Contact(contact));
    Viewer {
        actor: Actor::new(ActorKind::Contact, contact.to_string()),
        rights: Arc::new(rights),
        session: None,
        read_only: false,
        inbox: Some(inbox),
    }
}

fn entry(row: ApiKeyRow) -> Option<(Uuid, Entry)> {
    let rights = Arc::new(row.rights());
    row.revoked_at.is_none().then_some((
        row.key_id,
        Entry {
            hash: row.secret_hash,
            rights,
            expires_at: row.expires_at,
            used_on: row.used_on,
        },
    ))
}
