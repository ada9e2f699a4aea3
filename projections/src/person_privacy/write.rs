use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::{data_subject::DataSubjectEvent, event::DomainEvent, personal::Personal};
use event_store::Recorded;
use serde_json::json;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{Hold, Looked, PrivacyRow};
use crate::{ProjectError, checkpoint::to_column};

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let touched: HashSet<Uuid> = events.iter().map(|it| it.stream_id).collect();
    let touched: Vec<Uuid> = touched.into_iter().collect();
    let rows: Vec<PrivacyRow> = sqlx::query_as("SELECT * FROM person_privacy WHERE person_id = ANY($1)")
        .bind(&touched)
        .fetch_all(&mut *tx)
        .await?;
    let mut rows: HashMap<Uuid, PrivacyRow> = rows.into_iter().map(|it| (it.person_id, it)).collect();
    for event in events {
        if let DomainEvent::DataSubject(change) = &event.event {
            let row = rows.entry(event.stream_id).or_insert_with(|| unborn(event));
            // The end of a key comes to every part; only the one that has all before it can tell it.
            if row.version != revision(event) {
                continue;
            }
            row.version += 1;
            row.updated_at = row.updated_at.max(event.metadata.at);
            row.apply(change, event);
        }
    }
    for row in rows.into_values().filter(|it| it.version > 0) {
        save(row, tx).await?;
    }
    Ok(())
}

fn revision(event: &Recorded<DomainEvent>) -> i64 {
    i64::try_from(event.revision).unwrap_or(i64::MAX)
}

fn unborn(event: &Recorded<DomainEvent>) -> PrivacyRow {
    PrivacyRow {
        person_id: event.stream_id,
        version: 0,
        ground: None,
        note: None,
        requested_at: None,
        requested_by: None,
        due: None,
        cancelled_at: None,
        holds: Json(Vec::new()),
        held: false,
        erased_at: None,
        erased_by: None,
        erased_position: None,
        key_fingerprint: None,
        verified_at: None,
        cleared: Json(Vec::new()),
        updated_at: event.metadata.at,
    }
}

impl PrivacyRow {
    fn apply(&mut self, change: &DataSubjectEvent, event: &Recorded<DomainEvent>) {
        let (at, actor) = (event.metadata.at, event.metadata.actor.to_string());
        match change {
            DataSubjectEvent::ErasureRequested {
                ground,
                note,
                execute_after,
            } => {
                self.ground = Some(ground.as_str().to_owned());
                self.note = note.as_ref().and_then(Personal::known).cloned();
                (self.requested_at, self.requested_by) = (Some(at), Some(actor));
                (self.due, self.cancelled_at) = (Some(*execute_after), None);
            }
            DataSubjectEvent::ErasureCancelled { .. } => (self.due, self.cancelled_at) = (None, Some(at)),
            DataSubjectEvent::LegalHoldPlaced { hold_id, reason, until } => self.holds.push(Hold {
                id: *hold_id,
                reason: reason.known().cloned(),
                until: *until,
                placed_at: at,
                placed_by: actor,
            }),
            DataSubjectEvent::LegalHoldLifted { hold_id, .. } => self.holds.retain(|it| it.id != *hold_id),
            DataSubjectEvent::KeyDestroyed { key_fingerprint } => {
                self.key_fingerprint = Some(key_fingerprint.clone());
                (self.erased_at, self.erased_by) = (Some(at), Some(actor));
                self.erased_position = Some(to_column(event.position));
                (self.due, self.note) = (None, None);
                self.holds.iter_mut().for_each(|it| it.reason = None);
            }
            DataSubjectEvent::ErasureVerified { cleared } => {
                self.verified_at = Some(at);
                let looked = cleared.iter().map(|it| Looked {
                    place: it.place.clone(),
                    remains: i64::try_from(it.remains).unwrap_or(i64::MAX),
                });
                self.cleared = Json(looked.collect());
            }
        }
        self.held = !self.holds.is_empty();
    }
}

async fn save(row: PrivacyRow, tx: &mut PgConnection) -> Result<(), ProjectError> {
    const SAVE: &str = "INSERT INTO person_privacy (person_id, version, ground, note, requested_at, requested_by, due,
            cancelled_at, holds, held, erased_at, erased_by, erased_position, key_fingerprint, verified_at, cleared,
            updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        ON CONFLICT (person_id) DO UPDATE SET version = $2, ground = $3, note = $4, requested_at = $5,
            requested_by = $6, due = $7, cancelled_at = $8, holds = $9, held = $10, erased_at = $11, erased_by = $12,
            erased_position = $13, key_fingerprint = $14, verified_at = $15, cleared = $16, updated_at = $17";
    sqlx::query(SAVE)
        .bind(row.person_id)
        .bind(row.version)
        .bind(row.ground)
        .bind(row.note)
        .bind(row.requested_at)
        .bind(row.requested_by)
        .bind(row.due)
        .bind(row.cancelled_at)
        .bind(json!(row.holds.0))
        .bind(row.held)
        .bind(row.erased_at)
        .bind(row.erased_by)
        .bind(row.erased_position)
        .bind(row.key_fingerprint)
        .bind(row.verified_at)
        .bind(json!(row.cleared.0))
        .bind(row.updated_at)
        .execute(tx)
        .await?;
    Ok(())
}
