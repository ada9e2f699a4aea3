use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

/// Resolutions of a group that count at most, the newest: what teams did long ago says little of today, and what is
/// worked out for each new ticket must not grow with the history.
const NEWEST: i64 = 2000;

/// What is known of a ticket's resolution.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EstimateRow {
    /// Id of the ticket.
    pub ticket_id: Uuid,
    /// Its category.
    pub category_id: Option<String>,
    /// Stored form of its priority.
    pub priority: String,
    /// When it was opened, UTC.
    pub opened_at: DateTime<Utc>,
    /// When the newest cycle of work began, UTC: its opening, or the newest reopening.
    pub since: DateTime<Utc>,
    /// When it was last resolved, UTC; `None` while work goes on.
    pub resolved_at: Option<DateTime<Utc>>,
    /// How many times it was estimated.
    pub estimates: i32,
    /// What was promised first, UTC.
    pub first_eta: Option<DateTime<Utc>>,
    /// What was promised last, UTC.
    pub eta: Option<DateTime<Utc>>,
    /// Seconds within which half of such tickets were resolved.
    pub p50_s: Option<i64>,
    /// Seconds that are promised.
    pub promised_s: Option<i64>,
    /// Seconds within which nine of ten were resolved.
    pub p90_s: Option<i64>,
    /// Category of the tickets that it rests on.
    pub basis_category_id: Option<String>,
    /// Stored form of their priority.
    pub basis_priority: Option<String>,
    /// How many they are.
    pub cases: Option<i64>,
    /// Which quantile is promised, in hundredths.
    pub quantile: Option<i16>,
    /// Up to where the history was known.
    pub basis_position: Option<i64>,
}

/// How long it took to resolve the tickets of one group.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Group {
    /// Their category; `None` when of any.
    pub category_id: Option<String>,
    /// Stored form of their priority; `None` when of any.
    pub priority: Option<String>,
    /// How many they are.
    pub cases: i64,
    /// Seconds within which half were resolved.
    pub p50_s: i64,
    /// Seconds within which eight of ten were.
    pub p80_s: i64,
    /// Seconds within which nine of ten were.
    pub p90_s: i64,
}

/// How long it took to resolve tickets of the finest group for this category and priority that has `enough` of them:
/// both, the category, the priority, all; `None` when there are not so many in all.
///
/// Quantiles are the inverse of the empirical distribution function, so that each is a time that some ticket took
/// (`percentile_disc` of Postgres; definition 1 of R. Hyndman, Y. Fan, "Sample Quantiles in Statistical Packages", The
/// American Statistician 50 (1996), 361-365, <https://doi.org/10.2307/2684934>).
///
/// # Errors
/// When Postgres does not answer.
pub async fn history(
    pool: &PgPool,
    category: Option<&str>,
    priority: &str,
    enough: i64,
) -> Result<Option<Group>, sqlx::Error> {
    let of_category = category.map(|it| [(Some(it), Some(priority)), (Some(it), None)]);
    let coarse = [(None, Some(priority)), (None, None)];
    for wanted in of_category.into_iter().flatten().chain(coarse) {
        let group = group(pool, wanted).await?;
        if group.cases >= enough {
            return Ok(Some(group));
        }
    }
    Ok(None)
}

async fn group(pool: &PgPool, (category, priority): (Option<&str>, Option<&str>)) -> Result<Group, sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT ");
    sql.push_bind(category).push("::text AS category_id, ");
    sql.push_bind(priority).push(
        "::text AS priority, COUNT(*) AS cases,
            COALESCE(percentile_disc(0.5) WITHIN GROUP (ORDER BY taken), 0) AS p50_s,
            COALESCE(percentile_disc(0.8) WITHIN GROUP (ORDER BY taken), 0) AS p80_s,
            COALESCE(percentile_disc(0.9) WITHIN GROUP (ORDER BY taken), 0) AS p90_s
        FROM (SELECT GREATEST(EXTRACT(EPOCH FROM resolved_at - since)::bigint, 0) AS taken
            FROM resolution_estimate WHERE resolved_at IS NOT NULL",
    );
    if let Some(category) = category {
        sql.push(" AND category_id = ").push_bind(category);
    }
    if let Some(priority) = priority {
        sql.push(" AND priority = ").push_bind(priority);
    }
    sql.push(" ORDER BY resolved_at DESC LIMIT ")
        .push_bind(NEWEST)
        .push(") AS newest");
    sql.build_query_as().fetch_one(pool).await
}

/// How often estimates held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Honesty {
    /// How many tickets were resolved.
    pub resolved: i64,
    /// How many of these had been estimated.
    pub estimated: i64,
    /// How many of these were resolved by the instant promised first.
    pub first_held: i64,
    /// How many of these were resolved by the instant promised last.
    pub last_held: i64,
}

/// How often the estimates held of tickets that were resolved between two instants, the second excluded.
///
/// # Errors
/// When Postgres does not answer.
pub async fn honesty(
    pool: &PgPool,
    (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    category: Option<&str>,
    priority: Option<&str>,
) -> Result<Honesty, sqlx::Error> {
    const HONESTY: &str = "SELECT COUNT(*) AS resolved, COUNT(*) FILTER (WHERE estimates > 0) AS estimated,
            COUNT(*) FILTER (WHERE resolved_at <= first_eta) AS first_held,
            COUNT(*) FILTER (WHERE resolved_at <= eta) AS last_held
        FROM resolution_estimate
        WHERE resolved_at IS NOT NULL AND ($1::timestamptz IS NULL OR resolved_at >= $1)
            AND ($2::timestamptz IS NULL OR resolved_at < $2) AND ($3::text IS NULL OR category_id = $3)
            AND ($4::text IS NULL OR priority = $4)";
    sqlx::query_as(HONESTY)
        .bind(from)
        .bind(to)
        .bind(category)
        .bind(priority)
        .fetch_one(pool)
        .await
}

/// What is known of the resolutions of these tickets, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn by_ids(pool: &PgPool, tickets: &[Uuid]) -> Result<Vec<EstimateRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM resolution_estimate WHERE ticket_id = ANY($1)")
        .bind(tickets)
        .fetch_all(pool)
        .await
}
