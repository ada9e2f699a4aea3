use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{TicketPlace, TicketSource};
use crate::{
    ids::ContactId,
    values::{
        CategoryKey, ClassifiedBy, CloseCause, HoldReason, Priority, ReopenCause, ResolutionReason, Subject, TicketType,
    },
};

/// A wish about a ticket. Its serialised form is the fingerprint of a request, so it leaves out what the server adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum TicketCommand {
    /// Bring it into being.
    Open {
        /// Reserved beforehand.
        #[serde(skip)]
        number: i64,
        /// What sort of request it is.
        ticket_type: TicketType,
        /// What it is about.
        subject: Subject,
        /// The customer, if known.
        contact_id: Option<ContactId>,
        /// Category and subcategory, if chosen.
        category: Option<(CategoryKey, Option<CategoryKey>)>,
        /// How urgent.
        priority: Priority,
        /// Where it comes from.
        source: TicketSource,
        /// Where it belongs.
        #[serde(skip_serializing_if = "TicketPlace::is_nowhere")]
        place: TicketPlace,
    },
    /// Let it belong elsewhere.
    Move {
        /// The whole place from then on.
        place: TicketPlace,
    },
    /// Give it another subject.
    ChangeSubject {
        /// The new one.
        subject: Subject,
    },
    /// Put it in a category, or take it out of any.
    Categorize {
        /// Category and subcategory.
        category: Option<(CategoryKey, Option<CategoryKey>)>,
        /// Who chose.
        by: ClassifiedBy,
    },
    /// Give it another priority.
    Prioritize {
        /// The new one.
        priority: Priority,
        /// Why.
        reason: Option<String>,
    },
    /// Begin to work on it.
    Start,
    /// Let it wait.
    PutOnHold {
        /// For what.
        reason: HoldReason,
        /// Until when at most.
        until: Option<DateTime<Utc>>,
    },
    /// Let it wait no longer.
    Resume,
    /// Declare its work done.
    Resolve {
        /// How it ended.
        reason: ResolutionReason,
        /// More about it.
        note: Option<String>,
    },
    /// Declare that nothing more will be done.
    Close {
        /// Who or what closes it.
        cause: CloseCause,
        /// How it ended, for a ticket that is not resolved yet.
        reason: Option<ResolutionReason>,
    },
    /// Declare that there is work again.
    Reopen {
        /// Why.
        cause: ReopenCause,
    },
}
