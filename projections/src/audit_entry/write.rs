use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use domain::{
    actor::ActorKind,
    event::DomainEvent,
    personal::{DataSubject, Personal},
};
use event_store::Recorded;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    NAME,
    facts::{Said, said},
    forget::{self, Withdrawn},
    state::{self, Key, Object, Objects, change, listed},
    values::{named, payload},
};
use crate::{
    ProjectError, TicketRow,
    checkpoint::to_column,
    ticket_row::{self, Rows},
};

/// Ids that one entry is found by at most: a change of many tickets names them, and each of them has entries of its own.
const MOST_NAMED: usize = 200;

/// An event, read.
struct Read {
    said: Said,
    people: BTreeSet<Uuid>,
    named: Vec<Uuid>,
    /// To which ticket and customer, if it says so.
    belongs: [Option<Uuid>; 2],
    behalf: Option<String>,
}

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let read = events.iter().map(|it| read(it)).collect::<Result<Vec<_>, _>>()?;
    let mut keys: Vec<Key> = Vec::new();
    for (event, read) in events.iter().zip(&read) {
        keys.push((event.stream_id, String::new()));
        keys.push((event.stream_id, read.said.part.clone()));
    }
    keys.sort_unstable();
    keys.dedup();
    let mut objects = state::load(&keys, tx).await?;
    let mut entries = Entries::default();
    let mut withdrawn = Withdrawn::default();
    for (event, read) in events.iter().zip(read) {
        entries.add(event, read, &mut objects, &mut withdrawn)?;
    }
    let forgotten = ticket_row::forgotten(events);
    entries.insert(tx).await?;
    state::save(objects, tx).await?;
    forget::withdraw(&withdrawn, tx).await?;
    forget::forget(&forgotten, tx).await
}

fn read(event: &Recorded<DomainEvent>) -> Result<Read, ProjectError> {
    let (payload, people) = payload(event)?;
    Ok(Read {
        people: people.into_iter().collect(),
        named: named(&payload),
        belongs: ["ticket_id", "contact_id"].map(|it| payload.get(it)?.as_str()?.parse().ok()),
        behalf: behalf(event, &payload),
        said: said(event, payload),
    })
}

/// For whom it was done, when the event names somebody else than who did it.
fn behalf(event: &Recorded<DomainEvent>, payload: &Map<String, Value>) -> Option<String> {
    let actor = &event.metadata.actor;
    let said = |field: &str| payload.get(field)?.as_str().map(ToOwned::to_owned);
    let spoken = matches!(
        event.event_type.as_str(),
        "ticket.opened" | "conversation.message_received"
    );
    let contact = said("contact_id").filter(|_| spoken && actor.kind != ActorKind::Import);
    let contact = contact.map(|it| format!("{}:{it}", ActorKind::Contact.as_str()));
    let other = said("asked_by")
        .or_else(|| said("author"))
        .or_else(|| said("by").filter(|it| it.contains(':')));
    other.or(contact).filter(|it| *it != actor.to_string())
}

#[derive(Default)]
struct Entries {
    position: Vec<i64>,
    at: Vec<DateTime<Utc>>,
    event_type: Vec<String>,
    actor: Vec<String>,
    on_behalf_of: Vec<Option<String>>,
    object_kind: Vec<String>,
    object_id: Vec<Uuid>,
    version: Vec<i64>,
    ticket_id: Vec<Option<Uuid>>,
    changes: Vec<String>,
    address: Vec<Option<String>>,
    address_of: Vec<Option<Uuid>>,
    correlation_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    data_subjects: Vec<String>,
    about: Vec<(Uuid, DateTime<Utc>, i64)>,
}

impl Entries {
    fn add(
        &mut self,
        event: &Recorded<DomainEvent>,
        read: Read,
        objects: &mut Objects,
        withdrawn: &mut Withdrawn,
    ) -> Result<(), ProjectError> {
        let position = to_column(event.position);
        let Read {
            said,
            mut people,
            named,
            belongs,
            behalf,
        } = read;
        let root = objects.entry((event.stream_id, String::new())).or_default();
        let mut changes = of_ticket(event, root)?;
        root.heed(event, belongs);
        let (ticket_id, contact_id) = (root.ticket_id, root.contact_id);
        let object = objects.entry((event.stream_id, said.part.clone())).or_default();
        if said.part.starts_with("message:") {
            object.positions.push(position);
            if event.event_type == "conversation.message_redacted" {
                withdrawn.add(&object.positions);
            }
        }
        changes.extend(object.tell(said.facts, said.is_whole));
        object.people.extend(&people);
        // What was there before stands in the entry as well.
        people.extend(changes.iter().filter_map(before_of));
        let from = event.metadata.from.as_ref().filter(|it| it.of() != DataSubject::NOBODY);
        let about = [Some(event.stream_id), ticket_id, contact_id];
        let about: BTreeSet<Uuid> = about
            .into_iter()
            .flatten()
            .chain(named)
            .chain(people.iter().copied())
            .collect();
        people.extend(from.map(|it| it.of().0));
        let at = event.metadata.at;
        self.about
            .extend(about.into_iter().take(MOST_NAMED).map(|it| (it, at, position)));
        self.position.push(position);
        self.at.push(at);
        self.event_type.push(event.event_type.clone());
        self.actor.push(event.metadata.actor.to_string());
        self.on_behalf_of.push(behalf);
        let kind = event.event_type.split_once('.').map_or("", |it| it.0);
        self.object_kind.push(kind.to_owned());
        self.object_id.push(event.stream_id);
        self.version
            .push(i64::try_from(event.revision).unwrap_or(i64::MAX).saturating_add(1));
        self.ticket_id.push(ticket_id);
        self.changes.push(Value::Array(changes).to_string());
        self.address.push(from.and_then(Personal::known).cloned());
        self.address_of.push(from.map(|it| it.of().0));
        self.correlation_id.push(event.metadata.correlation_id);
        self.command_id.push(event.metadata.command_id.0);
        self.data_subjects.push(listed(&people));
        Ok(())
    }

