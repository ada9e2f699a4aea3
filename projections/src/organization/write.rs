use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{
    event::DomainEvent,
    organization::{Definition, OrganizationEvent},
};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::OrganizationRow;
use crate::{ProjectError, contact_card::name_key};

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let touched: HashSet<Uuid> = events.iter().map(|it| it.stream_id).collect();
    let touched: Vec<Uuid> = touched.into_iter().collect();
    let mut rows = load(&touched, tx).await?;
    for event in events {
        take(&mut rows, event)?;
    }
    upsert(&rows.into_values().collect::<Vec<_>>(), tx).await
}

/// An organization as its own events leave it, in their order; `None` when none of them creates it.
///
/// # Errors
/// When the events do not fit each other.
pub fn from_events(events: &[Recorded<DomainEvent>]) -> Result<Option<OrganizationRow>, ProjectError> {
    let mut rows = HashMap::new();
    for event in events {
        take(&mut rows, event)?;
    }
    Ok(rows.into_values().next())
}

fn take(rows: &mut HashMap<Uuid, OrganizationRow>, event: &Recorded<DomainEvent>) -> Result<(), ProjectError> {
    let DomainEvent::Organization(change) = &event.event else {
        return Ok(());
    };
    if let OrganizationEvent::Created { definition } = change {
        rows.insert(event.stream_id, born(event.stream_id, definition, event.metadata.at));
        return Ok(());
    }
    let row = rows.get_mut(&event.stream_id).ok_or_else(|| ProjectError::Unfit {
        projection: super::NAME,
        event_type: event.event_type.clone(),
        position: event.position.0,
        reason: "its organization was never created",
    })?;
    row.version += 1;
    row.updated_at = row.updated_at.max(event.metadata.at);
    match change {
        OrganizationEvent::Created { .. } => {}
        OrganizationEvent::Revised { revision, definition } => {
            row.revision = i32::try_from(*revision).unwrap_or(i32::MAX);
            row.define(definition);
        }
        OrganizationEvent::Retired {} => row.retired_at = Some(event.metadata.at),
    }
    Ok(())
}

fn born(id: Uuid, definition: &Definition, at: DateTime<Utc>) -> OrganizationRow {
    let mut row = OrganizationRow {
        organization_id: id,
        version: 1,
        revision: 1,
        name: String::new(),
        name_key: String::new(),
        domains: Vec::new(),
        note: None,
        retired_at: None,
        created_at: at,
        updated_at: at,
    };
    row.define(definition);
    row
}

impl OrganizationRow {
    fn define(&mut self, definition: &Definition) {
        self.name.clone_from(&definition.name);
        self.name_key = name_key(&definition.name);
        self.domains = definition.domains.iter().cloned().collect();
        self.note.clone_from(&definition.note);
    }
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<HashMap<Uuid, OrganizationRow>, ProjectError> {
    let rows = sqlx::query_as!(
        OrganizationRow,
        "SELECT * FROM organization WHERE organization_id = ANY($1)",
        ids
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|it| (it.organization_id, it)).collect())
}

async fn upsert(rows: &[OrganizationRow], tx: &mut PgConnection) -> Result<(), ProjectError> {
    // An array of arrays must be even, so each row's domains travel as one text.
    let domains: Vec<String> = rows.iter().map(|it| it.domains.join(",")).collect();
    sqlx::query!(
        r#"INSERT INTO organization (
            organization_id, version, revision, name, name_key, domains, note, retired_at, created_at, updated_at
        )
        SELECT organization_id, version, revision, name, name_key, string_to_array(domains, ','), note, retired_at,
            created_at, updated_at
        FROM UNNEST(
            $1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::timestamptz[], $9::timestamptz[], $10::timestamptz[]
        ) AS new (
            organization_id, version, revision, name, name_key, domains, note, retired_at, created_at, updated_at
        )
        ON CONFLICT (organization_id) DO UPDATE SET
            version = EXCLUDED.version, revision = EXCLUDED.revision, name = EXCLUDED.name,
            name_key = EXCLUDED.name_key, domains = EXCLUDED.domains, note = EXCLUDED.note,
            retired_at = EXCLUDED.retired_at, created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at"#,
        &rows.iter().map(|it| it.organization_id).collect::<Vec<_>>()[..],
        &rows.iter().map(|it| it.version).collect::<Vec<_>>()[..],
        &rows.iter().map(|it| it.revision).collect::<Vec<_>>()[..],
        &rows.iter().map(|it| it.name.clone()).collect::<Vec<_>>()[..],
        &rows.iter().map(|it| it.name_key.clone()).collect::<Vec<_>>()[..],
        &domains[..],
        &rows.iter().map(|it| it.note.clone()).collect::<Vec<_>>()[..] as &[Option<String>],
        &rows.iter().map(|it| it.retired_at).collect::<Vec<_>>()[..] as &[Option<DateTime<Utc>>],
        &rows.iter().map(|it| it.created_at).collect::<Vec<_>>()[..],
        &rows.iter().map(|it| it.updated_at).collect::<Vec<_>>()[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}
