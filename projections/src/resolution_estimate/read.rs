use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

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

/// How long it took to resolve tickets, from the finest group for this category and priority to the coarsest: both, the
/// category, the priority, all. Groups without a ticket are absent.
///
/// Quantiles are the inverse of the empirical distribution function, so that each is a time that some ticket took
/// (`percentile_disc` of Postgres; definition 1 of R. Hyndman, Y. Fan, "Sample Quantiles in Statistical Packages", The
/// American Statistician 50 (1996), 361-365, <https://doi.org/10.2307/2684934>).
///
/// # Errors
/// When Postgres does not answer.
pub async fn groups(pool: &PgPool, category: Option<&str>, priority: &str) -> Result<Vec<Group>, sqlx::Error> {
    const GROUPS: &str =
        "SELECT wanted.category_id, wanted.priority, it.cases, it.taken[1] AS p50_s, it.taken[2] AS p80_s,
            it.taken[3] AS p90_s
        FROM (VALUES (1, $1::text, $2::text), (2, $1, NULL), (3, NULL, $2), (4, NULL, NULL))
            AS wanted (place, category_id, priority)
        CROSS JOIN LATERAL (
            SELECT COUNT(*) AS cases, percentile_disc(ARRAY[0.5, 0.8, 0.9]) WITHIN GROUP (
                ORDER BY EXTRACT(EPOCH FROM resolved_at - opened_at)::bigint) AS taken
            FROM resolution_estimate
            WHERE resolved_at IS NOT NULL AND (wanted.category_id IS NULL OR category_id = wanted.category_id)
                AND (wanted.priority IS NULL OR priority = wanted.priority)
        ) AS it
        WHERE it.cases > 0 AND (wanted.place > 2 OR $1 IS NOT NULL)
        ORDER BY wanted.place";
    sqlx::query_as(GROUPS)
        .bind(category)
        .bind(priority)
        .fetch_all(pool)
        .await
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
