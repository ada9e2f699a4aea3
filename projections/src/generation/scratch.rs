//! Builds made for a comparison. Whoever made one holds a lock on it, which Postgres frees when that process is gone:
//! what nobody holds is removed by whoever comes next.

use event_store::Position;
use sqlx::{Connection, PgConnection, PgPool};

use super::{Purpose, lock, make, refuse_second, remove};
use crate::{Model, ProjectError};

/// First half of the advisory locks on these builds: "scra" in ASCII.
const LOCK: i32 = 0x73_63_72_61;

/// A build that is there to be compared, as long as this lives.
#[derive(Debug)]
pub struct Scratch {
    id: i64,
    /// Its session has the lock.
    _holder: PgConnection,
}

impl Scratch {
    /// Names the build.
    pub fn id(&self) -> i64 {
        self.id
    }
}

/// Begins a build that never serves.
///
/// # Errors
/// [`super::GenerationError::Building`] while one that may serve is being filled: both would take longer.
pub async fn begin_scratch(pool: &PgPool, model: &Model, head: Position) -> Result<Scratch, ProjectError> {
    let mut holder = pool.acquire().await?.detach();
    let mut tx = holder.begin().await?;
    lock(&mut tx).await?;
    remove_abandoned(&mut tx).await?;
    refuse_second(model, &mut tx).await?;
    let id = make(model, 1, head, Purpose::IsCompared, &mut tx).await?;
    // Before anybody sees the build, and beyond the transaction's end.
    sqlx::query!("SELECT pg_advisory_lock($1, $2)", LOCK, second_half(id))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Scratch { id, _holder: holder })
}

/// Removes those whose makers are gone.
pub(crate) async fn sweep(pool: &PgPool) -> Result<(), ProjectError> {
    let any = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM ops.generation WHERE scratch) AS "any!""#)
        .fetch_one(pool)
        .await?;
    if !any {
        return Ok(());
    }
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    remove_abandoned(&mut tx).await?;
    Ok(tx.commit().await?)
}

async fn remove_abandoned(tx: &mut PgConnection) -> Result<(), ProjectError> {
    let all = sqlx::query!("SELECT id, schema FROM ops.generation WHERE scratch ORDER BY id")
        .fetch_all(&mut *tx)
        .await?;
    for it in all {
        let free = sqlx::query_scalar!(
            r#"SELECT pg_try_advisory_xact_lock($1, $2) AS "free!""#,
            LOCK,
            second_half(it.id)
        )
        .fetch_one(&mut *tx)
        .await?;
        if free {
            remove(it.id, &it.schema, tx).await?;
        }
    }
    Ok(())
}

/// Builds are made one by one: no two of those that are there lie 2^32 apart.
fn second_half(id: i64) -> i32 {
    let bytes = id.to_le_bytes();
    i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
