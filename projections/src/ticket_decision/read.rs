use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// A choice of a category or a priority.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Decision {
    /// Place of the event in the log.
    pub position: i64,
    /// `category` or `priority`.
    pub what: String,
    /// The ticket.
    pub ticket_id: Uuid,
    /// What was chosen.
    pub value: Option<String>,
    /// Stored form of [`domain::values::ClassifiedBy`].
    pub chosen_by: String,
    /// Version of the rules or of the model; `None` of people.
    pub version: Option<i64>,
    /// Sum of points, or certainty in thousandths; `None` of people.
    pub score: Option<i32>,
    /// The rules that held, as JSON.
    pub rules: String,
    /// Why, in the words of whoever chose.
    pub reason: Option<String>,
    /// Whose key seals the reason; not read from the table.
    #[sqlx(default)]
    pub(super) data_subject: Option<Uuid>,
    /// Who did it, `kind:id`.
    pub actor: String,
    /// When, UTC.
    pub at: DateTime<Utc>,
}

/// The newest choices for these tickets, at most two of each, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn newest(pool: &PgPool, tickets: &[Uuid]) -> Result<Vec<Decision>, sqlx::Error> {
    const NEWEST: &str = "SELECT DISTINCT ON (ticket_id, what)
            position, what, ticket_id, value, chosen_by, version, score, rules::text AS rules, reason, actor, at
        FROM ticket_decision WHERE ticket_id = ANY($1) ORDER BY ticket_id, what, position DESC";
    sqlx::query_as(NEWEST).bind(tickets).fetch_all(pool).await
}
