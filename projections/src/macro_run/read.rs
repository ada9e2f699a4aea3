use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// One run of a macro.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RunRow {
    /// Id of the run.
    pub run_id: Uuid,
    /// The macro.
    pub macro_id: Uuid,
    /// Its version.
    pub macro_version: i64,
    /// On which ticket.
    pub ticket_id: Uuid,
    /// Who ran it, as `kind:id`.
    pub actor: String,
    /// How many steps it has.
    pub steps: i32,
    /// When it began, UTC.
    pub started_at: DateTime<Utc>,
    /// When it ended, UTC.
    pub finished_at: Option<DateTime<Utc>>,
    /// How many steps were taken.
    pub done: Option<i32>,
    /// The rule that stopped it, in English.
    pub stopped_because: Option<String>,
    /// When it was taken back, UTC.
    pub undone_at: Option<DateTime<Utc>>,
    /// Stored forms of [`domain::macro_run::TakenBack`], one of each step.
    pub undone_steps: Option<Vec<String>>,
}

/// How a macro was used.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Usage {
    /// How many times it was run.
    pub runs: i64,
    /// How many of these took all steps.
    pub succeeded: i64,
    /// How many stopped before their last step.
    pub stopped: i64,
    /// How many were taken back.
    pub undone: i64,
    /// When it was last run, UTC.
    pub last_run_at: Option<DateTime<Utc>>,
}

/// How a macro was used between two instants, the second excluded.
///
/// # Errors
/// When Postgres does not answer.
pub async fn usage(
    pool: &PgPool,
    macro_id: Uuid,
    (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
) -> Result<Usage, sqlx::Error> {
    const USAGE: &str = "SELECT COUNT(*) AS runs, COUNT(*) FILTER (WHERE done = steps) AS succeeded,
            COUNT(*) FILTER (WHERE stopped_because IS NOT NULL) AS stopped,
            COUNT(*) FILTER (WHERE undone_at IS NOT NULL) AS undone, MAX(started_at) AS last_run_at
        FROM macro_run WHERE macro_id = $1 AND ($2::timestamptz IS NULL OR started_at >= $2)
            AND ($3::timestamptz IS NULL OR started_at < $3)";
    sqlx::query_as(USAGE)
        .bind(macro_id)
        .bind(from)
        .bind(to)
        .fetch_one(pool)
        .await
}

/// The runs on a ticket, the newest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn of_ticket(pool: &PgPool, ticket_id: Uuid, limit: i64) -> Result<Vec<RunRow>, sqlx::Error> {
    const RUNS: &str = "SELECT * FROM macro_run WHERE ticket_id = $1 ORDER BY started_at DESC, run_id LIMIT $2";
    sqlx::query_as(RUNS).bind(ticket_id).bind(limit).fetch_all(pool).await
}
