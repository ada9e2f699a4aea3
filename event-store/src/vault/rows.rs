//! The vault's tables.

use domain::personal::DataSubject;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{MasterKey, Status};
use crate::{Key, Position};

/// Stands for the fingerprint of somebody who never had a key.
pub const NO_KEY: &str = "none";
/// Keys in one transaction of a rotation.
const BATCH: i64 = 1000;

pub(super) struct Row {
    pub(super) subject: Uuid,
    pub(super) master: String,
    pub(super) wrapped: Option<Vec<u8>>,
}

pub(super) struct NewKey {
    pub(super) subject: DataSubject,
    pub(super) key: Key,
    wrapped: Vec<u8>,
}

impl NewKey {
    pub(super) fn random(subject: DataSubject, master: &MasterKey) -> Self {
        let key = Key::random();
        let wrapped = master.wrap(subject.0, &key);
        Self { subject, key, wrapped }
    }
}

/// Fingerprints and proofs.
pub(super) async fn masters(pool: &PgPool) -> sqlx::Result<Vec<(String, Vec<u8>)>> {
    let rows = sqlx::query!("SELECT fingerprint, proof FROM vault.master_key ORDER BY created_at").fetch_all(pool);
    Ok(rows.await?.into_iter().map(|it| (it.fingerprint, it.proof)).collect())
}

pub(super) async fn add_master(pool: &PgPool, fingerprint: &str, proof: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO vault.master_key (fingerprint, proof) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        fingerprint,
        proof
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Records a master key unless there is one: of several first starts at once, one makes the vault its own.
pub(super) async fn add_first_master(pool: &PgPool, fingerprint: &str, proof: &[u8]) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query!("LOCK TABLE vault.master_key IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO vault.master_key (fingerprint, proof)
         SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM vault.master_key)",
        fingerprint,
        proof
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Master keys other than these that keys are still wrapped under.
pub(super) async fn masters_beside(pool: &PgPool, given: &[String]) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT DISTINCT master FROM vault.subject_key WHERE wrapped IS NOT NULL AND master <> ALL($1)",
        given
    )
    .fetch_all(pool)
    .await
}

pub(super) async fn find(pool: &PgPool, subjects: &[DataSubject]) -> sqlx::Result<Vec<Row>> {
    let subjects: Vec<Uuid> = subjects.iter().map(|it| it.0).collect();
    sqlx::query_as!(
        Row,
        "SELECT subject, master, wrapped FROM vault.subject_key WHERE subject = ANY($1)",
        &subjects
    )
    .fetch_all(pool)
    .await
}

/// Subjects among these that had no key and have this one now.
pub(super) async fn add(pool: &PgPool, new: &[NewKey], master: &str) -> sqlx::Result<Vec<Uuid>> {
    let subjects: Vec<Uuid> = new.iter().map(|it| it.subject.0).collect();
    let wrapped: Vec<Vec<u8>> = new.iter().map(|it| it.wrapped.clone()).collect();
    let fingerprints: Vec<String> = new.iter().map(|it| it.key.fingerprint()).collect();
    sqlx::query_scalar!(
        "INSERT INTO vault.subject_key (subject, master, wrapped, fingerprint)
         SELECT subject, $4, wrapped, fingerprint
         FROM UNNEST($1::uuid[], $2::bytea[], $3::text[]) AS new (subject, wrapped, fingerprint)
         ON CONFLICT (subject) DO NOTHING
         RETURNING subject",
        &subjects,
        &wrapped,
        &fingerprints,
        master
    )
    .fetch_all(pool)
    .await
}

pub(super) async fn fingerprint(pool: &PgPool, subject: DataSubject) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "SELECT fingerprint FROM vault.subject_key WHERE subject = $1",
        subject.0
    )
    .fetch_optional(pool)
    .await
}

pub(super) async fn destroy(pool: &PgPool, subject: DataSubject, master: &str) -> sqlx::Result<String> {
    sqlx::query_scalar!(
        "INSERT INTO vault.subject_key AS kept (subject, master, wrapped, fingerprint, destroyed_at)
         VALUES ($1, $2, NULL, $3, now())
         ON CONFLICT (subject) DO UPDATE SET wrapped = NULL, destroyed_at = COALESCE(kept.destroyed_at, now())
         RETURNING fingerprint",
        subject.0,
        master,
        NO_KEY
    )
    .fetch_one(pool)
    .await
}

/// Some keys under another master key, locked.
pub(super) async fn wrapped_elsewhere(tx: &mut PgConnection, master: &str) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        "SELECT subject, master, wrapped FROM vault.subject_key
         WHERE wrapped IS NOT NULL AND master <> $1
         ORDER BY subject LIMIT $2 FOR UPDATE",
        master,
        BATCH
    )
    .fetch_all(tx)
    .await
}

pub(super) async fn rewrap(tx: &mut PgConnection, keys: &[(Uuid, Vec<u8>)], master: &str) -> sqlx::Result<()> {
    let (subjects, wrapped): (Vec<Uuid>, Vec<Vec<u8>>) = keys.iter().cloned().unzip();
    sqlx::query!(
        "UPDATE vault.subject_key AS kept SET wrapped = new.wrapped, master = $3
         FROM UNNEST($1::uuid[], $2::bytea[]) AS new (subject, wrapped)
         WHERE kept.subject = new.subject",
        &subjects,
        &wrapped,
        master
    )
    .execute(tx)
    .await
    .map(drop)
}

pub(super) async fn status(pool: &PgPool, master: &str) -> sqlx::Result<Status> {
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE wrapped IS NOT NULL) AS "keys!",
                  count(*) FILTER (WHERE wrapped IS NOT NULL AND master <> $1) AS "to_rotate!",
                  count(*) FILTER (WHERE wrapped IS NULL) AS "destroyed!"
           FROM vault.subject_key"#,
        master
    )
    .fetch_one(pool)
    .await?;
    Ok(Status {
        master: master.to_owned(),
        keys: row.keys,
        to_rotate: row.to_rotate,
        destroyed: row.destroyed,
    })
}

/// Those among the subjects that have a row, be it of a destroyed key.
pub(super) async fn known(pool: &PgPool, subjects: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "SELECT subject FROM vault.subject_key WHERE subject = ANY($1)",
        subjects
    )
    .fetch_all(pool)
    .await
}

pub(super) async fn mark(pool: &PgPool) -> sqlx::Result<Option<(Position, Uuid)>> {
    let row = sqlx::query!("SELECT position, event FROM vault.mark")
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|it| (Position(it.position.cast_unsigned()), it.event)))
}

/// Never backwards: of two servers that look at once, the one that came further is right.
pub(super) async fn set_mark(pool: &PgPool, position: Position, event: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO vault.mark AS kept (position, event) VALUES ($1, $2)
         ON CONFLICT (single) DO UPDATE SET position = $1, event = $2 WHERE kept.position < $1",
        position.0.cast_signed(),
        event
    )
    .execute(pool)
    .await
    .map(drop)
}

pub(super) async fn unmark(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM vault.mark").execute(pool).await.map(drop)
}
