use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{
    event::DomainEvent,
    ticket::{Grounds, TicketEvent},
    values::ClassifiedBy,
};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{ProjectError, checkpoint::to_column};

/// A row, but for what it has in common with others of its event.
struct Choice {
    what: &'static str,
    value: Option<String>,
    by: ClassifiedBy,
    grounds: Option<Grounds>,
    reason: Option<String>,
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
}

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let mut columns = Columns::default();
    for event in events {
        if let DomainEvent::Ticket(change) = &event.event {
            for choice in choices(change) {
                columns.add(event, choice);
            }
        }
    }
    columns.insert(tx).await
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
    fn add(&mut self, event: &Recorded<DomainEvent>, choice: Choice) {
        let grounds = choice.grounds.as_ref();
        self.position.push(to_column(event.position));
        self.what.push(choice.what.to_owned());
        self.ticket_id.push(event.stream_id);
        self.value.push(choice.value);
        self.chosen_by.push(choice.by.as_str().to_owned());
        self.version
            .push(grounds.map(|it| i64::try_from(it.version).unwrap_or(i64::MAX)));
        self.score.push(grounds.map(|it| it.score));
        let rules = grounds.map(|it| serde_json::json!(it.rules).to_string());
        self.rules.push(rules.unwrap_or_else(|| "[]".to_owned()));
        self.reason.push(choice.reason);
        self.actor.push(event.metadata.actor.to_string());
        self.at.push(event.metadata.at);
    }

    async fn insert(&self, tx: &mut PgConnection) -> Result<(), ProjectError> {
        const INSERT: &str = "INSERT INTO ticket_decision
                (position, what, ticket_id, value, chosen_by, version, score, rules, reason, actor, at)
            SELECT position, what, ticket_id, value, chosen_by, version, score, rules::jsonb, reason, actor, at
            FROM UNNEST(
                $1::bigint[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::integer[], $8::text[],
                $9::text[], $10::text[], $11::timestamptz[]
            ) AS new (position, what, ticket_id, value, chosen_by, version, score, rules, reason, actor, at)";
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
            .execute(tx)
            .await?;
        Ok(())
    }
}
