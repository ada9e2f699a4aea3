//! The schema of one replay. Whoever made it holds a lock on it, which Postgres frees when that process is gone: what nobody
//! holds, and nobody wanted to keep, is removed by whoever comes next.

use chrono::{DateTime, Utc};
use domain::ticket::StatusCategory;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use uuid::Uuid;

use super::case::Outcome;

/// First half of the advisory locks on these schemas: "what" in ASCII.
const LOCK: i32 = 0x77_68_61_74;
/// What the comment of a schema that is to stay begins with.
const KEPT: &str = "kept";
/// Rows of one statement.
const CHUNK: usize = 5000;

const TABLE: &str = "CREATE TABLE outcome (
    side text NOT NULL CHECK (side IN ('was', 'would_be')),
    ticket_id uuid NOT NULL,
    number bigint NOT NULL,
    priority smallint NOT NULL,
    category_id text,
    is_open boolean NOT NULL,
    opened_at timestamptz NOT NULL,
    first_answer_at timestamptz,
    promised_until timestamptz,
    resolved_at timestamptz,
    reopen_count integer NOT NULL,
    priority_corrected boolean NOT NULL,
    category_corrected boolean NOT NULL,
    PRIMARY KEY (side, ticket_id)
)";

const INSERT: &str = "INSERT INTO outcome SELECT * FROM UNNEST($1::text[], $2::uuid[], $3::bigint[], $4::smallint[],
    $5::text[], $6::boolean[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[],
    $11::integer[], $12::boolean[], $13::boolean[])";

/// Name of the schema of the replay with this id.
pub fn schema(id: Uuid) -> String {
    format!("whatif_{}", id.simple())
}

/// A schema that is there as long as this lives, or stays when it is to be kept.
#[derive(Debug)]
pub(super) struct Scratch {
    name: String,
    /// Its session has the lock, and finds the tables.
    connection: PgConnection,
}

impl Scratch {
    /// An empty one; what was left of a former try is gone.
    pub(super) async fn make(pool: &PgPool, id: Uuid) -> Result<Self, sqlx::Error> {
        sweep(pool).await?;
        let name = schema(id);
        let mut connection = pool.acquire().await?.detach();
        sqlx::query("SELECT pg_advisory_lock($1, hashtext($2))")
            .bind(LOCK)
            .bind(&name)
            .execute(&mut connection)
            .await?;
        let mut tx = connection.begin().await?;
        run(&mut tx, format!("DROP SCHEMA IF EXISTS {name} CASCADE")).await?;
        run(&mut tx, format!("CREATE SCHEMA {name}")).await?;
        sqlx::query("SELECT set_config('search_path', $1, false)")
            .bind(&name)
            .execute(&mut *tx)
            .await?;
        tx.execute(TABLE).await?;
        tx.commit().await?;
        Ok(Self { name, connection })
    }

    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    pub(super) async fn write(&mut self, outcomes: &[Outcome]) -> Result<(), sqlx::Error> {
        for chunk in outcomes.chunks(CHUNK) {
            insert(chunk, &mut self.connection).await?;
        }
        self.connection.execute("ANALYZE outcome").await?;
        Ok(())
    }

    /// Leaves it to whoever wants to look at it.
    pub(super) async fn keep(mut self) -> Result<(), sqlx::Error> {
        run(
            &mut self.connection,
            format!("COMMENT ON SCHEMA {} IS '{KEPT}'", self.name),
        )
        .await?;
        self.connection.close().await
    }

    pub(super) async fn remove(mut self) -> Result<(), sqlx::Error> {
        run(&mut self.connection, format!("DROP SCHEMA {} CASCADE", self.name)).await?;
        self.connection.close().await
    }
}

/// Removes the schemas whose makers are gone, but for those that were to be kept.
///
/// # Errors
/// When Postgres does not answer.
pub async fn sweep(pool: &PgPool) -> Result<(), sqlx::Error> {
    const LEFT: &str = r"SELECT nspname::text FROM pg_namespace
        WHERE nspname ~ '^whatif_[0-9a-f]{32}$' AND obj_description(oid, 'pg_namespace') IS DISTINCT FROM $1
        ORDER BY nspname";
    let left: Vec<String> = sqlx::query_scalar(LEFT).bind(KEPT).fetch_all(pool).await?;
    for name in left {
        let mut tx = pool.begin().await?;
        let free: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1, hashtext($2))")
            .bind(LOCK)
            .bind(&name)
            .fetch_one(&mut *tx)
            .await?;
        if free {
            run(&mut tx, format!("DROP SCHEMA IF EXISTS {name} CASCADE")).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Statements with the name of a schema, which is made of hex digits here or was found by that form.
async fn run(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    connection.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}

async fn insert(rows: &[Outcome], connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let over = [StatusCategory::Resolved, StatusCategory::Closed].map(StatusCategory::as_str);
    let is_open = |it: &Outcome| !over.contains(&it.row.status.as_str()) && it.row.merged_into.is_none();
    let side = |it: &Outcome| if it.would_be { "would_be" } else { "was" };
    let first_answer: Vec<Option<DateTime<Utc>>> = column(rows, |it| it.first_answer);
    sqlx::query(INSERT)
        .bind(column(rows, |it| side(it).to_owned()))
        .bind(column(rows, |it| it.row.ticket_id))
        .bind(column(rows, |it| it.row.number))
        .bind(column(rows, |it| it.row.priority))
        .bind(column(rows, |it| it.row.category_id.clone()))
        .bind(column(rows, is_open))
        .bind(column(rows, |it| it.row.opened_at))
        .bind(first_answer)
        .bind(column(rows, |it| it.promised_until))
        .bind(column(rows, |it| it.row.resolved_at))
        .bind(column(rows, |it| it.row.reopen_count))
        .bind(column(rows, |it| it.priority_corrected))
        .bind(column(rows, |it| it.category_corrected))
        .execute(connection)
        .await?;
    Ok(())
}

fn column<T>(rows: &[Outcome], of: impl Fn(&Outcome) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}
