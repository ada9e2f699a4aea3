//! What is taken out of entries: the data of people who were forgotten, and texts that were withdrawn.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{state::listed, values::redacted};
use crate::ProjectError;

/// Messages whose texts were withdrawn.
#[derive(Debug, Default)]
pub(super) struct Withdrawn {
    positions: Vec<i64>,
}

impl Withdrawn {
    /// The entries that tell what a message said.
    pub(super) fn add(&mut self, positions: &[i64]) {
        self.positions.extend(positions);
    }
}

/// Leaves that there was a text.
pub(super) async fn withdraw(withdrawn: &Withdrawn, tx: &mut PgConnection) -> Result<(), ProjectError> {
    const ENTRIES: &str = "UPDATE audit_entry SET changes = (
            SELECT jsonb_agg(CASE WHEN it ->> 'field' = 'message' THEN
                    it || CASE WHEN it ? 'before' THEN jsonb_build_object('before', $2::jsonb) ELSE '{}' END
                    || CASE WHEN it ? 'after' THEN jsonb_build_object('after', $2::jsonb) ELSE '{}' END
                ELSE it END ORDER BY place)
            FROM jsonb_array_elements(changes) WITH ORDINALITY AS of (it, place)
        ) WHERE position = ANY($1) AND changes <> '[]'";
    if withdrawn.positions.is_empty() {
        return Ok(());
    }
    sqlx::query(ENTRIES)
        .bind(&withdrawn.positions)
        .bind(redacted())
        .execute(tx)
        .await?;
    Ok(())
}

/// Leaves whose data it was.
pub(super) async fn forget(people: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    const ENTRIES: &str = "UPDATE audit_entry SET
            address = CASE WHEN address_of = $1 THEN NULL ELSE address END,
            changes = COALESCE((
                SELECT jsonb_agg(
                    it || CASE WHEN it #>> '{before,personal}' = $2
                        THEN jsonb_build_object('before', jsonb_build_object('personal', $2)) ELSE '{}' END
                    || CASE WHEN it #>> '{after,personal}' = $2
                        THEN jsonb_build_object('after', jsonb_build_object('personal', $2)) ELSE '{}' END
                    ORDER BY place)
                FROM jsonb_array_elements(changes) WITH ORDINALITY AS of (it, place)
            ), '[]')
        WHERE data_subjects @> $3::uuid[]";
    const OBJECTS: &str = "UPDATE audit_object SET fields = COALESCE((
            SELECT jsonb_object_agg(key, CASE WHEN value ->> 'personal' = $2
                THEN jsonb_build_object('personal', $2) ELSE value END)
            FROM jsonb_each(fields)
        ), '{}')
        WHERE data_subjects @> $3::uuid[]";
    for id in people {
        let (text, set) = (id.to_string(), listed([id]));
        sqlx::query(ENTRIES)
            .bind(id)
            .bind(&text)
            .bind(&set)
            .execute(&mut *tx)
            .await?;
        sqlx::query(OBJECTS)
            .bind(id)
            .bind(&text)
            .bind(&set)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
