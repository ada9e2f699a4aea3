//! A ticket as its events leave it: what `ticket_list` keeps of now and `ticket_history` of every moment.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use domain::{
    access::Place,
    assignment::AssignmentEvent,
    data_subject::DataSubjectEvent,
    event::DomainEvent,
    personal::{DataSubject, Personal},
    ticket::{Status, StatusCategory, TicketEvent, Verdict},
    values::Priority,
};
use event_store::Recorded;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ProjectError, fields::Fields};

/// One ticket at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct TicketRow {
    /// Id of the ticket.
    pub ticket_id: Uuid,
    /// Number of events of the ticket and its assignment.
    pub version: i64,
    /// For people.
    pub number: i64,
    /// Stored form of [`domain::values::TicketType`].
    pub ticket_type: String,
    /// What it is about; `None` when the person's data was erased.
    pub subject: Option<String>,
    /// The customer, if known.
    pub contact_id: Option<Uuid>,
    /// Category, if it has one.
    pub category_id: Option<String>,
    /// Finer category under it.
    pub subcategory_id: Option<String>,
    /// 1 low to 4 urgent, see [`priority_rank`].
    pub priority: i16,
    /// Stored form of [`StatusCategory`].
    pub status: String,
    /// Stored form of what it waits for; `None` when it does not wait.
    pub hold_reason: Option<String>,
    /// Until when it waits at most.
    pub hold_until: Option<DateTime<Utc>>,
    /// The agent who owns it.
    pub assignee_id: Option<Uuid>,
    /// Stored form of how it ended; `None` while work goes on.
    pub resolution_reason: Option<String>,
    /// More about how it ended.
    pub resolution_note: Option<String>,
    /// How many times it was reopened.
    pub reopen_count: i32,
    /// Where it came from.
    pub channel: String,
    /// Its own name there.
    pub external_id: Option<String>,
    /// When it was opened, UTC.
    pub opened_at: DateTime<Utc>,
    /// When it last changed, UTC.
    pub updated_at: DateTime<Utc>,
    /// When it was last resolved, UTC; `None` while work goes on.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When it was last closed, UTC; `None` while it is not closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// The inbox it came through.
    pub inbox_id: Option<Uuid>,
    /// The branch that answers for it.
    pub branch_id: Option<Uuid>,
    /// The team that works on it.
    pub team_id: Option<Uuid>,
    /// Whose key seals the subject in the log; `None` when it lies open there.
    pub data_subject: Option<Uuid>,
    /// Id of the organisation's word for its status; `None` for the one that is meant when only the status is known.
    pub status_label_id: Option<Uuid>,
    /// Ids of its tags, in their order.
    #[serde(default)]
    pub tag_ids: Vec<Uuid>,
    /// What its custom fields say.
    #[serde(default)]
    pub fields: Fields,
    /// Ids of those who want to hear of it, in their order.
    #[serde(default)]
    pub follower_ids: Vec<Uuid>,
    /// Since when nobody wants to see it, UTC; `None` when it is to be seen.
    pub snoozed_at: Option<DateTime<Utc>>,
    /// Until when nobody wants to see it, UTC; `None` when it is to be seen, or until the customer writes.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Stored form of what the customer said of the newest resolution.
    pub verdict: Option<String>,
    /// The ticket it is shown with.
    pub merged_into: Option<Uuid>,
    /// The ticket it was a part of.
    pub split_from: Option<Uuid>,
    /// When it was put away, UTC; `None` when it was not.
    pub archived_at: Option<DateTime<Utc>>,
    /// Until when its tracking link counts, UTC; `None` when it has none.
    pub tracked_until: Option<DateTime<Utc>>,
    /// When it will be resolved, as it was last worked out, UTC.
    pub eta: Option<DateTime<Utc>>,
    /// Since when the customer waits for an answer, UTC; `None` when the team was last to speak, and in a history, which
    /// does not tell of messages.
    #[sqlx(default)]
    pub needs_answer_since: Option<DateTime<Utc>>,
}

/// A priority as the tables keep it, so that it sorts.
pub fn priority_rank(priority: Priority) -> i16 {
    match priority {
        Priority::Low => 1,
        Priority::Medium => 2,
        Priority::High => 3,
        Priority::Urgent => 4,
    }
}

/// Tickets by id, while a batch of events is applied to them.
pub(crate) type Rows = HashMap<Uuid, TicketRow>;

/// Rows kept between batches, so that a live batch need not read what the one before wrote.
const REMEMBERED: usize = 10_000;

