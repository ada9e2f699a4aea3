//! What tickets can be asked for and sorted by.

use chrono::{DateTime, Utc};
use domain::ticket::StatusCategory;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Fields, TicketRow,
    list::{
        self, Table, columns,
        page::{Key, KeyKind},
    },
};

/// The table of tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tickets {}

impl Table for Tickets {
    type Row = TicketRow;
    type Text = TextColumn;
    type Id = IdColumn;
    type Number = NumberColumn;
    type Instant = InstantColumn;
    type Ids = IdsColumn;
    type Fields = FieldsColumn;
    type Flag = TicketFlag;
    type Order = OrderColumn;

    const NAME: &'static str = "ticket_list";
}

/// A condition on a ticket.
pub type Condition = list::filter::Condition<Tickets>;

columns!(
    /// Columns of text.
    TextColumn of TicketRow => String {
        Type = ticket_type: |it| Some(it.ticket_type.clone()),
        Status = status: |it| Some(it.status.clone()),
        Category = category_id: |it| it.category_id.clone(),
        Subcategory = subcategory_id: |it| it.subcategory_id.clone(),
        ResolutionReason = resolution_reason: |it| it.resolution_reason.clone(),
        Channel = channel: |it| Some(it.channel.clone()),
        ExternalId = external_id: |it| it.external_id.clone(),
        Verdict = verdict: |it| it.verdict.clone(),
    }
);

columns!(
    /// Columns of ids.
    IdColumn of TicketRow => Uuid {
        Ticket = ticket_id: |it| Some(it.ticket_id),
        Contact = contact_id: |it| it.contact_id,
        Assignee = assignee_id: |it| it.assignee_id,
        Inbox = inbox_id: |it| it.inbox_id,
        Branch = branch_id: |it| it.branch_id,
        Team = team_id: |it| it.team_id,
        StatusLabel = status_label_id: |it| it.status_label_id,
        MergedInto = merged_into: |it| it.merged_into,
        SplitFrom = split_from: |it| it.split_from,
    }
);

columns!(
    /// Columns of whole numbers.
    NumberColumn of TicketRow => i64 {
        Number = number: |it| Some(it.number),
        Priority = priority: |it| Some(i64::from(it.priority)),
        ReopenCount = reopen_count: |it| Some(i64::from(it.reopen_count)),
    }
);

columns!(
    /// Columns of instants.
    InstantColumn of TicketRow => DateTime<Utc> {
        OpenedAt = opened_at: |it| Some(it.opened_at),
        UpdatedAt = updated_at: |it| Some(it.updated_at),
        ResolvedAt = resolved_at: |it| it.resolved_at,
        ClosedAt = closed_at: |it| it.closed_at,
        SnoozedAt = snoozed_at: |it| it.snoozed_at,
        SnoozedUntil = snoozed_until: |it| it.snoozed_until,
        HoldUntil = hold_until: |it| it.hold_until,
        ArchivedAt = archived_at: |it| it.archived_at,
        Eta = eta: |it| it.eta,
        NeedsAnswerSince = needs_answer_since: |it| it.needs_answer_since,
    }
);

columns!(
    /// Columns of several ids.
    IdsColumn of TicketRow => Vec<Uuid> {
        Tags = tag_ids: |it| Some(it.tag_ids.clone()),
        Followers = follower_ids: |it| Some(it.follower_ids.clone()),
    }
);

columns!(
    /// Columns of custom fields.
    FieldsColumn of TicketRow => Fields {
        Fields = fields: |it| Some(it.fields.clone()),
    }
);

/// What is told of a ticket by an expression of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TicketFlag {
    /// Work on it goes on: it is new, open, pending or on hold. Partial indexes are made for it.
    InWork,
    /// It waits for something or somebody, or is snoozed; only what is worked on is.
    Paused,
}

impl list::Flag<TicketRow> for TicketFlag {
    fn sql(self) -> &'static str {
        match self {
            Self::InWork => "status IN ('new', 'open', 'pending', 'on_hold')",
            Self::Paused => "status IN ('pending', 'on_hold') OR snoozed_at IS NOT NULL",
        }
    }

    fn holds(self, row: &TicketRow) -> bool {
        match self {
            Self::InWork => ![StatusCategory::Resolved, StatusCategory::Closed]
                .iter()
                .any(|it| row.status == it.as_str()),
            Self::Paused => {
                let waits = [StatusCategory::Pending, StatusCategory::OnHold];
                row.snoozed_at.is_some() || waits.iter().any(|it| row.status == it.as_str())
            }
        }
    }
}

/// A column that tickets can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderColumn {
    /// By number.
    Number,
    /// By id; every order ends with it, for no rule of the tables keeps two tickets from having one number.
    Id,
    /// By the instant of opening.
    OpenedAt,
    /// By the instant of the newest change.
    UpdatedAt,
    /// By urgency.
    Priority,
    /// By how long the customer has been waiting for an answer; those who wait for none come as the shortest.
    WaitingSince,
}

/// Where a ticket stands whose customer waits for nothing, among those whose customers do: 9999-12-31T23:59:59Z, as the
/// column's expression has it.
fn never() -> DateTime<Utc> {
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl list::OrderColumn<TicketRow> for OrderColumn {
    const TAIL: &'static [(Self, bool)] = &[(Self::Number, true), (Self::Id, false)];

    fn sql(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Id => "ticket_id",
            Self::OpenedAt => "opened_at",
            Self::UpdatedAt => "updated_at",
            Self::Priority => "priority",
            Self::WaitingSince => "COALESCE(needs_answer_since, '9999-12-31 23:59:59+00')",
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Number => 'n',
            Self::Id => 'i',
            Self::OpenedAt => 'o',
            Self::UpdatedAt => 'u',
            Self::Priority => 'p',
            Self::WaitingSince => 'w',
        }
    }

    fn kind(self) -> KeyKind {
        match self {
            Self::Number | Self::Priority => KeyKind::Number,
            Self::Id => KeyKind::Id,
            Self::OpenedAt | Self::UpdatedAt | Self::WaitingSince => KeyKind::Instant,
        }
    }

    fn key(self, row: &TicketRow) -> Key {
        match self {
            Self::Number => Key::Number(row.number),
            Self::Id => Key::Id(row.ticket_id),
            Self::OpenedAt => Key::Instant(row.opened_at),
            Self::UpdatedAt => Key::Instant(row.updated_at),
            Self::Priority => Key::Number(i64::from(row.priority)),
            Self::WaitingSince => Key::Instant(row.needs_answer_since.unwrap_or_else(never)),
        }
    }
}
