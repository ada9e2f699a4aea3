//! The vault: one key for each data subject, wrapped under a master key, in Postgres.
//!
//! Destroying a key forgets its subject everywhere at once; the row stays, so that no new key is made in its place.
//! Called by whoever seals or opens events. Deliberately absent: who may be forgotten, and why.

mod cache;
mod inventory;
mod master;
mod rows;

use std::{collections::BTreeSet, io, sync::Arc, time::Duration};

use domain::{event::DomainEvent, personal::DataSubject};
pub use inventory::{DESTROYED, InventoryError, Missing, Others};
pub use master::{MasterKey, MasterKeyError};
pub use rows::NO_KEY;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::warn;

use self::cache::Cache;
use crate::{DecodeError, Keys, Recorded, SubjectKey, open, subjects_of};

const CONNECTIONS: u32 = 4;
/// After which Postgres itself gives a statement up, so that no connection waits for a lock after its asker has gone.
const STATEMENT_TIMEOUT: &str = "10s";
/// How long a question is repeated before its asker is told that the vault is away.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a question is waited for that can be done without.
const AT_ONCE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Keys of data subjects. Cheap to clone; all clones share one cache.
#[derive(Debug, Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    current: MasterKey,
    previous: Option<MasterKey>,
    patience: Duration,
    cache: Cache,
    /// Subjects that wait for a key; whoever holds `making` takes them all.
    waiting: std::sync::Mutex<BTreeSet<DataSubject>>,
    making: tokio::sync::Mutex<()>,
}

/// Why the vault does not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Postgres cannot be reached: try again.
    #[error("the vault of subject keys does not answer: {0}")]
    Away(sqlx::Error),
    /// Postgres refuses.
    #[error("the vault of subject keys refuses: {0}")]
    Postgres(sqlx::Error),
    /// The master key is another than the vault's.
    #[error(
        "the master key does not fit the vault: it is {found}, the vault's keys are under {expected}; give that key \
         file as master_key_file, or as previous_master_key_file while the master key is changed"
    )]
    WrongMasterKey {
        /// Fingerprint of the key that was given.
        found: String,
        /// Fingerprints of the keys that fit.
        expected: String,
    },
    /// The bytes of a wrapped key are not what its master key wrapped.
    #[error("the key of data subject {0} does not unwrap: restore the vault from a backup")]
    Damaged(DataSubject),
}

/// Why events were not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Their keys are not to be had.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Their keys do not open them.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// How the vault stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Fingerprint of the current master key.
    pub master: String,
    /// Keys that open.
    pub keys: i64,
    /// Of these, keys wrapped under another master key than the current one.
    pub to_rotate: i64,
    /// Subjects that are forgotten.
    pub destroyed: i64,
}

impl Vault {
    /// The vault in `database`, whose tables are there already. The first master key it sees is its own; another one is
    /// taken only beside a `previous` one that fits.
    ///
    /// # Errors
    /// [`VaultError::WrongMasterKey`], and when Postgres does not answer.
    pub async fn open(
        database: PgConnectOptions,
        current: MasterKey,
        previous: Option<MasterKey>,
    ) -> Result<Self, VaultError> {
        // A key that is lost after its event was appended would lose the event's data.
        let options = database.options([("synchronous_commit", "on"), ("statement_timeout", STATEMENT_TIMEOUT)]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(LONGEST_PAUSE)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let vault = Self {
            inner: Arc::new(Inner {
                pool,
                current,
                previous,
                patience: PATIENCE,
                cache: Cache::default(),
                waiting: std::sync::Mutex::default(),
                making: tokio::sync::Mutex::default(),
            }),
        };
        vault.check_masters().await?;
        Ok(vault)
    }

    /// The same with another patience: how long a question is repeated while Postgres does not answer.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        let Inner {
            pool,
            current,
            previous,
            ..
        } = &*self.inner;
        Self {
            inner: Arc::new(Inner {
                pool: pool.clone(),
                current: current.clone(),
                previous: previous.clone(),
                patience,
                cache: Cache::default(),
                waiting: std::sync::Mutex::default(),
                making: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Whether any master key was ever recorded in `database`.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn is_new(database: &PgConnectOptions) -> Result<bool, VaultError> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(database.clone());
        let masters = rows::masters(&pool).await;
        pool.close().await;
        Ok(masters.map_err(fault)?.is_empty())
    }

    /// The keys of these subjects, as far as there are any.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn keys(&self, subjects: &[DataSubject]) -> Result<Keys, VaultError> {
        let (mut found, missing) = self.inner.cache.find(subjects);
        if !missing.is_empty() {
            found.extend(self.load(&missing).await?);
        }
        Ok(found.into_iter().collect())
    }

    /// The keys of these subjects; new ones for those who have none, durable when this returns.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn keys_or_new(&self, subjects: &[DataSubject]) -> Result<Keys, VaultError> {
        let (_, missing) = self.inner.cache.find(subjects);
        if !missing.is_empty() {
            self.make(&missing).await?;
        }
        self.keys(subjects).await
    }