/// Tickets as the last committed batches left them. True as long as nobody else moves the checkpoint, which every
/// transaction checks first.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Rows>);

impl Memory {
    /// Takes everything out; what is not put back, because a batch failed, is read again.
    pub(crate) fn take(&self) -> Rows {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn put(&self, rows: Rows) {
        let rows = if rows.len() > REMEMBERED { Rows::new() } else { rows };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rows;
    }
}

/// Ids of the tickets in a batch that are neither opened in it nor among `rows`, so must be loaded.
pub(crate) fn missing(events: &[Arc<Recorded<DomainEvent>>], rows: &Rows) -> Vec<Uuid> {
    let opened = |it: &&Arc<Recorded<DomainEvent>>| matches!(it.event, DomainEvent::Ticket(TicketEvent::Opened { .. }));
    let born: HashSet<Uuid> = events.iter().filter(opened).map(|it| it.stream_id).collect();
    let touched: HashSet<Uuid> = events.iter().filter(|it| concerns(it)).map(|it| it.stream_id).collect();
    touched
        .difference(&born)
        .filter(|it| !rows.contains_key(*it))
        .copied()
        .collect()
}

/// Whether the event is one of a ticket.
pub(crate) fn concerns(event: &Recorded<DomainEvent>) -> bool {
    matches!(event.event, DomainEvent::Ticket(_) | DomainEvent::Assignment(_))
}

/// Applies one event to its ticket and returns the ticket; `None` when the event is not one of a ticket.
pub(crate) fn fold<'a>(
    projection: &'static str,
    rows: &'a mut Rows,
    event: &Recorded<DomainEvent>,
) -> Result<Option<&'a TicketRow>, ProjectError> {
    if let DomainEvent::Ticket(opened @ TicketEvent::Opened { .. }) = &event.event {
        if let Some(row) = born(event, opened) {
            rows.insert(event.stream_id, row);
        }
        return Ok(rows.get(&event.stream_id));
    }
    if !concerns(event) {
        return Ok(None);
    }
    let row = rows.get_mut(&event.stream_id).ok_or_else(|| ProjectError::Unfit {
        projection,
        event_type: event.event_type.clone(),
        position: event.position.0,
        reason: "its ticket was never opened",
    })?;
    row.version += 1;
    row.updated_at = row.updated_at.max(event.metadata.at);
    if let DomainEvent::Ticket(ticket) = &event.event {
        row.apply(ticket, event.metadata.at);
    } else if let DomainEvent::Assignment(assignment) = &event.event {
        row.assign(assignment);
    }
    Ok(Some(row))
}

fn born(event: &Recorded<DomainEvent>, opened: &TicketEvent) -> Option<TicketRow> {
    let TicketEvent::Opened {
        number,
        ticket_type,
        subject,
        contact_id,
        category_id,
        subcategory_id,
        priority,
        source,
        place,
        ..
    } = opened
    else {
        return None;
    };
    Some(TicketRow {
        ticket_id: event.stream_id,
        version: 1,
        number: *number,
        ticket_type: ticket_type.as_str().to_owned(),
        subject: subject.known().cloned(),
        contact_id: contact_id.map(|it| it.0),
        category_id: category_id.clone(),
        subcategory_id: subcategory_id.clone(),
        priority: priority_rank(*priority),
        status: StatusCategory::New.as_str().to_owned(),
        hold_reason: None,
        hold_until: None,
        assignee_id: None,
        resolution_reason: None,
        resolution_note: None,
        reopen_count: 0,
        channel: source.channel.clone(),
        external_id: source.external_id.clone(),
        opened_at: event.metadata.at,
        updated_at: event.metadata.at,
        resolved_at: None,
        closed_at: None,
        inbox_id: place.inbox_id,
        branch_id: place.branch_id,
        team_id: place.team_id,
        data_subject: sealed_for(subject),
        status_label_id: None,
        tag_ids: Vec::new(),
        fields: Fields::default(),
        follower_ids: Vec::new(),
        snoozed_at: None,
        snoozed_until: None,
        verdict: None,
        merged_into: None,
        split_from: None,
        archived_at: None,
        tracked_until: None,
        eta: None,
        needs_answer_since: None,
    })
}

/// Whose key seals it; `None` when it lies open in the log.
pub(crate) fn sealed_for<T>(subject: &Personal<T>) -> Option<Uuid> {
    let of = subject.of();
    (of != DataSubject::NOBODY).then_some(of.0)
}

/// Whether somebody is forgotten from this event on; whose id is that of its stream.
pub(crate) fn forgets(event: &Recorded<DomainEvent>) -> bool {
    matches!(
        event.event,
        DomainEvent::DataSubject(DataSubjectEvent::KeyDestroyed { .. })
    )
}

