use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{
    event::DomainEvent,
    view::{Audience, Definition, ViewEvent},
};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::ViewRow;
use crate::ProjectError;

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let touched: HashSet<Uuid> = events.iter().map(|it| it.stream_id).collect();
    let touched: Vec<Uuid> = touched.into_iter().collect();
    let mut rows = load(&touched, tx).await?;
    for event in events {
        take(&mut rows, event)?;
    }
    upsert(&rows.into_values().collect::<Vec<_>>(), tx).await
}

/// A view as its own events leave it, in their order; `None` when none of them creates it.
///
/// # Errors
/// When the events do not fit each other.
pub fn from_events(events: &[Recorded<DomainEvent>]) -> Result<Option<ViewRow>, ProjectError> {
    let mut rows = HashMap::new();
    for event in events {
        take(&mut rows, event)?;
    }
    Ok(rows.into_values().next())
}

fn take(rows: &mut HashMap<Uuid, ViewRow>, event: &Recorded<DomainEvent>) -> Result<(), ProjectError> {
    let DomainEvent::View(change) = &event.event else {
        return Ok(());
    };
    if let ViewEvent::Created { definition } = change {
        rows.insert(event.stream_id, born(event.stream_id, definition, event.metadata.at));
        return Ok(());
    }
    let row = rows.get_mut(&event.stream_id).ok_or_else(|| ProjectError::Unfit {
        projection: super::NAME,
        event_type: event.event_type.clone(),
        position: event.position.0,
        reason: "its view was never created",
    })?;
    row.version += 1;
    row.updated_at = row.updated_at.max(event.metadata.at);
    match change {
        ViewEvent::Created { .. } => {}
        ViewEvent::Revised { revision, definition } => {
            row.revision = i32::try_from(*revision).unwrap_or(i32::MAX);
            row.define(definition);
        }
        ViewEvent::Retired {} => row.retired_at = Some(event.metadata.at),
        ViewEvent::Restored {} => row.retired_at = None,
    }
    Ok(())
}

fn born(id: Uuid, definition: &Definition, at: DateTime<Utc>) -> ViewRow {
    let mut row = ViewRow {
        view_id: id,
        version: 1,
        revision: 1,
        audience: String::new(),
        owner_id: None,
        name: String::new(),
        filter: String::new(),
        sorting: String::new(),
        columns: Vec::new(),
        icon: None,
        position: None,
        retired_at: None,
        created_at: at,
        updated_at: at,
    };
    row.define(definition);
    row
}

impl ViewRow {
    fn define(&mut self, definition: &Definition) {
        let (audience, owner) = match definition.audience {
            Audience::Own(user) => ("own", Some(user.0)),
            Audience::Team(team) => ("team", Some(team)),
            Audience::Shared => ("shared", None),
        };
        (self.audience, self.owner_id) = (audience.to_owned(), owner);
        self.name.clone_from(&definition.name);
        (self.filter, self.sorting) = (definition.filter.to_string(), definition.order.to_string());
        self.columns.clone_from(&definition.columns);
        self.icon.clone_from(&definition.icon);
        self.position = definition.position;
    }
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<HashMap<Uuid, ViewRow>, ProjectError> {
    let rows = sqlx::query_as!(
        ViewRow,
        r#"SELECT view_id, version, revision, audience, owner_id, name, filter::text AS "filter!",
            sorting::text AS "sorting!", columns, icon, position, retired_at, created_at, updated_at
        FROM saved_view WHERE view_id = ANY($1)"#,
        ids
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|it| (it.view_id, it)).collect())
}

fn column<T>(rows: &[ViewRow], of: impl Fn(&ViewRow) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

async fn upsert(rows: &[ViewRow], tx: &mut PgConnection) -> Result<(), ProjectError> {
    sqlx::query!(
        r#"INSERT INTO saved_view (
            view_id, version, revision, audience, owner_id, name, filter, sorting, columns, icon, position, retired_at,
            created_at, updated_at
        )
        SELECT view_id, version, revision, audience, owner_id, name, filter::jsonb, sorting::jsonb,
            string_to_array(columns, ','), icon, position, retired_at, created_at, updated_at
        FROM UNNEST(
            $1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::integer[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[]
        ) AS new (
            view_id, version, revision, audience, owner_id, name, filter, sorting, columns, icon, position, retired_at,
            created_at, updated_at
        )
        ON CONFLICT (view_id) DO UPDATE SET
            version = EXCLUDED.version, revision = EXCLUDED.revision, audience = EXCLUDED.audience,
            owner_id = EXCLUDED.owner_id, name = EXCLUDED.name, filter = EXCLUDED.filter, sorting = EXCLUDED.sorting,
            columns = EXCLUDED.columns, icon = EXCLUDED.icon, position = EXCLUDED.position,
            retired_at = EXCLUDED.retired_at, created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at"#,
        &column(rows, |it| it.view_id)[..],
        &column(rows, |it| it.version)[..],
        &column(rows, |it| it.revision)[..],
        &column(rows, |it| it.audience.clone())[..],
        &column(rows, |it| it.owner_id)[..] as &[Option<Uuid>],
        &column(rows, |it| it.name.clone())[..],
        &column(rows, |it| it.filter.clone())[..],
        &column(rows, |it| it.sorting.clone())[..],
        // Names of columns have no commas; an array of arrays must be even.
        &column(rows, |it| it.columns.join(","))[..],
        &column(rows, |it| it.icon.clone())[..] as &[Option<String>],
        &column(rows, |it| it.position)[..] as &[Option<i32>],
        &column(rows, |it| it.retired_at)[..] as &[Option<DateTime<Utc>>],
        &column(rows, |it| it.created_at)[..],
        &column(rows, |it| it.updated_at)[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}
