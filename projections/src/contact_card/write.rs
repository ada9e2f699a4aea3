use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{contact::ContactEvent, event::DomainEvent};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::row::{CardRow, HandleRow, Record};
use crate::{ProjectError, ticket_row::forgotten};

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let forgotten = forgotten(events);
    let mut records = load(&missing(events), tx).await?;
    let mut touched = HashSet::new();
    for event in events {
        if take(&mut records, event)? {
            touched.insert(event.stream_id);
        }
    }
    for id in &forgotten {
        if let Some(record) = records.get_mut(id) {
            record.redact();
        }
    }
    let changed: Vec<&Record> = touched.iter().filter_map(|it| records.get(it)).collect();
    write_cards(&changed, tx).await?;
    write_handles(&changed, tx).await?;
    forget(&forgotten, tx).await
}

/// Applies one event to its contact; whether it is one of a contact.
fn take(records: &mut HashMap<Uuid, Record>, event: &Recorded<DomainEvent>) -> Result<bool, ProjectError> {
    let DomainEvent::Contact(change) = &event.event else {
        return Ok(false);
    };
    if let Some(record) = Record::born(event) {
        records.insert(event.stream_id, record);
        return Ok(true);
    }
    let record = records.get_mut(&event.stream_id).ok_or_else(|| ProjectError::Unfit {
        projection: super::NAME,
        event_type: event.event_type.clone(),
        position: event.position.0,
        reason: "its contact was never created",
    })?;
    record.apply(change, event.metadata.at);
    Ok(true)
}

/// A contact and its handles, the oldest first, as its own events leave them, in their order; `None` when none of them
/// creates it. Of one that is `forgotten` no words are left.
///
/// # Errors
/// When the events do not fit each other.
pub fn from_events(
    events: &[Recorded<DomainEvent>],
    forgotten: bool,
) -> Result<Option<(CardRow, Vec<HandleRow>)>, ProjectError> {
    let mut records = HashMap::new();
    for event in events {
        take(&mut records, event)?;
    }
    let record = records.into_values().next().map(|mut record| {
        if forgotten {
            record.redact();
        }
        record.handles.sort_by_key(|it| (it.added_at, it.handle_id));
        (record.card, record.handles)
    });
    Ok(record)
}

/// The contacts that were ever merged into one, by its own events.
pub fn ever_absorbed(events: &[Recorded<DomainEvent>]) -> Vec<Uuid> {
    let absorbed = |it: &Recorded<DomainEvent>| {
        if let DomainEvent::Contact(ContactEvent::Absorbed { contact_id }) = &it.event {
            Some(contact_id.0)
        } else {
            None
        }
    };
    let all: HashSet<Uuid> = events.iter().filter_map(absorbed).collect();
    all.into_iter().collect()
}

/// Ids of the contacts in a batch that are not created in it.
fn missing(events: &[Arc<Recorded<DomainEvent>>]) -> Vec<Uuid> {
    let mut born = HashSet::new();
    let mut missing = HashSet::new();
    for event in events {
        let DomainEvent::Contact(change) = &event.event else {
            continue;
        };
        if let ContactEvent::Created { .. } = change {
            born.insert(event.stream_id);
        } else if !born.contains(&event.stream_id) {
            missing.insert(event.stream_id);
        }
    }
    missing.into_iter().collect()
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<HashMap<Uuid, Record>, ProjectError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let cards = sqlx::query_as!(CardRow, "SELECT * FROM contact_card WHERE contact_id = ANY($1)", ids)
        .fetch_all(&mut *tx)
        .await?;
    let handles = sqlx::query_as!(
        HandleRow,
        "SELECT * FROM contact_handle WHERE contact_id = ANY($1)",
        ids
    )
    .fetch_all(tx)
    .await?;
    let mut records: HashMap<Uuid, Record> = cards
        .into_iter()
        .map(|card| {
            (
                card.contact_id,
                Record {
                    card,
                    handles: Vec::new(),
                },
            )
        })
        .collect();
    for handle in handles {
        if let Some(record) = records.get_mut(&handle.contact_id) {
            record.handles.push(handle);
        }
    }
    Ok(records)
}

