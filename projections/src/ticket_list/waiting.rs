//! Which tickets wait for an answer: what their conversations say, and what they took over from other tickets, kept beside
//! the tickets and shown in their rows.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{
    conversation::{Cause, ConversationEvent},
    event::DomainEvent,
    ids::{ConversationId, TicketId},
    ticket::TicketEvent,
};
use event_store::Recorded;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{ProjectError, ticket_row::Rows};

/// A row of `ticket_waiting`.
#[derive(Debug, Clone)]
struct Thread {
    ticket_id: Uuid,
    since: Option<DateTime<Utc>>,
    carried: Carried,
}

/// Since when customers wait for an answer to what they asked under other tickets, by ticket.
type Carried = BTreeMap<Uuid, DateTime<Utc>>;

impl Thread {
    fn of(ticket_id: Uuid) -> Self {
        Self {
            ticket_id,
            since: None,
            carried: Carried::new(),
        }
    }

    fn waits_since(&self) -> Option<DateTime<Utc>> {
        self.since.into_iter().chain(self.carried.values().copied()).min()
    }
}

/// The conversations of a batch, as it leaves them.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    threads: HashMap<Uuid, Thread>,
    /// Those of them that the batch changes.
    changed: HashSet<Uuid>,
}

impl Waiting {
    /// What the events of a batch, and the rows there are, say of conversations. Those of tickets that are opened in it
    /// are looked at too: a ticket that was parked comes after its messages.
    pub(super) async fn of(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<Self, ProjectError> {
        let mut waiting = Self::load(&wanted(events), tx).await?;
        for event in events {
            waiting.take(event)?;
        }
        Ok(waiting)
    }

    fn take(&mut self, recorded: &Recorded<DomainEvent>) -> Result<(), ProjectError> {
        let id = recorded.stream_id;
        if let DomainEvent::Ticket(event) = &recorded.event {
            self.take_ticket(id, event);
        }
        let DomainEvent::Conversation(event) = &recorded.event else {
            return Ok(());
        };
        if let ConversationEvent::Started { ticket_id, .. } = event {
            self.threads.entry(id).or_insert_with(|| Thread::of(ticket_id.0));
            self.changed.insert(id);
            return Ok(());
        }
        let thread = self.threads.get_mut(&id).ok_or_else(|| ProjectError::Unfit {
            projection: super::NAME,
            event_type: recorded.event_type.clone(),
            position: recorded.position.0,
            reason: "its conversation was never started",
        })?;
        match Cause::of(event) {
            Some(Cause::Customer) => thread.since = thread.since.or(Some(recorded.metadata.at)),
            Some(Cause::Answer) => {
                thread.since = None;
                thread.carried.clear();
            }
            None => return Ok(()),
        }
        self.changed.insert(id);
        Ok(())
    }

    /// A ticket may take over questions before anything is said under it.
    fn take_ticket(&mut self, ticket_id: Uuid, event: &TicketEvent) {
        let id = ConversationId::of_ticket(TicketId(ticket_id)).0;
        if let TicketEvent::QuestionCarried { from, since } = event {
            let thread = self.threads.entry(id).or_insert_with(|| Thread::of(ticket_id));
            match since {
                Some(since) => drop(thread.carried.entry(from.0).or_insert(*since)),
                None => drop(thread.carried.remove(&from.0)),
            }
            self.changed.insert(id);
        } else if let TicketEvent::Separated { ticket_id: other } = event
            && let Some(thread) = self.threads.get_mut(&id)
            && thread.carried.remove(&other.0).is_some()
        {
            self.changed.insert(id);
        }
    }

    /// The tickets of the conversations.
    pub(super) fn tickets(&self) -> impl Iterator<Item = Uuid> {
        self.threads.values().map(|it| it.ticket_id)
    }

    /// Shows in the rows since when their customers wait, and tells which rows that changes.
    pub(super) fn show(&self, rows: &mut Rows) -> Vec<Uuid> {
        let mut changed = Vec::new();
        for thread in self.threads.values() {
            // A ticket that is parked has no row yet.
            if let Some(row) = rows.get_mut(&thread.ticket_id)
                && row.needs_answer_since != thread.waits_since()
            {
                row.needs_answer_since = thread.waits_since();
                changed.push(thread.ticket_id);
            }
        }
        changed
    }

    async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<Self, ProjectError> {
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let rows = sqlx::query!(
            r#"SELECT conversation_id, ticket_id, since, carried AS "carried: Json<Carried>"
            FROM ticket_waiting WHERE conversation_id = ANY($1)"#,
            ids
        );
        let rows = rows.fetch_all(tx).await?.into_iter();
        let threads = rows.map(|it| {
            let thread = Thread {
                ticket_id: it.ticket_id,
                since: it.since,
                carried: it.carried.0,
            };
            (it.conversation_id, thread)
        });
        Ok(Self {
            threads: threads.collect(),
            changed: HashSet::new(),
        })
    }

    pub(super) async fn write(&self, tx: &mut PgConnection) -> Result<(), ProjectError> {
        let changed = || self.changed.iter().filter_map(|it| Some((*it, self.threads.get(it)?)));
        let ids: Vec<Uuid> = changed().map(|it| it.0).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let tickets: Vec<Uuid> = changed().map(|it| it.1.ticket_id).collect();
        let since: Vec<Option<DateTime<Utc>>> = changed().map(|it| it.1.since).collect();
        let carried: Vec<Json<&Carried>> = changed().map(|it| Json(&it.1.carried)).collect();
        sqlx::query!(
            "INSERT INTO ticket_waiting (conversation_id, ticket_id, since, carried)
            SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[])
            ON CONFLICT (conversation_id) DO UPDATE SET since = EXCLUDED.since, carried = EXCLUDED.carried",
            &ids[..],
            &tickets[..],
            &since[..] as &[Option<DateTime<Utc>>],
            &carried[..] as &[Json<&Carried>]
        )
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// Since when the customer of a ticket waits for an answer, by the events of the ticket and of its own conversation, in the
/// order of the log; `None` when the team was last to speak.
///
/// # Errors
/// When the events do not fit each other.
pub fn waits_since(events: &[Recorded<DomainEvent>]) -> Result<Option<DateTime<Utc>>, ProjectError> {
    let mut waiting = Waiting::default();
    for event in events {
        waiting.take(event)?;
    }
    Ok(waiting.threads.values().find_map(Thread::waits_since))
}

/// The conversations whose rows a batch needs; a ticket may have taken questions over before its own begins.
fn wanted(events: &[Arc<Recorded<DomainEvent>>]) -> Vec<Uuid> {
    let mut wanted: Vec<Uuid> = Vec::new();
    for event in events {
        let id = event.stream_id;
        if let DomainEvent::Conversation(_) = &event.event {
            wanted.push(id);
        } else if let DomainEvent::Ticket(
            TicketEvent::Opened { .. } | TicketEvent::QuestionCarried { .. } | TicketEvent::Separated { .. },
        ) = &event.event
        {
            wanted.push(ConversationId::of_ticket(TicketId(id)).0);
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}
