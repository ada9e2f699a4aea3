use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{EstimateBasis, Grounds, Relation, TicketPlace, WakeCause};
use crate::{
    ids::{AgentId, ContactId, MessageId, TicketId},
    organisation::FieldValue,
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
        /// Whether somebody who works here, or a program on their behalf, said so, and it is not only the usual one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        priority_chosen: bool,
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
        /// What a rule or a model went by; `None` of people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grounds: Option<Grounds>,
    },
    /// Its priority was changed.
    Prioritized {
        /// The one it had.
        from: Priority,
        /// The one it has.
        to: Priority,
        /// Why, in the words of whoever did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<String>>,
        /// Who chose; `None` for an agent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<ClassifiedBy>,
        /// What a rule or a model went by; `None` of people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grounds: Option<Grounds>,
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
        note: Option<Personal<String>>,
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
    /// It is another sort of request.
    TypeChanged {
        /// What it was.
        from: TicketType,
        /// What it is.
        to: TicketType,
    },
    /// It was marked with tags.
    Tagged {
        /// Those it did not have.
        tag_ids: Vec<Uuid>,
    },
    /// Tags were taken off.
    Untagged {
        /// Those it had.
        tag_ids: Vec<Uuid>,
    },
    /// A custom field was filled, or emptied.
    CustomFieldSet {
        /// Which.
        field_id: Uuid,
        /// What it says; `None` when it is empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Personal<FieldValue>>,
    },
    /// Somebody wants to hear of it.
    Followed {
        /// Who.
        user_id: AgentId,
    },
    /// They no longer do.
    Unfollowed {
        /// Who.
        user_id: AgentId,
    },
    /// It has to do with another ticket.
    Linked {
        /// The other.
        other_id: TicketId,
        /// What this one is to it.
        relation: Relation,
    },
    /// It no longer has.
    Unlinked {
        /// The other.
        other_id: TicketId,
        /// What this one was to it.
        relation: Relation,
    },
    /// It has another of the organisation's words for its status.
    Labelled {
        /// The word; `None` for the one that is meant when only the status is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status_id: Option<Uuid>,
    },
    /// Nobody wants to see it for now.
    Snoozed {
        /// Until when; `None` until the customer writes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// It is to be seen again.
    WokeUp {
        /// Why.
        cause: WakeCause,
    },
    /// The customer says that the resolution helped.
    ResolutionConfirmed {},
    /// The customer says that it did not.
    ResolutionRejected {},
    /// Another ticket is shown with this one.
    Absorbed {
        /// The other.
        ticket_id: TicketId,
    },
    /// The other ticket is by itself again.
    Separated {
        /// The other.
        ticket_id: TicketId,
    },
    /// It is shown with another.
    Merged {
        /// The other.
        into: TicketId,
    },
    /// It is by itself again, as it was.
    Unmerged {
        /// With which it was shown.
        from: TicketId,
    },
    /// A part of its messages became another ticket.
    Split {
        /// The other.
        new_ticket_id: TicketId,
        /// Number of the first message of that part, from 1.
        from_message_seq: u64,
    },
    /// It was a part of another.
    SplitOff {
        /// The other.
        from: TicketId,
        /// Number, there, of the first message of that part, from 1.
        from_message_seq: u64,
    },
    /// A customer waits here for an answer to what was asked under another ticket, or no longer does.
    QuestionCarried {
        /// The other, which is shown with this one; this one itself for what it was split off with.
        from: TicketId,
        /// When the oldest of what nobody has answered arrived; `None` when it waits here no longer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<DateTime<Utc>>,
    },
    /// It was put away.
    Archived {
        /// By which policy; `None` when somebody did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy_id: Option<Uuid>,
    },
    /// Whoever has a token may follow its status without signing in; a former token counts no more.
    TrackingLinkIssued {
        /// BLAKE3 of the token, hex.
        token_hash: String,
        /// After which it counts no more.
        expires_at: DateTime<Utc>,
    },
    /// The token counts no more.
    TrackingLinkRevoked {},
    /// It was worked out when it will be resolved.
    ResolutionEstimated {
        /// The instant to be promised.
        eta: DateTime<Utc>,
        /// Half of such tickets are resolved within this many seconds.
        p50_s: u64,
        /// Nine of ten are within this many.
        p90_s: u64,
        /// Which state of the history it rests on: a position of the log.
        basis_version: u64,
        /// What it was worked out from; `None` in early estimates.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        basis: Option<EstimateBasis>,
    },
    /// The customer was told when they will be answered.
    ReplyPromised {
        /// The message that says so.
        message_id: MessageId,
        /// The priority it follows from.
        priority: Priority,
        /// Seconds that it takes at least, as a rule.
        from_s: u64,
        /// Seconds that it takes at most.
        within_s: u64,
        /// When that is over, UTC.
        due_at: DateTime<Utc>,
    },
}
