use chrono::{DateTime, Utc};
use event_store::Position;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

use crate::checkpoint::from_column;

/// A person's data, as far as erasing it goes.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PrivacyRow {
    /// Id of a contact, a user, or a ticket whose customer is not known.
    pub person_id: Uuid,
    /// Number of events.
    pub version: i64,
    /// Stored form of [`domain::data_subject::Ground`].
    pub ground: Option<String>,
    /// More about the request; `None` when the data was erased.
    pub note: Option<String>,
    /// When it was asked for, UTC.
    pub requested_at: Option<DateTime<Utc>>,
    /// Who asked, `kind:id`.
    pub requested_by: Option<String>,
    /// When the data is erased, UTC; `None` when nothing is due.
    pub due: Option<DateTime<Utc>>,
    /// When the newest request was taken back, UTC.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Holds that nobody lifted; some may have ended by themselves.
    pub holds: Json<Vec<Hold>>,
    /// Whether there are any.
    pub held: bool,
    /// When the data was erased, UTC.
    pub erased_at: Option<DateTime<Utc>>,
    /// Who erased it, `kind:id`.
    pub erased_by: Option<String>,
    /// Log position of the erasure.
    pub erased_position: Option<i64>,
    /// Names the key that was destroyed.
    pub key_fingerprint: Option<String>,
    /// When it was looked for remains, UTC.
    pub verified_at: Option<DateTime<Utc>>,
    /// Where, and what was left.
    pub cleared: Json<Vec<Looked>>,
    /// When the newest event was, UTC.
    pub updated_at: DateTime<Utc>,
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Names it.
    pub id: Uuid,
    /// Why; `None` when the data was erased.
    pub reason: Option<String>,
    /// When it ends by itself, UTC.
    pub until: Option<DateTime<Utc>>,
    /// Since when, UTC.
    pub placed_at: DateTime<Utc>,
    /// Who placed it, `kind:id`.
    pub placed_by: String,
}

impl Hold {
    /// Whether it forbids erasure at an instant.
    #[must_use]
    pub fn binds(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|it| it > now)
    }
}

/// Where it was looked for remains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// What was looked through.
    pub place: String,
    /// How many remains there were.
    pub remains: i64,
}

/// What is to become of a person's data; of records that are shown as one, that of the one that is shown.
///
/// # Errors
/// When Postgres does not answer.
pub async fn of(pool: &PgPool, person: Uuid) -> Result<Option<PrivacyRow>, sqlx::Error> {
    const ROW: &str = "SELECT * FROM person_privacy
        WHERE person_id = $1 OR person_id = (SELECT merged_into FROM contact_card WHERE contact_id = $1)
        ORDER BY person_id = $1 LIMIT 1";
    sqlx::query_as(ROW).bind(person).fetch_optional(pool).await
}

/// People, those last whom nothing was said of for longest; behind a place, if one is given.
///
/// # Errors
/// When Postgres does not answer.
pub async fn newest(
    pool: &PgPool,
    behind: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<PrivacyRow>, sqlx::Error> {
    const ROWS: &str = "SELECT * FROM person_privacy
        WHERE $1::timestamptz IS NULL OR (updated_at, person_id) < ($1, $2)
        ORDER BY updated_at DESC, person_id DESC LIMIT $3";
    let (at, id) = behind.unzip();
    sqlx::query_as(ROWS).bind(at).bind(id).bind(limit).fetch_all(pool).await
}

/// People whose data is to be erased by now and whom no hold of their own keeps from it, but for those passed over; what
/// else forbids it is for whoever decides.
///
/// # Errors
/// When Postgres does not answer.
pub async fn due(
    pool: &PgPool,
    now: DateTime<Utc>,
    passed_over: &[Uuid],
    limit: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    const DUE: &str = "SELECT person_id FROM person_privacy
        WHERE due <= $1 AND person_id <> ALL ($2) AND NOT (held AND EXISTS (
            SELECT FROM jsonb_array_elements(holds) AS it
            WHERE it ->> 'until' IS NULL OR (it ->> 'until')::timestamptz > $1))
        ORDER BY due LIMIT $3";
    let due = sqlx::query_scalar(DUE).bind(now).bind(passed_over).bind(limit);
    due.fetch_all(pool).await
}

/// Somebody whose data was erased and not yet looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Who.
    pub person: Uuid,
    /// When, UTC.
    pub at: DateTime<Utc>,
    /// Place of the erasure in the log.
    pub position: Position,
}

/// People whose data was erased and not yet looked for, those first who wait longest.
///
/// # Errors
/// When Postgres does not answer.
pub async fn unverified(pool: &PgPool, limit: i64) -> Result<Vec<Erased>, sqlx::Error> {
    const ERASED: &str = "SELECT person_id, erased_at, erased_position FROM person_privacy
        WHERE verified_at IS NULL AND erased_at IS NOT NULL AND erased_position IS NOT NULL
        ORDER BY erased_at LIMIT $1";
    let rows: Vec<(Uuid, DateTime<Utc>, i64)> = sqlx::query_as(ERASED).bind(limit).fetch_all(pool).await?;
    let erased = rows.into_iter().map(|(person, at, position)| Erased {
        person,
        at,
        position: from_column(position),
    });
    Ok(erased.collect())
}
