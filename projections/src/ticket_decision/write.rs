use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{
    event::DomainEvent,
    personal::Personal,
    ticket::{Grounds, TicketEvent},
    values::ClassifiedBy,
};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Decision;
use crate::{
    ProjectError,
    checkpoint::to_column,
    ticket_row::{forgotten, sealed_for},
};

/// A row, but for what it has in common with others of its event.
struct Choice {
    what: &'static str,
    value: Option<String>,
    by: ClassifiedBy,
    grounds: Option<Grounds>,
    reason: Option<Personal<String>>,
}

impl Choice {
    fn of(self, event: &Recorded<DomainEvent>) -> Decision {
        let grounds = self.grounds.as_ref();
        let rules = grounds.map(|it| serde_json::json!(it.rules).to_string());
        Decision {
            position: to_column(event.position),
            what: self.what.to_owned(),
            ticket_id: event.stream_id,
            value: self.value,
            chosen_by: self.by.as_str().to_owned(),
            version: grounds.map(|it| i64::try_from(it.version).unwrap_or(i64::MAX)),
            score: grounds.map(|it| it.score),
            rules: rules.unwrap_or_else(|| "[]".to_owned()),
            data_subject: self.reason.as_ref().and_then(sealed_for),
            reason: self.reason.as_ref().and_then(Personal::known).cloned(),
            actor: event.metadata.actor.to_string(),
            at: event.metadata.at,
        }
    }
}

#[derive(Default)]
struct Columns {
    position: Vec<i64>,
    what: Vec<String>,
    ticket_id: Vec<Uuid>,
    value: Vec<Option<String>>,
    chosen_by: Vec<String>,
    version: Vec<Option<i64>>,
    score: Vec<Option<i32>>,
    rules: Vec<String>,
    reason: Vec<Option<String>>,
    actor: Vec<String>,
    at: Vec<DateTime<Utc>>,
    data_subject: Vec<Option<Uuid>>,
}

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let mut columns = Columns::default();
    for event in events {
        decisions(event).for_each(|it| columns.add(it));
    }
    columns.insert(tx).await?;
    forget(&forgotten(events), tx).await
}

/// Takes their words out of all rows.
async fn forget(people: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if !people.is_empty() {
        let forget = "UPDATE ticket_decision SET reason = NULL WHERE data_subject = ANY($1)";
        sqlx::query(forget).bind(people).execute(tx).await?;
    }
    Ok(())
}

/// The choices that a ticket's events made, in their order.
pub fn from_events(events: &[Recorded<DomainEvent>]) -> Vec<Decision> {
    events.iter().flat_map(decisions).collect()
}

fn decisions(event: &Recorded<DomainEvent>) -> impl Iterator<Item = Decision> {
    let change = if let DomainEvent::Ticket(change) = &event.event {
        choices(change)
    } else {
        Vec::new()
    };
    change.into_iter().map(|it| it.of(event))
}

/// What an event chooses; at an opening, what was not left to the rules.
fn choices(event: &TicketEvent) -> Vec<Choice> {
    let by_agent = |what, value| Choice {
        what,
        value: Some(value),
        by: ClassifiedBy::Agent,
        grounds: None,
        reason: None,
    };
    if let TicketEvent::Opened {
        category_id,
        priority,
        priority_chosen,
        ..
    } = event
    {
        let category = category_id.clone().map(|it| by_agent("category", it));
        let priority = priority_chosen.then(|| by_agent("priority", priority.as_str().to_owned()));
        return category.into_iter().chain(priority).collect();
    }
    if let TicketEvent::Categorized {
        category_id,
        by,
        grounds,
        ..
    } = event
    {
        return vec![Choice {
            what: "category",
            value: category_id.clone(),
            by: *by,
            grounds: grounds.clone(),
            reason: None,
        }];
    }
    if let TicketEvent::Prioritized {
        to,
        reason,
        by,
        grounds,
        ..
    } = event
    {
        return vec![Choice {
            what: "priority",
            value: Some(to.as_str().to_owned()),
            by: by.unwrap_or(ClassifiedBy::Agent),
            grounds: grounds.clone(),
            reason: reason.clone(),
        }];
    }
    Vec::new()
}

impl Columns {
    fn add(&mut self, it: Decision) {
        self.position.push(it.position);
        self.what.push(it.what);
        self.ticket_id.push(it.ticket_id);
        self.value.push(it.value);
        self.chosen_by.push(it.chosen_by);
        self.version.push(it.version);
        self.score.push(it.score);
        self.rules.push(it.rules);
        self.reason.push(it.reason);
        self.actor.push(it.actor);
        self.at.push(it.at);
        self.data_subject.push(it.data_subject);
    }

    async fn insert(&self, tx: &mut PgConnection) -> Result<(), ProjectError> {
        const INSERT: &str = "INSERT INTO ticket_decision
                (position, what, ticket_id, value, chosen_by, version, score, rules, reason, actor, at,
                 data_subject)
            SELECT position, what, ticket_id, value, chosen_by, version, score, rules::jsonb, reason, actor, at,
                data_subject
            FROM UNNEST(
                $1::bigint[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::integer[], $8::text[],
                $9::text[], $10::text[], $11::timestamptz[], $12::uuid[]
            ) AS new (position, what, ticket_id, value, chosen_by, version, score, rules, reason, actor, at,
                data_subject)";
        if self.position.is_empty() {
            return Ok(());
        }
        sqlx::query(INSERT)
            .bind(&self.position)
            .bind(&self.what)
            .bind(&self.ticket_id)
            .bind(&self.value)
            .bind(&self.chosen_by)
            .bind(&self.version)
            .bind(&self.score)
            .bind(&self.rules)
            .bind(&self.reason)
            .bind(&self.actor)
            .bind(&self.at)
            .bind(&self.data_subject)
            .execute(tx)
            .await?;
        Ok(())
    }
}
