use sqlx::PgPool;
use uuid::Uuid;

/// The newest choice of a category or a priority.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Decision {
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
}

/// The newest choices for these tickets, at most two of each, in no order.
///
/// # Errors
/// When Postgres does not answer.
pub async fn newest(pool: &PgPool, tickets: &[Uuid]) -> Result<Vec<Decision>, sqlx::Error> {
    const NEWEST: &str = "SELECT DISTINCT ON (ticket_id, what)
            what, ticket_id, value, chosen_by, version, score, rules::text AS rules, reason
        FROM ticket_decision WHERE ticket_id = ANY($1) ORDER BY ticket_id, what, position DESC";
    sqlx::query_as(NEWEST).bind(tickets).fetch_all(pool).await
}
