//! The reading half: what counters say, and how they are made.

use std::collections::HashMap;

use event_store::Position;
use sqlx::{Connection, PgConnection, PgPool, Postgres, QueryBuilder, pool::PoolConnection};
use uuid::Uuid;

use crate::{
    checkpoint::from_column,
    list::Table,
    ticket_list::{
        MODEL,
        filter::{Condition, Tickets},
    },
};

/// Counters of one build at most. Each costs a little with every change of a ticket.
const MOST: i64 = 2000;
/// Bytes of a condition that is kept; what is longer is counted each time.
const LONGEST: usize = 16 * 1024;
/// Tries to make a counter, should the build be replaced meanwhile.
const TRIES: u32 = 3;

/// How many tickets meet a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many they are.
    pub value: i64,
    /// As of this place of the log; parts of the build may be further.
    pub position: Position,
}

/// A condition as it is kept.
struct Kept<'a> {
    condition: &'a Condition,
    key: Uuid,
    text: String,
}

impl<'a> Kept<'a> {
    fn of(condition: &'a Condition) -> Result<Self, sqlx::Error> {
        let text = serde_json::to_string(condition).map_err(|it| sqlx::Error::Encode(it.into()))?;
        let key = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes());
        Ok(Self { condition, key, text })
    }
}

/// How many tickets meet each of these conditions, in their order; in one statement for all that were asked for before.
///
/// # Errors
/// When Postgres does not answer.
pub async fn counts(pool: &PgPool, conditions: &[Condition]) -> Result<Vec<Counted>, sqlx::Error> {
    let kept: Vec<Kept<'_>> = conditions.iter().map(Kept::of).collect::<Result<_, _>>()?;
    let known = known(pool, &kept).await?;
    let mut counted = Vec::with_capacity(kept.len());
    let mut made: HashMap<Uuid, Counted> = HashMap::new();
    for it in &kept {
        let there = known.get(&it.key).or_else(|| made.get(&it.key)).copied();
        let now = if let Some(there) = there {
            there
        } else {
            make(pool, it).await?
        };
        made.insert(it.key, now);
        counted.push(now);
    }
    Ok(counted)
}

/// What the counters say that there are, by key.
async fn known(pool: &PgPool, kept: &[Kept<'_>]) -> Result<HashMap<Uuid, Counted>, sqlx::Error> {
    let keys: Vec<Uuid> = kept.iter().map(|it| it.key).collect();
    let texts: Vec<String> = kept.iter().map(|it| it.text.clone()).collect();
    let rows = sqlx::query!(
        r#"SELECT it.id, it.key, asked_at < clock_timestamp() - INTERVAL '10 minutes' AS "old!",
            it.base + COALESCE((SELECT SUM(delta) FROM ops.counter_part WHERE counter = it.id), 0)::bigint AS "value!",
            (SELECT MIN(position) FROM ops.checkpoint WHERE generation = build.id) AS "position!"
        FROM ops.generation AS build
        JOIN ops.counter AS it ON it.generation = build.id
        JOIN UNNEST($3::uuid[], $4::text[]) AS wanted (key, condition)
            ON wanted.key = it.key AND wanted.condition = it.condition
        WHERE build.model = $1 AND build.version = $2 AND build.serving AND it.base IS NOT NULL"#,
        MODEL.name,
        MODEL.version,
        &keys,
        &texts
    )
    .fetch_all(pool)
    .await?;
    let old: Vec<i64> = rows.iter().filter(|it| it.old).map(|it| it.id).collect();
    if !old.is_empty() {
        sqlx::query!(
            "UPDATE ops.counter SET asked_at = clock_timestamp() WHERE id = ANY($1)",
            &old
        )
        .execute(pool)
        .await?;
    }
    let counted = rows.into_iter().map(|it| {
        let position = from_column(it.position);
        let value = it.value;
        (it.key, Counted { value, position })
    });
    Ok(counted.collect())
}

/// Makes a counter, and tells what it says.
async fn make(pool: &PgPool, kept: &Kept<'_>) -> Result<Counted, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    for _ in 0..TRIES {
        if kept.text.len() > LONGEST {
            break;
        }
        let Some((build, id)) = register(&mut connection, kept).await? else {
            break;
        };
        wait(&mut connection, build).await?;
        let (counted, noted) = count(&mut connection, build, kept.condition, id).await?;
        if settle(&mut connection, id, counted.value - noted).await? {
            return Ok(counted);
        }
    }
    // It is too long, there are too many that are used, or builds come and go: it is counted for once.
    let mut tx = connection.begin().await?;
    let value = count_rows(&mut tx, kept.condition).await?;
    let position = sqlx::query_scalar!(
        r#"SELECT MIN(part.position) AS "position!" FROM ops.generation AS build
        JOIN ops.checkpoint AS part ON part.generation = build.id
        WHERE build.model = $1 AND build.version = $2 AND build.serving"#,
        MODEL.name,
        MODEL.version
    )
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    let position = from_column(position);
    Ok(Counted { value, position })
}