async fn write_cards(records: &[&Record], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if records.is_empty() {
        return Ok(());
    }
    // An array of arrays must be even, so each row's purposes travel as one text.
    let consents: Vec<String> = records.iter().map(|it| it.card.consents.join(",")).collect();
    sqlx::query!(
        r#"INSERT INTO contact_card (
            contact_id, version, kind, name, name_key, locale, time_zone, note, organization_id, merged_into,
            blocked_at, block_reason, consents, created_at, updated_at, erased
        )
        SELECT contact_id, version, kind, name, name_key, locale, time_zone, note, organization_id, merged_into,
            blocked_at, block_reason, string_to_array(consents, ','), created_at, updated_at, erased
        FROM UNNEST(
            $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::uuid[], $10::uuid[], $11::timestamptz[], $12::text[], $13::text[], $14::timestamptz[],
            $15::timestamptz[], $16::boolean[]
        ) AS new (
            contact_id, version, kind, name, name_key, locale, time_zone, note, organization_id, merged_into,
            blocked_at, block_reason, consents, created_at, updated_at, erased
        )
        ON CONFLICT (contact_id) DO UPDATE SET
            version = EXCLUDED.version, kind = EXCLUDED.kind, name = EXCLUDED.name, name_key = EXCLUDED.name_key,
            locale = EXCLUDED.locale, time_zone = EXCLUDED.time_zone, note = EXCLUDED.note,
            organization_id = EXCLUDED.organization_id, merged_into = EXCLUDED.merged_into,
            blocked_at = EXCLUDED.blocked_at, block_reason = EXCLUDED.block_reason, consents = EXCLUDED.consents,
            created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at, erased = EXCLUDED.erased"#,
        &column(records, |it| it.contact_id)[..],
        &column(records, |it| it.version)[..],
        &column(records, |it| it.kind.clone())[..],
        &column(records, |it| it.name.clone())[..] as &[Option<String>],
        &column(records, |it| it.name_key.clone())[..],
        &column(records, |it| it.locale.clone())[..] as &[Option<String>],
        &column(records, |it| it.time_zone.clone())[..] as &[Option<String>],
        &column(records, |it| it.note.clone())[..] as &[Option<String>],
        &column(records, |it| it.organization_id)[..] as &[Option<Uuid>],
        &column(records, |it| it.merged_into)[..] as &[Option<Uuid>],
        &column(records, |it| it.blocked_at)[..] as &[Option<DateTime<Utc>>],
        &column(records, |it| it.block_reason.clone())[..] as &[Option<String>],
        &consents[..],
        &column(records, |it| it.created_at)[..],
        &column(records, |it| it.updated_at)[..],
        &column(records, |it| it.erased)[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}

fn column<T>(records: &[&Record], of: impl Fn(&CardRow) -> T) -> Vec<T> {
    records.iter().map(|it| of(&it.card)).collect()
}

async fn write_handles(records: &[&Record], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if records.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "DELETE FROM contact_handle WHERE contact_id = ANY($1)",
        &column(records, |it| it.contact_id)[..]
    )
    .execute(&mut *tx)
    .await?;
    let handles: Vec<&HandleRow> = records.iter().flat_map(|it| &it.handles).collect();
    sqlx::query!(
        r#"INSERT INTO contact_handle (handle_id, contact_id, channel, value, written, verified, added_at)
        SELECT * FROM UNNEST(
            $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[]
        )"#,
        &handles.iter().map(|it| it.handle_id).collect::<Vec<_>>()[..],
        &handles.iter().map(|it| it.contact_id).collect::<Vec<_>>()[..],
        &handles.iter().map(|it| it.channel.clone()).collect::<Vec<_>>()[..],
        &handles.iter().map(|it| it.value.clone()).collect::<Vec<_>>()[..] as &[Option<String>],
        &handles.iter().map(|it| it.written.clone()).collect::<Vec<_>>()[..] as &[Option<String>],
        &handles.iter().map(|it| it.verified).collect::<Vec<_>>()[..],
        &handles.iter().map(|it| it.added_at).collect::<Vec<_>>()[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes their words out of all rows.
async fn forget(forgotten: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE contact_card SET name = NULL, name_key = '', locale = NULL, time_zone = NULL, note = NULL,
            block_reason = NULL, erased = TRUE
        WHERE contact_id = ANY($1)",
        forgotten
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE contact_handle SET value = NULL, written = NULL WHERE contact_id = ANY($1)",
        forgotten
    )
    .execute(tx)
    .await?;
    Ok(())
}
