//! What is left of a person's data, across all read models: the one place that looks into tables of several. A model that
//! keeps personal data has its rows counted here.

mod disk;

pub use disk::rewrite;
use sqlx::PgPool;
use uuid::Uuid;

/// Where a person's data stands: what the place is called, its table, and how to count what is left. `$1` is the person.
const PLACES: &[(&str, &str, &str)] = &[
    (
        "ticket_list",
        "ticket_list",
        "SELECT COUNT(*) FROM ticket_list WHERE data_subject = $1
            AND (subject IS NOT NULL OR resolution_note IS NOT NULL OR fields <> '{}')",
    ),
    (
        "ticket_history",
        "ticket_history",
        "SELECT COUNT(*) FROM ticket_history WHERE data_subject = $1
            AND (subject IS NOT NULL OR resolution_note IS NOT NULL OR fields <> '{}')",
    ),
    (
        "ticket_decision",
        "ticket_decision",
        "SELECT COUNT(*) FROM ticket_decision WHERE data_subject = $1 AND reason IS NOT NULL",
    ),
    (
        "contact_card",
        "contact_card",
        "SELECT COUNT(*) FROM contact_card WHERE contact_id = $1 AND (name IS NOT NULL OR note IS NOT NULL
            OR locale IS NOT NULL OR time_zone IS NOT NULL OR block_reason IS NOT NULL OR name_key <> '')",
    ),
    (
        "contact_handle",
        "contact_handle",
        "SELECT COUNT(*) FROM contact_handle WHERE contact_id = $1 AND (value IS NOT NULL OR written IS NOT NULL)",
    ),
    (
        "message",
        "message",
        "SELECT COUNT(*) FROM message WHERE data_subject = $1 AND body IS NOT NULL",
    ),
    (
        "attachment",
        "attachment",
        "SELECT COUNT(*) FROM attachment WHERE data_subject = $1 AND name IS NOT NULL",
    ),
    (
        "attachment_download",
        "attachment_download",
        "SELECT COUNT(*) FROM attachment_download WHERE data_subject = $1 AND address IS NOT NULL",
    ),
    (
        "search",
        "search_part",
        "SELECT COUNT(*) FROM search_part WHERE subject_id = $1 AND words <> ''::tsvector",
    ),
    (
        "user_account",
        "user_account",
        "SELECT COUNT(*) FROM user_account WHERE user_id = $1
            AND (email IS NOT NULL OR name IS NOT NULL OR suspended_reason IS NOT NULL)",
    ),
    (
        "user_session",
        "user_session",
        "SELECT COUNT(*) FROM user_session WHERE user_id = $1 AND client IS NOT NULL",
    ),
    (
        "audit_entry",
        "audit_entry",
        "SELECT COUNT(*) FROM audit_entry WHERE data_subjects @> ARRAY[$1] AND (
            address IS NOT NULL AND address_of = $1 OR EXISTS (
                SELECT FROM jsonb_array_elements(changes) AS it
                WHERE it #>> '{before,personal}' = $1::text AND it #> '{before,value}' IS NOT NULL
                    OR it #>> '{after,personal}' = $1::text AND it #> '{after,value}' IS NOT NULL))",
    ),
    (
        "audit_object",
        "audit_object",
        "SELECT COUNT(*) FROM audit_object WHERE data_subjects @> ARRAY[$1] AND EXISTS (
            SELECT FROM jsonb_each(fields) WHERE value ->> 'personal' = $1::text AND value ? 'value')",
    ),
    (
        "person_privacy",
        "person_privacy",
        "SELECT COUNT(*) FROM person_privacy WHERE person_id = $1 AND (note IS NOT NULL OR EXISTS (
            SELECT FROM jsonb_array_elements(holds) AS it WHERE it ->> 'reason' IS NOT NULL))",
    ),
    (
        "files",
        "attachment",
        "SELECT COUNT(*) FROM attachment WHERE data_subject = $1 AND blob IS NOT NULL AND removed_at IS NULL",
    ),
];

/// The vault's own, which has wrapped keys.
const VAULT: &str = "subject_key";

/// Tables in whose files old versions of people's data may lie.
fn tables() -> Vec<&'static str> {
    let kept = PLACES.iter().map(|(_, table, _)| *table);
    kept.chain([VAULT]).collect()
}

/// What is left of a person's data, table by table.
///
/// # Errors
/// When Postgres does not answer.
pub async fn of(pool: &PgPool, person: Uuid) -> Result<Vec<(&'static str, i64)>, sqlx::Error> {
    let mut found = Vec::with_capacity(PLACES.len());
    for (place, _, count) in PLACES {
        found.push((*place, sqlx::query_scalar(*count).bind(person).fetch_one(pool).await?));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
