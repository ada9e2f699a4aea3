use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use domain::{contact::ContactEvent, event::DomainEvent, personal::Personal, ticket::TicketEvent, user::UserEvent};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{lexemes::vector, messages};
use crate::{ProjectError, ticket_row::forgotten};

/// What becomes of a text.
pub(super) enum Change {
    /// It says this from now on.
    Says {
        kind: &'static str,
        ticket: Option<Uuid>,
        of: Uuid,
        text: Option<String>,
        at: DateTime<Utc>,
    },
    /// It is no more.
    Gone,
}

pub(super) type Changes = BTreeMap<(Uuid, String), Change>;

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let forgotten = forgotten(events);
    let mut changes = Changes::new();
    let tickets = messages::tickets(events, tx).await?;
    for event in events {
        if let DomainEvent::Conversation(said) = &event.event {
            messages::take(event, said, &tickets, &mut changes);
            continue;
        }
        let mut says = |part: &str, kind, personal: (Uuid, Option<String>)| {
            let (of, text) = personal;
            let at = event.metadata.at;
            let ticket = (kind == "ticket").then_some(event.stream_id);
            let says = Change::Says {
                kind,
                ticket,
                of,
                text,
                at,
            };
            changes.insert((event.stream_id, part.to_owned()), says);
        };
        match &event.event {
            DomainEvent::Ticket(TicketEvent::Opened { subject, .. } | TicketEvent::SubjectChanged { subject }) => {
                says("subject", "ticket", words(subject));
            }
            DomainEvent::Contact(ContactEvent::ProfileChanged { profile }) => {
                let name = profile.known().and_then(|it| it.name.clone());
                says("name", "contact", (profile.of().0, name));
            }
            DomainEvent::Contact(ContactEvent::HandleAdded { handle_id, handle, .. }) => {
                let written = handle.known().map(|it| it.written.clone());
                says(&handle_id.0.to_string(), "contact", (handle.of().0, written));
            }
            DomainEvent::Contact(ContactEvent::HandleRemoved { handle_id }) => {
                changes.insert((event.stream_id, handle_id.0.to_string()), Change::Gone);
            }
            DomainEvent::User(UserEvent::Invited { email, name, .. } | UserEvent::Registered { email, name, .. }) => {
                says("email", "user", words(email));
                says("name", "user", words(name));
            }
            DomainEvent::User(UserEvent::ProfileChanged { name, .. }) => says("name", "user", words(name)),
            // Without words.
            DomainEvent::Ticket(_)
            | DomainEvent::Contact(_)
            | DomainEvent::User(_)
            | DomainEvent::Assignment(_)
            | DomainEvent::Conversation(_)
            | DomainEvent::MacroRun(_)
            | DomainEvent::TicketNumbers(_)
            | DomainEvent::DataSubject(_)
            | DomainEvent::LogSeal(_)
            | DomainEvent::ReadModel(_)
            | DomainEvent::Claim(_)
            | DomainEvent::Organization(_)
            | DomainEvent::Organisation(_)
            | DomainEvent::Access(_)
            | DomainEvent::Session(_)
            | DomainEvent::Denial(_)
            | DomainEvent::Reading(_)
            | DomainEvent::SignIn(_)
            | DomainEvent::ApiKey(_)
            | DomainEvent::VisitorSecret(_)
            | DomainEvent::View(_)
            | DomainEvent::Classifier(_)
            | DomainEvent::Bulk(_)
            | DomainEvent::WhatIf(_)
            | DomainEvent::Attachment(_) => {}
        }
    }
    write(&changes, &forgotten, tx).await?;
    remove(&changes, tx).await?;
    forget(&forgotten, tx).await
}

fn words(personal: &Personal<String>) -> (Uuid, Option<String>) {
    (personal.of().0, personal.known().cloned())
}

async fn write(changes: &Changes, forgotten: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let mut rows = Rows::default();
    for ((owner, part), change) in changes {
        if let Change::Says {
            kind,
            ticket,
            of,
            text,
            at,
        } = change
        {
            let text = text.as_deref().filter(|_| !forgotten.contains(of)).unwrap_or_default();
            rows.owners.push(*owner);
            rows.parts.push(part.clone());
            rows.kinds.push((*kind).to_owned());
            rows.tickets.push(*ticket);
            rows.subjects.push(*of);
            rows.words.push(vector(text));
            rows.instants.push(*at);
        }
    }
    if rows.owners.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO search_part (owner_id, part, kind, ticket_id, subject_id, words, at)
        SELECT owner_id, part, kind, ticket_id, subject_id, words::tsvector, at
        FROM UNNEST(
            $1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[]
        ) AS new (owner_id, part, kind, ticket_id, subject_id, words, at)
        ON CONFLICT (owner_id, part) DO UPDATE SET
            subject_id = EXCLUDED.subject_id, words = EXCLUDED.words, at = EXCLUDED.at",
    )
    .bind(rows.owners)
    .bind(rows.parts)
    .bind(rows.kinds)
    .bind(rows.tickets)
    .bind(rows.subjects)
    .bind(rows.words)
    .bind(rows.instants)
    .execute(tx)
    .await?;
    Ok(())
}

#[derive(Default)]
struct Rows {
    owners: Vec<Uuid>,
    parts: Vec<String>,
    kinds: Vec<String>,
    tickets: Vec<Option<Uuid>>,
    subjects: Vec<Uuid>,
    words: Vec<String>,
    instants: Vec<DateTime<Utc>>,
}

async fn remove(changes: &Changes, tx: &mut PgConnection) -> Result<(), ProjectError> {
    let gone = changes.iter().filter(|(_, it)| matches!(it, Change::Gone));
    let (owners, parts): (Vec<Uuid>, Vec<String>) = gone.map(|((owner, part), _)| (*owner, part.clone())).unzip();
    if owners.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM search_part USING UNNEST($1::uuid[], $2::text[]) AS gone (owner_id, part)
        WHERE search_part.owner_id = gone.owner_id AND search_part.part = gone.part",
    )
    .bind(owners)
    .bind(parts)
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes their words out of all rows.
async fn forget(forgotten: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    sqlx::query("UPDATE search_part SET words = ''::tsvector WHERE subject_id = ANY($1)")
        .bind(forgotten)
        .execute(tx)
        .await?;
    Ok(())
}