    async fn insert(&self, tx: &mut PgConnection) -> Result<(), ProjectError> {
        const INSERT: &str = "INSERT INTO audit_entry (position, at, event_type, actor, on_behalf_of, object_kind,
                object_id, version, ticket_id, changes, address, address_of, correlation_id, command_id, data_subjects)
            SELECT position, at, event_type, actor, on_behalf_of, object_kind, object_id, version, ticket_id,
                changes::jsonb, address, address_of, correlation_id, command_id, data_subjects::uuid[]
            FROM UNNEST(
                $1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[],
                $8::bigint[], $9::uuid[], $10::text[], $11::text[], $12::uuid[], $13::uuid[], $14::uuid[], $15::text[]
            ) AS new (position, at, event_type, actor, on_behalf_of, object_kind, object_id, version, ticket_id,
                changes, address, address_of, correlation_id, command_id, data_subjects)";
        sqlx::query(INSERT)
            .bind(&self.position)
            .bind(&self.at)
            .bind(&self.event_type)
            .bind(&self.actor)
            .bind(&self.on_behalf_of)
            .bind(&self.object_kind)
            .bind(&self.object_id)
            .bind(&self.version)
            .bind(&self.ticket_id)
            .bind(&self.changes)
            .bind(&self.address)
            .bind(&self.address_of)
            .bind(&self.correlation_id)
            .bind(&self.command_id)
            .bind(&self.data_subjects)
            .execute(&mut *tx)
            .await?;
        let mut ids = Vec::with_capacity(self.about.len());
        let (mut instants, mut positions) = (Vec::new(), Vec::new());
        for (id, at, position) in &self.about {
            ids.push(*id);
            instants.push(*at);
            positions.push(*position);
        }
        sqlx::query(
            "INSERT INTO audit_about (about_id, at, position)
            SELECT * FROM UNNEST($1::uuid[], $2::timestamptz[], $3::bigint[])",
        )
        .bind(ids)
        .bind(instants)
        .bind(positions)
        .execute(tx)
        .await?;
        Ok(())
    }
}

impl Object {
    /// To which ticket and customer the thing belongs.
    fn heed(&mut self, event: &Recorded<DomainEvent>, [ticket_id, contact_id]: [Option<Uuid>; 2]) {
        if ticket_row::concerns(event) {
            self.ticket_id = Some(event.stream_id);
            self.contact_id = self.ticket.as_ref().and_then(|it| it.contact_id);
        } else {
            self.ticket_id = self.ticket_id.or(ticket_id);
            self.contact_id = self.contact_id.or(contact_id);
        }
    }
}

/// Whose value stood there before.
fn before_of(change: &Value) -> Option<Uuid> {
    change.get("before")?.get("personal")?.as_str()?.parse().ok()
}

/// How the ticket stands otherwise than before.
fn of_ticket(event: &Recorded<DomainEvent>, object: &mut Object) -> Result<Vec<Value>, ProjectError> {
    if !ticket_row::concerns(event) {
        return Ok(Vec::new());
    }
    let before = object.ticket.take();
    let mut rows = Rows::new();
    rows.extend(before.clone().map(|it| (event.stream_id, it)));
    ticket_row::fold(NAME, &mut rows, event)?;
    let mut after = rows.remove(&event.stream_id);
    if let Some(row) = &mut after {
        // Facts of their own tell these, with whose they are.
        row.subject = None;
        row.resolution_note = None;
        row.fields = crate::Fields::default();
    }
    let changes = after
        .as_ref()
        .map(|it| difference(before.as_ref(), it))
        .unwrap_or_default();
    object.ticket = after;
    Ok(changes)
}

macro_rules! differing {
    ($before:ident, $after:ident: $($field:ident),+ $(,)?) => {
        [$(
            // Only what differs is turned into JSON: most columns never do.
            ($before.is_none_or(|it| it.$field != $after.$field)).then(|| {
                (stringify!($field), $before.map_or(Value::Null, |it| json!(it.$field)), json!($after.$field))
            })
        ),+]
    };
}

/// How a ticket stands otherwise; what follows from other fields, and what facts of their own tell, is left out.
fn difference(before: Option<&TicketRow>, after: &TicketRow) -> Vec<Value> {
    let differing = differing!(before, after: number, ticket_type, contact_id, category_id, subcategory_id, priority, status,
        hold_reason, hold_until, assignee_id, resolution_reason, resolution_note, reopen_count, channel, external_id,
        resolved_at, closed_at, inbox_id, branch_id, team_id, status_label_id, tag_ids, follower_ids, snoozed_at,
        snoozed_until, verdict, merged_into, split_from, archived_at, tracked_until, eta);
    let differing = differing.into_iter().flatten();
    let empty = |value: Value| if value == json!([]) { Value::Null } else { value };
    let changes = differing
        .map(|(field, before, after)| change(field, worded(field, empty(before)), worded(field, empty(after))));
    changes.flatten().collect()
}

/// A priority is a word to people.
fn worded(field: &str, value: Value) -> Value {
    match (field, value.as_i64()) {
        ("priority", Some(rank)) => {
            let all = domain::values::Priority::ALL;
            let word = all.iter().find(|it| i64::from(crate::priority_rank(**it)) == rank);
            word.map_or(value, |it| json!(it.as_str()))
        }
        _ => value,
    }
}