/// Those whose keys were destroyed by some of these events.
pub(crate) fn forgotten(events: &[Arc<Recorded<DomainEvent>>]) -> Vec<Uuid> {
    events.iter().filter(|it| forgets(it)).map(|it| it.stream_id).collect()
}

/// Takes their words out of the rows at hand.
pub(crate) fn redact(rows: &mut Rows, forgotten: &[Uuid]) {
    if forgotten.is_empty() {
        return;
    }
    for row in rows.values_mut() {
        if row.data_subject.is_some_and(|it| forgotten.contains(&it)) {
            row.forget();
        }
    }
}

impl TicketRow {
    /// Where it belongs, as rights see it.
    pub fn place(&self) -> Place {
        Place {
            branch: self.branch_id,
            team: self.team_id,
            inbox: self.inbox_id,
            contact: self.contact_id,
        }
    }

    /// Takes the customer's words out, as if their key had been destroyed before anything was said.
    pub fn forget(&mut self) {
        self.subject = None;
        self.resolution_note = None;
        self.fields = Fields::default();
    }

    fn apply(&mut self, event: &TicketEvent, at: DateTime<Utc>) {
        if let Some(status) = Status::after(event) {
            self.enter(status);
        }
        match event {
            TicketEvent::SubjectChanged { subject } => {
                self.subject = subject.known().cloned();
                self.data_subject = sealed_for(subject);
            }
            TicketEvent::Categorized {
                category_id,
                subcategory_id,
                ..
            } => {
                self.category_id.clone_from(category_id);
                self.subcategory_id.clone_from(subcategory_id);
            }
            TicketEvent::Prioritized { to, .. } => self.priority = priority_rank(*to),
            TicketEvent::Moved { place } => {
                (self.inbox_id, self.branch_id, self.team_id) = (place.inbox_id, place.branch_id, place.team_id);
            }
            TicketEvent::Resolved { note, .. } => {
                self.verdict = None;
                self.resolution_note = note.as_ref().and_then(Personal::known).cloned();
                self.data_subject = self.data_subject.or(note.as_ref().and_then(sealed_for));
                self.resolved_at = Some(at);
            }
            TicketEvent::Closed { .. } => self.closed_at = Some(at),
            TicketEvent::Reopened { cycle_no, .. } => {
                self.reopen_count = i32::try_from(*cycle_no).unwrap_or(i32::MAX);
                (self.resolution_reason, self.resolution_note) = (None, None);
                (self.resolved_at, self.closed_at, self.archived_at) = (None, None, None);
            }
            TicketEvent::TypeChanged { to, .. } => to.as_str().clone_into(&mut self.ticket_type),
            TicketEvent::Tagged { .. }
            | TicketEvent::Untagged { .. }
            | TicketEvent::CustomFieldSet { .. }
            | TicketEvent::Followed { .. }
            | TicketEvent::Unfollowed { .. } => self.mark(event),
            TicketEvent::Labelled { status_id } => self.status_label_id = *status_id,
            TicketEvent::Snoozed { until } => (self.snoozed_at, self.snoozed_until) = (Some(at), *until),
            TicketEvent::WokeUp { .. } => (self.snoozed_at, self.snoozed_until) = (None, None),
            TicketEvent::ResolutionConfirmed {} => self.verdict = Some(Verdict::Confirmed.as_str().to_owned()),
            TicketEvent::ResolutionRejected {} => self.verdict = Some(Verdict::Rejected.as_str().to_owned()),
            TicketEvent::Merged { into } => self.merged_into = Some(into.0),
            TicketEvent::Unmerged { .. } => self.merged_into = None,
            TicketEvent::SplitOff { from, .. } => self.split_from = Some(from.0),
            TicketEvent::Archived { .. } => self.archived_at = Some(at),
            TicketEvent::TrackingLinkIssued { expires_at, .. } => self.tracked_until = Some(*expires_at),
            TicketEvent::TrackingLinkRevoked {} => self.tracked_until = None,
            TicketEvent::ResolutionEstimated { eta, .. } => self.eta = Some(*eta),
            TicketEvent::Opened { .. }
            | TicketEvent::Started {}
            | TicketEvent::PutOnHold { .. }
            | TicketEvent::Resumed {}
            | TicketEvent::Linked { .. }
            | TicketEvent::Unlinked { .. }
            | TicketEvent::Absorbed { .. }
            | TicketEvent::Separated { .. }
            | TicketEvent::Split { .. }
            | TicketEvent::QuestionCarried { .. }
            | TicketEvent::ReplyPromised { .. } => {}
        }
    }