/// A row for the counter of the serving build, beside which parts begin to note; forgets those that nobody asked for in
/// a week, and, when there are too many, in an hour. `None` when there is no room, or no build.
async fn register(
    connection: &mut PoolConnection<Postgres>,
    kept: &Kept<'_>,
) -> Result<Option<(i64, i64)>, sqlx::Error> {
    let Some(build) = sqlx::query_scalar!(
        "SELECT id FROM ops.generation WHERE model = $1 AND version = $2 AND serving",
        MODEL.name,
        MODEL.version
    )
    .fetch_optional(&mut **connection)
    .await?
    else {
        return Ok(None);
    };
    sqlx::query!(
        "DELETE FROM ops.counter WHERE generation = $1 AND (asked_at < clock_timestamp() - INTERVAL '7 days'
            OR (asked_at < clock_timestamp() - INTERVAL '1 hour'
                AND id IN (SELECT id FROM ops.counter WHERE generation = $1 ORDER BY asked_at DESC OFFSET $2))
            OR (key = $3 AND condition <> $4))",
        build,
        MOST - 1,
        kept.key,
        kept.text
    )
    .execute(&mut **connection)
    .await?;
    sqlx::query!(
        "DELETE FROM ops.counter_part AS it WHERE generation = $1
            AND NOT EXISTS (SELECT FROM ops.counter WHERE id = it.counter)",
        build
    )
    .execute(&mut **connection)
    .await?;
    let id = sqlx::query_scalar!(
        "INSERT INTO ops.counter (generation, key, condition) SELECT $1, $2, $3
        WHERE (SELECT COUNT(*) FROM ops.counter WHERE generation = $1 AND key <> $2) < $4
        ON CONFLICT (generation, key) DO UPDATE SET asked_at = clock_timestamp() RETURNING id",
        build,
        kept.key,
        kept.text,
        MOST
    )
    .fetch_optional(&mut **connection)
    .await?;
    Ok(id.map(|it| (build, it)))
}

/// Waits for the batches that may not have seen the counter; each holds the row of its checkpoint from its first
/// statement to its end.
async fn wait(connection: &mut PoolConnection<Postgres>, build: i64) -> Result<(), sqlx::Error> {
    let mut tx = connection.begin().await?;
    sqlx::query!(
        "SELECT position FROM ops.checkpoint WHERE generation = $1 ORDER BY partition FOR UPDATE",
        build
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await
}

/// Counts the rows, and what the parts have noted, in one snapshot.
async fn count(
    connection: &mut PoolConnection<Postgres>,
    build: i64,
    condition: &Condition,
    id: i64,
) -> Result<(Counted, i64), sqlx::Error> {
    let mut tx = connection
        .begin_with("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let now = sqlx::query!(
        r#"SELECT (SELECT MIN(position) FROM ops.checkpoint WHERE generation = $1) AS "position!",
            COALESCE((SELECT SUM(delta) FROM ops.counter_part WHERE counter = $2), 0)::bigint AS "noted!""#,
        build,
        id
    )
    .fetch_one(&mut *tx)
    .await?;
    let value = count_rows(&mut tx, condition).await?;
    tx.commit().await?;
    let position = from_column(now.position);
    Ok((Counted { value, position }, now.noted))
}

async fn count_rows(tx: &mut PgConnection, condition: &Condition) -> Result<i64, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT COUNT(*) FROM ");
    sql.push(Tickets::NAME).push(" WHERE ");
    condition.push(&mut sql);
    sql.build_query_scalar().fetch_one(tx).await
}

/// Notes where a counter began; `false` when it is gone, or its build serves no more, so that other rows may have been
/// counted. Whoever else makes it comes to the same number.
async fn settle(connection: &mut PoolConnection<Postgres>, id: i64, base: i64) -> Result<bool, sqlx::Error> {
    let settled = sqlx::query_scalar!(
        "UPDATE ops.counter AS it SET base = $2 FROM ops.generation AS build
        WHERE it.id = $1 AND build.id = it.generation AND build.serving RETURNING it.id",
        id,
        base
    );
    Ok(settled.fetch_optional(&mut **connection).await?.is_some())
}
