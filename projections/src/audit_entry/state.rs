//! What things say now: kept so that the next entry can tell what was before.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::facts::Fact;
use crate::{ProjectError, TicketRow};

/// A thing, or a part of one.
pub(super) type Key = (Uuid, String);

/// What a thing says.
#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    pub(super) fields: Map<String, Value>,
    pub(super) ticket: Option<TicketRow>,
    pub(super) ticket_id: Option<Uuid>,
    pub(super) contact_id: Option<Uuid>,
    pub(super) positions: Vec<i64>,
    pub(super) people: BTreeSet<Uuid>,
    /// Whether anything was ever said of it that stays: a row is kept then, wherever batches begin and end.
    known: bool,
}

/// The things of a batch.
pub(super) type Objects = HashMap<Key, Object>;

#[derive(FromRow)]
struct Row {
    object_id: Uuid,
    part: String,
    fields: Json<Map<String, Value>>,
    ticket: Option<Json<TicketRow>>,
    ticket_id: Option<Uuid>,
    contact_id: Option<Uuid>,
    positions: Vec<i64>,
    data_subjects: Vec<Uuid>,
}

impl Object {
    /// Applies facts; what they changed, as entries show it. Where they are all that the thing says, what they do not name
    /// is gone, and what they say again is not told.
    pub(super) fn tell(&mut self, facts: Vec<Fact>, is_whole: bool) -> Vec<Value> {
        let mut gone = Vec::new();
        if is_whole {
            let is_put = |name: &String| {
                facts
                    .iter()
                    .any(|it| matches!(it, Fact::Put(field, _) if field == name))
            };
            let left = self.fields.keys().filter(|it| *it != "retired" && !is_put(it));
            gone = left.map(|it| Fact::Put(it.clone(), Value::Null)).collect();
        }
        let changes = facts.into_iter().chain(gone).filter_map(|it| self.apply(it));
        changes
            .filter(|it| !is_whole || it.get("before") != it.get("after"))
            .collect()
    }

    /// Applies a fact; what it changed, as entries show it.
    fn apply(&mut self, fact: Fact) -> Option<Value> {
        self.known |= !matches!(fact, Fact::Say(..));
        let (field, before, after) = match fact {
            Fact::Say(field, value) => (field, Value::Null, value),
            Fact::Put(field, value) => {
                let before = self.fields.remove(&field).unwrap_or_default();
                if !value.is_null() {
                    self.fields.insert(field.clone(), value.clone());
                }
                (field, before, value)
            }
            Fact::Add(field, items) => self.revise(field, |now| {
                for item in items {
                    if !now.contains(&item) {
                        now.push(item);
                    }
                }
            }),
            Fact::Take(field, items) => self.revise(field, |now| now.retain(|it| !items.contains(it))),
        };
        change(&field, before, after)
    }

    fn is_kept(&self) -> bool {
        let belongs = self.ticket_id.is_some() || self.contact_id.is_some();
        self.known || belongs || self.ticket.is_some() || !self.positions.is_empty()
    }

    fn revise(&mut self, field: String, revise: impl FnOnce(&mut Vec<Value>)) -> (String, Value, Value) {
        let before = self.fields.remove(&field).unwrap_or_default();
        let mut items = before.as_array().cloned().unwrap_or_default();
        revise(&mut items);
        let after = if items.is_empty() {
            Value::Null
        } else {
            Value::Array(items)
        };
        if !after.is_null() {
            self.fields.insert(field.clone(), after.clone());
        }
        (field, before, after)
    }
}

/// A change as entries show it; none when there is nothing to tell.
pub(super) fn change(field: &str, before: Value, after: Value) -> Option<Value> {
    if before.is_null() && after.is_null() {
        return None;
    }
    let mut change = json!({"field": field});
    for (name, value) in [("before", before), ("after", after)] {
        if !value.is_null() {
            change[name] = value;
        }
    }
    Some(change)
}

/// The things that are there already.
pub(super) async fn load(keys: &[Key], tx: &mut PgConnection) -> Result<Objects, ProjectError> {
    let (ids, parts): (Vec<Uuid>, Vec<String>) = keys.iter().cloned().unzip();
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT it.* FROM audit_object AS it
        JOIN UNNEST($1::uuid[], $2::text[]) AS wanted (object_id, part) USING (object_id, part)",
    )
    .bind(ids)
    .bind(parts)
    .fetch_all(tx)
    .await?;
    let objects = rows.into_iter().map(|row| {
        let object = Object {
            fields: row.fields.0,
            ticket: row.ticket.map(|it| it.0),
            ticket_id: row.ticket_id,
            contact_id: row.contact_id,
            positions: row.positions,
            people: row.data_subjects.into_iter().collect(),
            known: true,
        };
        ((row.object_id, row.part), object)
    });
    Ok(objects.collect())
}

/// Keeps them.
pub(super) async fn save(objects: Objects, tx: &mut PgConnection) -> Result<(), ProjectError> {
    const SAVE: &str = "INSERT INTO audit_object
            (object_id, part, fields, ticket, ticket_id, contact_id, positions, data_subjects)
        SELECT object_id, part, fields::jsonb, ticket::jsonb, ticket_id, contact_id, positions::bigint[],
            data_subjects::uuid[]
        FROM UNNEST(
            $1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::text[]
        ) AS new (object_id, part, fields, ticket, ticket_id, contact_id, positions, data_subjects)
        ON CONFLICT (object_id, part) DO UPDATE SET fields = EXCLUDED.fields, ticket = EXCLUDED.ticket,
            ticket_id = EXCLUDED.ticket_id, contact_id = EXCLUDED.contact_id, positions = EXCLUDED.positions,
            data_subjects = EXCLUDED.data_subjects";
    let mut columns = Columns::default();
    for ((id, part), object) in objects.into_iter().filter(|(_, it)| it.is_kept()) {
        columns.object_id.push(id);
        columns.part.push(part);
        columns.fields.push(Value::Object(object.fields).to_string());
        columns.ticket.push(object.ticket.map(|it| sparse(&it)));
        columns.ticket_id.push(object.ticket_id);
        columns.contact_id.push(object.contact_id);
        columns.positions.push(listed(&object.positions));
        columns.data_subjects.push(listed(&object.people));
    }
    sqlx::query(SAVE)
        .bind(columns.object_id)
        .bind(columns.part)
        .bind(columns.fields)
        .bind(columns.ticket)
        .bind(columns.ticket_id)
        .bind(columns.contact_id)
        .bind(columns.positions)
        .bind(columns.data_subjects)
        .execute(tx)
        .await?;
    Ok(())
}

/// A ticket without the columns that say nothing, which are most.
fn sparse(row: &TicketRow) -> String {
    let mut fields = json!(row);
    if let Some(fields) = fields.as_object_mut() {
        fields.retain(|_, it| !it.is_null() && *it != json!([]) && *it != json!({}));
    }
    fields.to_string()
}

#[derive(Default)]
struct Columns {
    object_id: Vec<Uuid>,
    part: Vec<String>,
    fields: Vec<String>,
    ticket: Vec<Option<String>>,
    ticket_id: Vec<Option<Uuid>>,
    contact_id: Vec<Option<Uuid>>,
    positions: Vec<String>,
    data_subjects: Vec<String>,
}

/// An array as Postgres reads it from text, for `UNNEST` takes no arrays of arrays.
pub(super) fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|it| it.to_string()).collect();
    format!("{{{}}}", items.join(","))
}