    fn mark(&mut self, event: &TicketEvent) {
        if let TicketEvent::Tagged { tag_ids } = event {
            self.tag_ids.extend(tag_ids);
            self.tag_ids.sort_unstable();
            self.tag_ids.dedup();
        } else if let TicketEvent::Untagged { tag_ids } = event {
            self.tag_ids.retain(|it| !tag_ids.contains(it));
        } else if let TicketEvent::CustomFieldSet { field_id, value } = event {
            self.fields.set(*field_id, value.as_ref().and_then(|it| it.known()));
            self.data_subject = value.as_ref().and_then(sealed_for).or(self.data_subject);
        } else if let TicketEvent::Followed { user_id } = event {
            self.follower_ids.push(user_id.0);
            self.follower_ids.sort_unstable();
            self.follower_ids.dedup();
        } else if let TicketEvent::Unfollowed { user_id } = event {
            self.follower_ids.retain(|it| *it != user_id.0);
        }
    }

    /// Shows another status; the word for the former does not stand for it.
    fn show(&mut self, status: &str) {
        if self.status != status {
            self.status_label_id = None;
            status.clone_into(&mut self.status);
        }
    }

    fn enter(&mut self, status: Status) {
        self.show(status.category().as_str());
        if matches!(status, Status::Resolved(_) | Status::Closed) {
            (self.snoozed_at, self.snoozed_until) = (None, None);
        }
        (self.hold_reason, self.hold_until) = match status {
            Status::Waiting(hold) => (Some(hold.reason.as_str().to_owned()), hold.until),
            Status::New | Status::Open | Status::Resolved(_) | Status::Closed => (None, None),
        };
        if let Status::Resolved(reason) = status {
            self.resolution_reason = Some(reason.as_str().to_owned());
        }
    }

    /// A new ticket that somebody owns is shown as open: the one state that follows from both streams.
    fn assign(&mut self, event: &AssignmentEvent) {
        match event {
            AssignmentEvent::AgentAssigned { agent_id, .. } => {
                self.assignee_id = Some(agent_id.0);
                if self.status == StatusCategory::New.as_str() {
                    self.show(StatusCategory::Open.as_str());
                }
            }
            AssignmentEvent::AgentUnassigned { .. } => self.assignee_id = None,
        }
    }
}

macro_rules! columns {
    ($($field:ident: $type:ty),+ $(,)?) => {
        /// Rows turned into one array a column, for `UNNEST`.
        #[derive(Debug, Default)]
        pub(crate) struct Columns {
            $(pub(crate) $field: Vec<$type>,)+
            pub(crate) tag_ids: Vec<String>,
            pub(crate) fields: Vec<String>,
            pub(crate) follower_ids: Vec<String>,
        }

        impl Columns {
            pub(crate) fn push(&mut self, row: &TicketRow) {
                $(self.$field.push(row.$field.clone());)+
                self.tag_ids.push(listed(&row.tag_ids));
                self.fields.push(row.fields.to_json());
                self.follower_ids.push(listed(&row.follower_ids));
            }
        }
    };
}

/// Ids as Postgres writes an array: an array of arrays must be even, so each row's ids travel as one text.
fn listed(ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    format!("{{{}}}", ids.join(","))
}

columns! {
    ticket_id: Uuid,
    version: i64,
    number: i64,
    ticket_type: String,
    subject: Option<String>,
    contact_id: Option<Uuid>,
    category_id: Option<String>,
    subcategory_id: Option<String>,
    priority: i16,
    status: String,
    hold_reason: Option<String>,
    hold_until: Option<DateTime<Utc>>,
    assignee_id: Option<Uuid>,
    resolution_reason: Option<String>,
    resolution_note: Option<String>,
    reopen_count: i32,
    channel: String,
    external_id: Option<String>,
    opened_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    inbox_id: Option<Uuid>,
    branch_id: Option<Uuid>,
    team_id: Option<Uuid>,
    data_subject: Option<Uuid>,
    status_label_id: Option<Uuid>,
    snoozed_at: Option<DateTime<Utc>>,
    snoozed_until: Option<DateTime<Utc>>,
    verdict: Option<String>,
    merged_into: Option<Uuid>,
    split_from: Option<Uuid>,
    archived_at: Option<DateTime<Utc>>,
    tracked_until: Option<DateTime<Utc>>,
    eta: Option<DateTime<Utc>>,
    needs_answer_since: Option<DateTime<Utc>>,
}
