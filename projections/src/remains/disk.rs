//! What Postgres leaves in its files of rows that say something else by now: old versions of rows, words in statistics, and
//! the write-ahead log. Rewriting the tables and letting go of the log takes it away; an update does not.
//!
//! <https://www.postgresql.org/docs/current/routine-vacuuming.html>: only `VACUUM FULL` writes a table anew.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

/// The place under which the write-ahead log is certified.
const WAL: &str = "disk: write-ahead log";
/// How long it is waited for transactions that could still see old versions.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long readers and writers of a table wait at most for a rewriting to begin; it is tried again.
const TURN: &str = "SET lock_timeout = '500ms'";
const TURNS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Writes anew every table that keeps data of people, in each schema that has it, and the statistics; lets go of the
/// write-ahead log. Tables of more than `most` bytes are left, for nobody may read or write a table meanwhile.
///
/// Returns each place with whether something may be left there: 0 or 1.
///
/// # Errors
/// When Postgres does not answer.
pub async fn rewrite(pool: &PgPool, most: u64) -> Result<Vec<(String, i64)>, sqlx::Error> {
    // Its settings end with it, whatever happens.
    let mut connection = pool.acquire().await?.detach();
    let calm = wait_for_old_readers(&mut connection).await?;
    sqlx::query(TURN).execute(&mut connection).await?;
    let mut places = Vec::new();
    for (schema, table, size) in tables(&mut connection).await? {
        let small = u64::try_from(size).is_ok_and(|it| it <= most);
        let done = calm && small && full(&mut connection, &format!("\"{schema}\".\"{table}\"")).await;
        if !small {
            warn!(
                schema,
                table, size, "a table is too large to be written anew at once: see guides/erasure.md"
            );
        }
        places.push((format!("disk: {schema}.{table}"), i64::from(!done)));
    }
    let done = calm && full(&mut connection, "pg_catalog.pg_statistic").await;
    places.push(("disk: pg_statistic".to_owned(), i64::from(!done)));
    places.push((WAL.to_owned(), i64::from(!let_go(&mut connection).await)));
    connection.close().await?;
    Ok(places)
}

/// Old versions stay while a transaction could see them.
async fn wait_for_old_readers(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    const OLDER: &str =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND GREATEST(age(backend_xmin), age(backend_xid)) > age($1::text::xid)";
    let now: String = sqlx::query_scalar("SELECT pg_current_xact_id()::xid::text")
        .fetch_one(&mut *connection)
        .await?;
    let end = Instant::now() + PATIENCE;
    loop {
        let older: i64 = sqlx::query_scalar(OLDER).bind(&now).fetch_one(&mut *connection).await?;
        if older == 0 {
            return Ok(true);
        }
        if Instant::now() > end {
            warn!(
                older,
                "transactions do not end: old versions of rows stay in Postgres's files"
            );
            return Ok(false);
        }
        sleep(PAUSE).await;
    }
}

/// Where tables with data of people are, in all builds, with their sizes in bytes, indexes included.
async fn tables(connection: &mut PgConnection) -> Result<Vec<(String, String, i64)>, sqlx::Error> {
    const THERE: &str = "SELECT nspname::text, relname::text, pg_total_relation_size(pg_class.oid)
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE relkind = 'r' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' AND relname = ANY($1)
        ORDER BY nspname, relname";
    sqlx::query_as(THERE).bind(super::tables()).fetch_all(connection).await
}

async fn full(connection: &mut PgConnection, table: &str) -> bool {
    let rewrite = format!("VACUUM (FULL, ANALYZE) {table}");
    for _ in 0..TURNS {
        match sqlx::raw_sql(AssertSqlSafe(rewrite.clone()))
            .execute(&mut *connection)
            .await
        {
            Ok(_) => return true,
            // A lock was not to be had: 55P03.
            Err(sqlx::Error::Database(error)) if error.code().is_some_and(|it| it == "55P03") => sleep(PAUSE).await,
            Err(error) => {
                warn!(%error, table, "a table with old versions of rows is not written anew");
                return false;
            }
        }
    }
    info!(table, "a table is in use all the time and is not written anew");
    false
}

/// Begins a new file of the write-ahead log; the checkpoint removes those before it, where they are not kept for others.
async fn let_go(connection: &mut PgConnection) -> bool {
    const KEPT: &str = "SELECT current_setting('wal_recycle')::boolean OR current_setting('archive_mode') <> 'off'
        OR current_setting('wal_keep_size') NOT IN ('0', '0MB')
        OR EXISTS (SELECT FROM pg_replication_slots)";
    for step in ["SELECT pg_switch_wal()", "CHECKPOINT"] {
        if let Err(error) = sqlx::raw_sql(step).execute(&mut *connection).await {
            warn!(%error, "the write-ahead log is not let go of");
            return false;
        }
    }
    matches!(sqlx::query_scalar(KEPT).fetch_one(connection).await, Ok(false))
}
