use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{TicketEvent, TicketPlace};
use crate::{
    ids::ContactId,
    values::{HoldReason, Priority, ResolutionReason},
};

/// What later decisions about a ticket need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Where it stands in its life.
    pub status: Status,
    /// How urgent it is.
    pub priority: Priority,
    /// What it is about, kept to tell a change from a repetition; `None` when that is forgotten.
    pub subject: Option<String>,
    /// Whose words these are; `None` when the customer is not known.
    pub contact_id: Option<ContactId>,
    /// Category and subcategory.
    pub category: Option<(String, Option<String>)>,
    /// How many times it was reopened.
    pub cycle_no: u32,
    /// Where it belongs.
    pub place: TicketPlace,
}

/// Why and until when a ticket waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// For what.
    pub reason: HoldReason,
    /// Until when at most.
    pub until: Option<DateTime<Utc>>,
}

/// Where a ticket stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody works on it yet.
    New,
    /// Somebody works on it.
    Open,
    /// It waits.
    Waiting(Hold),
    /// Its work is done.
    Resolved(ResolutionReason),
    /// Nothing more will be done.
    Closed,
}

/// The six categories every status label belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusCategory {
    /// Nobody works on it yet.
    New,
    /// Somebody works on it.
    Open,
    /// It waits for the customer.
    Pending,
    /// It waits for somebody or something else.
    OnHold,
    /// Its work is done.
    Resolved,
    /// Nothing more will be done.
    Closed,
}

impl StatusCategory {
    /// Every category, in the order of a ticket's life.
    pub const ALL: [Self; 6] = [
        Self::New,
        Self::Open,
        Self::Pending,
        Self::OnHold,
        Self::Resolved,
        Self::Closed,
    ];

    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Pending => "pending",
            Self::OnHold => "on_hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// The category with this stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

impl Status {
    /// The category it belongs to.
    pub fn category(self) -> StatusCategory {
        match self {
            Self::New => StatusCategory::New,
            Self::Open => StatusCategory::Open,
            Self::Waiting(hold) if hold.reason == HoldReason::Customer => StatusCategory::Pending,
            Self::Waiting(_) => StatusCategory::OnHold,
            Self::Resolved(_) => StatusCategory::Resolved,
            Self::Closed => StatusCategory::Closed,
        }
    }

    /// The status that `event` leaves; `None` when it leaves it as it is.
    pub fn after(event: &TicketEvent) -> Option<Self> {
        match event {
            TicketEvent::Opened { .. } => Some(Self::New),
            TicketEvent::Started {} | TicketEvent::Resumed {} | TicketEvent::Reopened { .. } => Some(Self::Open),
            TicketEvent::PutOnHold { reason, until } => Some(Self::Waiting(Hold {
                reason: *reason,
                until: *until,
            })),
            TicketEvent::Resolved { reason, .. } => Some(Self::Resolved(*reason)),
            TicketEvent::Closed { .. } => Some(Self::Closed),
            TicketEvent::SubjectChanged { .. }
            | TicketEvent::Categorized { .. }
            | TicketEvent::Prioritized { .. }
            | TicketEvent::Moved { .. } => None,
        }
    }
}
