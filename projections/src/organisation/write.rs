use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::event::DomainEvent;
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::fold::{ItemRow, Rows, fold};
use crate::{ProjectError, checkpoint::to_column};

macro_rules! columns {
    ($name:ident of $row:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        /// Rows turned into one array a column, for `UNNEST`.
        #[derive(Debug, Default)]
        struct $name { $($field: Vec<$type>),+ }

        impl $name {
            fn push(&mut self, row: $row) {
                $(self.$field.push(row.$field);)+
            }
        }
    };
}

columns!(Items of ItemRow {
    id: Uuid,
    kind: String,
    version: i64,
    key: Option<String>,
    name: String,
    folded_name: String,
    definition: String,
    retired: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
});

/// What happened to an item, and what it said then.
struct Revision {
    id: Uuid,
    version: i64,
    kind: String,
    what: String,
    definition: String,
    at: DateTime<Utc>,
    actor: String,
    position: i64,
}

columns!(Revisions of Revision {
    id: Uuid,
    version: i64,
    kind: String,
    what: String,
    definition: String,
    at: DateTime<Utc>,
    actor: String,
    position: i64,
});

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let ours = events
        .iter()
        .filter(|it| matches!(it.event, DomainEvent::Organisation(_)));
    let touched: HashSet<Uuid> = ours.map(|it| it.stream_id).collect();
    if touched.is_empty() {
        return Ok(());
    }
    let mut rows = load(&touched.iter().copied().collect::<Vec<_>>(), tx).await?;
    let mut revisions = Revisions::default();
    for event in events {
        if let Some((what, row)) = fold(&mut rows, event)? {
            revisions.push(Revision {
                id: row.id,
                version: row.version,
                kind: row.kind.clone(),
                what: what.to_owned(),
                definition: row.definition.clone(),
                at: event.metadata.at,
                actor: event.metadata.actor.to_string(),
                position: to_column(event.position),
            });
        }
    }
    let mut items = Items::default();
    for row in rows.into_values() {
        items.push(row);
    }
    upsert(&items, tx).await?;
    insert(&revisions, tx).await
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<Rows, ProjectError> {
    let rows = sqlx::query_as!(
        ItemRow,
        r#"SELECT id, kind, version, key, name, folded_name, definition::text AS "definition!", retired, created_at,
            updated_at
        FROM organisation_item WHERE id = ANY($1)"#,
        ids
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|it| (it.id, it)).collect::<HashMap<_, _>>())
}

async fn upsert(items: &Items, tx: &mut PgConnection) -> Result<(), ProjectError> {
    sqlx::query!(
        r#"INSERT INTO organisation_item (
            id, kind, version, key, name, folded_name, definition, retired, created_at, updated_at
        )
        SELECT id, kind, version, key, name, folded_name, definition::jsonb, retired, created_at, updated_at
        FROM UNNEST(
            $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[],
            $9::timestamptz[], $10::timestamptz[]
        ) AS row (id, kind, version, key, name, folded_name, definition, retired, created_at, updated_at)
        ON CONFLICT (id) DO UPDATE SET
            version = EXCLUDED.version, key = EXCLUDED.key, name = EXCLUDED.name, folded_name = EXCLUDED.folded_name,
            definition = EXCLUDED.definition, retired = EXCLUDED.retired, updated_at = EXCLUDED.updated_at"#,
        &items.id[..],
        &items.kind[..],
        &items.version[..],
        &items.key[..] as &[Option<String>],
        &items.name[..],
        &items.folded_name[..],
        &items.definition[..],
        &items.retired[..],
        &items.created_at[..],
        &items.updated_at[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert(revisions: &Revisions, tx: &mut PgConnection) -> Result<(), ProjectError> {
    sqlx::query!(
        r#"INSERT INTO organisation_revision (id, version, kind, what, definition, at, actor, position)
        SELECT id, version, kind, what, definition::jsonb, at, actor, position
        FROM UNNEST(
            $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::bigint[]
        ) AS row (id, version, kind, what, definition, at, actor, position)"#,
        &revisions.id[..],
        &revisions.version[..],
        &revisions.kind[..],
        &revisions.what[..],
        &revisions.definition[..],
        &revisions.at[..],
        &revisions.actor[..],
        &revisions.position[..],
    )
    .execute(tx)
    .await?;
    Ok(())
}
