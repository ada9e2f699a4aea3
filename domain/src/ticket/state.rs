use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Chosen, Relation, ReplyPromise, TicketEvent, TicketPlace, Verdict};
use crate::{
    ids::{AgentId, ContactId, TicketId},
    organisation::FieldValue,
    values::{HoldReason, Priority, ResolutionReason, TicketType},
};

/// What later decisions about a ticket need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Where it stands in its life.
    pub status: Status,
    /// How urgent it is.
    pub priority: Priority,
    /// Who said so; `None` while it is the usual one.
    pub priority_chosen: Option<Chosen>,
    /// What it is about, kept to tell a change from a repetition; `None` when that is forgotten.
    pub subject: Option<String>,
    /// Whose words these are; `None` when the customer is not known.
    pub contact_id: Option<ContactId>,
    /// Category and subcategory.
    pub category: Option<(String, Option<String>)>,
    /// Who put it there, or took it out; `None` while nobody did.
    pub category_chosen: Option<Chosen>,
    /// How many times it was reopened.
    pub cycle_no: u32,
    /// Where it belongs.
    pub place: TicketPlace,
    /// What sort of request it is.
    pub ticket_type: TicketType,
    /// Ids of its tags.
    pub tags: BTreeSet<Uuid>,
    /// What its custom fields say, by their ids; what is forgotten is absent.
    pub fields: BTreeMap<Uuid, FieldValue>,
    /// Who wants to hear of it.
    pub followers: BTreeSet<AgentId>,
    /// What it is to other tickets; what they are to it stands there.
    pub links: BTreeSet<(TicketId, Relation)>,
    /// The organisation's word for its status; `None` for the one that is meant when only the status is known.
    pub label: Option<Uuid>,
    /// Until when nobody wants to see it; only while work goes on.
    pub snooze: Option<Snooze>,
    /// What the customer said of the newest resolution.
    pub verdict: Option<Verdict>,
    /// The ticket it is shown with: it changes no more until it is by itself again.
    pub merged_into: Option<TicketId>,
    /// The tickets that are shown with it.
    pub absorbed: BTreeSet<TicketId>,
    /// Tickets that were made of parts of it.
    pub splits: BTreeSet<TicketId>,
    /// The ticket it was a part of.
    pub split_from: Option<TicketId>,
    /// Since when customers wait here for answers to what was asked under other tickets, as it was last noted; answers are
    /// not its own.
    pub questions: BTreeMap<TicketId, DateTime<Utc>>,
    /// Whether it was put away; only a closed ticket is.
    pub archived: bool,
    /// Who may follow it without signing in.
    pub tracking: Option<TrackingLink>,
    /// When it will be resolved, as it was last worked out.
    pub estimate: Option<Estimate>,
    /// When the customer was told they would be answered.
    pub promise: Option<ReplyPromise>,
}

/// Until when nobody wants to see a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snooze {
    /// The instant; `None` until the customer writes, which ends a snooze with an instant too.
    pub until: Option<DateTime<Utc>>,
}

/// A link by which a ticket is followed without signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingLink {
    /// BLAKE3 of the token, hex.
    pub token_hash: String,
    /// After which it counts no more.
    pub expires_at: DateTime<Utc>,
}

/// When a ticket will be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// The instant to be promised.
    pub eta: DateTime<Utc>,
    /// Half of such tickets are resolved within this many seconds.
    pub p50_s: u64,
    /// Nine of ten are within this many.
    pub p90_s: u64,
    /// Which state of the history it rests on: a position of the log.
    pub basis_version: u64,
    /// What it was worked out from; `None` in early estimates.
    pub basis: Option<EstimateBasis>,
}

/// The group of finished tickets that an estimate rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimateBasis {
    /// Their category; `None` when of any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_id: Option<String>,
    /// Their priority; `None` when of any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// How many there were.
    pub cases: u64,
    /// Which quantile the promised instant is, in hundredths.
    pub quantile: u8,
    /// That quantile in seconds.
    pub promised_s: u64,
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
            | TicketEvent::Moved { .. }
            | TicketEvent::TypeChanged { .. }
            | TicketEvent::Tagged { .. }
            | TicketEvent::Untagged { .. }
            | TicketEvent::CustomFieldSet { .. }
            | TicketEvent::Followed { .. }
            | TicketEvent::Unfollowed { .. }
            | TicketEvent::Linked { .. }
            | TicketEvent::Unlinked { .. }
            | TicketEvent::Labelled { .. }
            | TicketEvent::Snoozed { .. }
            | TicketEvent::WokeUp { .. }
            | TicketEvent::ResolutionConfirmed {}
            | TicketEvent::ResolutionRejected {}
            | TicketEvent::Absorbed { .. }
            | TicketEvent::Separated { .. }
            | TicketEvent::Merged { .. }
            | TicketEvent::Unmerged { .. }
            | TicketEvent::Split { .. }
            | TicketEvent::SplitOff { .. }
            | TicketEvent::QuestionCarried { .. }
            | TicketEvent::Archived { .. }
            | TicketEvent::TrackingLinkIssued { .. }
            | TicketEvent::TrackingLinkRevoked {}
            | TicketEvent::ResolutionEstimated { .. }
            | TicketEvent::ReplyPromised { .. } => None,
        }
    }
}