    /// A key for what may be left out: from memory however old, else from the database if that answers at once.
    pub async fn key_at_hand(&self, subject: DataSubject) -> Option<SubjectKey> {
        if let Some(key) = self.inner.cache.peek(subject) {
            return Some(key);
        }
        let found = timeout(AT_ONCE, self.keys_or_new(&[subject])).await.ok()?.ok()?;
        found.get(subject).cloned()
    }

    /// Opens the personal fields of these events, with one question to the vault at most.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open_events(&self, events: &mut [Recorded<DomainEvent>]) -> Result<(), OpenError> {
        let needed = subjects_of(events.iter_mut());
        if needed.is_empty() {
            return Ok(());
        }
        let keys = self.keys(&needed).await?;
        for event in events {
            open(event, &keys)?;
        }
        Ok(())
    }

    /// Fingerprint of the subject's key; `none` when it has none.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn fingerprint(&self, subject: DataSubject) -> Result<String, VaultError> {
        let found = self.ask(|| rows::fingerprint(&self.inner.pool, subject)).await?;
        Ok(found.unwrap_or_else(|| NO_KEY.to_owned()))
    }

    /// Destroys the subject's key, or sees to it that it never gets one; returns the key's fingerprint. Once more
    /// changes nothing.
    ///
    /// Other processes may still have it in memory, for a minute at most.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn destroy(&self, subject: DataSubject) -> Result<String, VaultError> {
        let master = self.inner.current.fingerprint();
        let fingerprint = self.ask(|| rows::destroy(&self.inner.pool, subject, &master)).await?;
        self.inner.cache.put(subject, SubjectKey::Destroyed);
        Ok(fingerprint)
    }

    /// Destroys those of these keys that are not destroyed yet.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn destroy_all(&self, subjects: &[DataSubject]) -> Result<(), VaultError> {
        let keys = self.keys(subjects).await?;
        for subject in subjects {
            if keys.get(*subject) != Some(&SubjectKey::Destroyed) {
                self.destroy(*subject).await?;
            }
        }
        Ok(())
    }

    /// Wraps all keys anew that are not under the current master key; tells how many so far after each thousand. Broken
    /// off, it goes on where it was.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn rotate(&self, mut progress: impl FnMut(u64)) -> Result<u64, VaultError> {
        let master = self.inner.current.fingerprint();
        let mut done = 0;
        loop {
            let mut tx = self.inner.pool.begin().await.map_err(fault)?;
            let batch = rows::wrapped_elsewhere(&mut tx, &master).await.map_err(fault)?;
            if batch.is_empty() {
                return Ok(done);
            }
            let mut rewrapped = Vec::with_capacity(batch.len());
            for row in batch {
                let key = self.unwrap(&row)?;
                rewrapped.push((row.subject, self.inner.current.wrap(row.subject, &key)));
            }
            rows::rewrap(&mut tx, &rewrapped, &master).await.map_err(fault)?;
            tx.commit().await.map_err(fault)?;
            done += rewrapped.len() as u64;
            progress(done);
        }
    }

    /// How many keys there are.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn status(&self) -> Result<Status, VaultError> {
        let master = self.inner.current.fingerprint();
        self.ask(|| rows::status(&self.inner.pool, &master)).await
    }

    /// The log says that this key was destroyed: what is remembered of it is dropped.
    pub fn learn_destroyed(&self, subject: DataSubject) {
        self.inner.cache.put(subject, SubjectKey::Destroyed);
    }

    async fn check_masters(&self) -> Result<(), VaultError> {
        let Inner {
            pool,
            current,
            previous,
            ..
        } = &*self.inner;
        let mut known = self.ask(|| rows::masters(pool)).await?;
        if known.is_empty() {
            let (name, proof) = (current.fingerprint(), current.prove());
            self.ask(|| rows::add_first_master(pool, &name, &proof)).await?;
            // Another server's first start may have come before.
            known = self.ask(|| rows::masters(pool)).await?;
        }
        let fits = |key: &MasterKey| {
            known
                .iter()
                .any(|(name, proof)| *name == key.fingerprint() && key.is_proven_by(proof))
        };
        let wrong = |key: &MasterKey, expected: Vec<String>| VaultError::WrongMasterKey {
            found: key.fingerprint(),
            expected: expected.join(", "),
        };
        let names = || known.iter().map(|(name, _)| name.clone()).collect();
        if !fits(current) && !previous.as_ref().is_some_and(fits) {
            return Err(wrong(previous.as_ref().unwrap_or(current), names()));
        }
        if !fits(current) {
            let (name, proof) = (current.fingerprint(), current.prove());
            self.ask(|| rows::add_master(pool, &name, &proof)).await?;
        }
        let given: Vec<String> = [Some(current), previous.as_ref()]
            .into_iter()
            .flatten()
            .map(MasterKey::fingerprint)
            .collect();
        let others = self.ask(|| rows::masters_beside(pool, &given)).await?;
        if others.is_empty() {
            return Ok(());
        }
        Err(wrong(current, others))
    }

    async fn load(&self, subjects: &[DataSubject]) -> Result<Vec<(DataSubject, SubjectKey)>, VaultError> {
        let rows = self.ask(|| rows::find(&self.inner.pool, subjects)).await?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let key = match &row.wrapped {
                Some(_) => SubjectKey::Known(self.unwrap(&row)?),
                None => SubjectKey::Destroyed,
            };
            let subject = DataSubject(row.subject);
            self.inner.cache.put(subject, key.clone());
            keys.push((subject, key));
        }
        Ok(keys)
    }

    /// Those who come while one statement is under way share the next.
    async fn make(&self, missing: &[DataSubject]) -> Result<(), VaultError> {
        let inner = &self.inner;
        // Waiting for others counts: they may be waiting for a Postgres that is away.
        let deadline = Instant::now() + inner.patience;
        lock(&inner.waiting).extend(missing);
        let making = timeout_at(deadline, inner.making.lock()).await;
        let _making = making.map_err(|_elapsed| VaultError::Away(sqlx::Error::PoolTimedOut))?;
        let (_, mine) = inner.cache.find(missing);
        if mine.is_empty() {
            return Ok(());
        }
        // Whoever was here before may have failed with ours.
        let mut all = std::mem::take(&mut *lock(&inner.waiting));
        all.extend(mine);
        let master = inner.current.fingerprint();
        let new: Vec<rows::NewKey> = all.iter().map(|it| rows::NewKey::random(*it, &inner.current)).collect();
        let made = self
            .ask_until(deadline, || rows::add(&inner.pool, &new, &master))
            .await?;
        for key in new {
            if made.contains(&key.subject.0) {
                inner.cache.put(key.subject, SubjectKey::Known(key.key));
            }
        }
        Ok(())
    }

    fn unwrap(&self, row: &rows::Row) -> Result<crate::Key, VaultError> {
        let Inner { current, previous, .. } = &*self.inner;
        let masters = [Some(current), previous.as_ref()];
        let master = masters.into_iter().flatten().find(|it| it.fingerprint() == row.master);
        // A rotation elsewhere, under a key that this process was not given, damages nothing.
        let master = master.ok_or_else(|| VaultError::WrongMasterKey {
            found: current.fingerprint(),
            expected: row.master.clone(),
        })?;
        master
            .unwrap(row.subject, row.wrapped.as_deref().unwrap_or_default())
            .ok_or(VaultError::Damaged(DataSubject(row.subject)))
    }

    async fn ask<T, F>(&self, question: impl Fn() -> F) -> Result<T, VaultError>
    where
        F: Future<Output = sqlx::Result<T>>,
    {
        self.ask_until(Instant::now() + self.inner.patience, question).await
    }

    async fn ask_until<T, F>(&self, deadline: Instant, question: impl Fn() -> F) -> Result<T, VaultError>
    where
        F: Future<Output = sqlx::Result<T>>,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            // A locked table or a silent connection answers nothing at all.
            let silent = |_elapsed| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into()));
            let error = match timeout_at(deadline, question()).await.unwrap_or_else(silent) {
                Ok(answer) => return Ok(answer),
                Err(error) => fault(error),
            };
            if matches!(error, VaultError::Postgres(_)) || Instant::now() + pause > deadline {
                return Err(error);
            }
            warn!(%error, "asking again");
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Whether waiting may help: Postgres cannot be reached, or is starting, stopping, full or closed to us.
fn fault(error: sqlx::Error) -> VaultError {
    // 08 connection, 40 rollback, 53 lack of means, 55 not in its state, 57 intervention, 58 system.
    let passing = |code: &str| {
        ["08", "40", "53", "55", "57", "58"]
            .iter()
            .any(|it| code.starts_with(it))
    };
    let away = error
        .as_database_error()
        .is_none_or(|it| it.code().is_some_and(|code| passing(&code)));
    if away {
        VaultError::Away(error)
    } else {
        VaultError::Postgres(error)
    }
}
