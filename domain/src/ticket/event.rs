use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::TicketPlace;
use crate::{
    ids::ContactId,
    personal::Personal,
    values::{ClassifiedBy, CloseCause, HoldReason, Priority, ReopenCause, ResolutionReason, TicketType},
};

/// Where a ticket came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketSource {
    /// Channel or foreign system: `api`, `servicenow`.
    pub channel: String,
    /// The ticket's own name there, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// What has happened to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum TicketEvent {
    /// It exists from now on.
    Opened {
        /// Its number, unique, for people.
        number: i64,
        /// What sort of request it is.
        #[serde(rename = "type")]
        ticket_type: TicketType,
        /// What it is about.
        subject: Personal<String>,
        /// The customer, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact_id: Option<ContactId>,
        /// Its first category, if chosen at opening.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category_id: Option<String>,
        /// A finer category under `category_id`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subcategory_id: Option<String>,
        /// Its first priority.
        priority: Priority,
        /// Where it came from.
        source: TicketSource,
        /// Where it belongs.
        #[serde(flatten)]
        place: TicketPlace,
    },
    /// It belongs elsewhere.
    Moved {
        /// The whole place from then on.
        #[serde(flatten)]
        place: TicketPlace,
    },
    /// Its subject was changed.
    SubjectChanged {
        /// The new one.
        subject: Personal<String>,
    },
    /// It was put in a category.
    Categorized {
        /// The new category, `None` when taken out of any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category_id: Option<String>,
        /// A finer category under it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subcategory_id: Option<String>,
        /// Who chose.
        by: ClassifiedBy,
    },
    /// Its priority was changed.
    Prioritized {
        /// The one it had.
        from: Priority,
        /// The one it has.
        to: Priority,
        /// Why, in the words of whoever did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Somebody began to work on it.
    Started {},
    /// It waits.
    PutOnHold {
        /// For what.
        reason: HoldReason,
        /// Until when at most, if told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// It waits no longer.
    Resumed {},
    /// Its work is done.
    Resolved {
        /// How it ended.
        reason: ResolutionReason,
        /// More about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Nothing more will be done.
    Closed {
        /// Who or what closed it.
        cause: CloseCause,
    },
    /// There is work again.
    Reopened {
        /// Why.
        cause: ReopenCause,
        /// How many times it has been reopened now, from 1.
        cycle_no: u32,
    },
}
