use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{
    Decision, Estimate, Relation, ReplyPromise, StatusCategory, TicketPlace, TicketSource, Verdict, WakeCause,
};
use crate::{
    ids::{AgentId, ContactId, TicketId},
    organisation::FieldValue,
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
        /// Whether somebody said so, or it is only the usual one.
        #[serde(skip)]
        priority_chosen: bool,
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
    /// Say something about it that is no step of its life.
    Mark(Mark),
    /// Put it out of sight for a while, or get it back.
    Pause(Pause),
    /// Say whether the resolution helped.
    Judge(Verdict),
    /// Put it together with others, or take it apart.
    Join(Join),
    /// Put it away.
    Archive {
        /// By which policy.
        policy_id: Option<Uuid>,
    },
    /// Let it be followed without signing in.
    Track(Track),
    /// Note when it will be resolved.
    Estimate(Estimate),
    /// Take over what rules or a model choose, where people have not. What they say may be another thing when the same
    /// wish comes again.
    Classify(#[serde(skip)] Decision),
    /// Note when the customer was told they would be answered.
    Promise(#[serde(skip)] ReplyPromise),
}

/// What can be said about a ticket at any time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Mark {
    /// Say that it is another sort of request.
    ChangeType {
        /// Which.
        ticket_type: TicketType,
    },
    /// Mark it with tags.
    Tag {
        /// Which, in the order in which they were named.
        tag_ids: Vec<Uuid>,
    },
    /// Take tags off.
    Untag {
        /// Which.
        tag_ids: BTreeSet<Uuid>,
    },
    /// Fill a custom field, or empty it.
    SetField {
        /// Which.
        field_id: Uuid,
        /// With what; it was compared with the field's definition.
        value: Option<FieldValue>,
    },
    /// Let somebody hear of it.
    Follow {
        /// Whom.
        user_id: AgentId,
    },
    /// Let them hear of it no longer.
    Unfollow {
        /// Whom.
        user_id: AgentId,
    },
    /// Link it with another ticket.
    Link {
        /// The other.
        other_id: TicketId,
        /// What this one is to it.
        relation: Relation,
    },
    /// Link it no longer.
    Unlink {
        /// The other.
        other_id: TicketId,
        /// What this one was to it.
        relation: Relation,
    },
    /// Choose the organisation's word for its status.
    Label {
        /// Which; `None` for the one that is meant when only the status is known.
        status_id: Option<Uuid>,
        /// What the word stands for.
        #[serde(skip)]
        category: Option<StatusCategory>,
        /// Whether the ticket ever had an owner: a new one is shown as open then.
        #[serde(skip)]
        owned: bool,
    },
}

/// A wish about when a ticket is to be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Pause {
    /// Let nobody see it for now.
    Snooze {
        /// Until when; `None` until the customer writes.
        until: Option<DateTime<Utc>>,
    },
    /// Let it be seen again.
    Wake {
        /// Why.
        cause: WakeCause,
    },
    /// End the snooze and the hold whose ends have come.
    EndDue,
    /// End the snooze, and the hold that waits for the customer: they wrote.
    EndByReply,
}

/// A wish about what a ticket has to do with others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Join {
    /// Show it with another.
    MergeInto {
        /// The other.
        into: TicketId,
    },
    /// Let it be by itself again.
    Unmerge,
    /// Show another with this one.
    Absorb {
        /// The other.
        ticket_id: TicketId,
    },
    /// Show it no longer.
    Separate {
        /// The other.
        ticket_id: TicketId,
    },
    /// Make a ticket of a part of its messages.
    Split {
        /// The new ticket.
        new_ticket_id: TicketId,
        /// Number of the first message of that part, from 1.
        from_message_seq: u64,
        /// What the new ticket is about.
        subject: Subject,
    },
    /// Note that it was a part of another.
    NoteSplit {
        /// The other.
        from: TicketId,
        /// Number, there, of the first message of that part, from 1.
        from_message_seq: u64,
    },
    /// Note that a customer waits here for an answer to what was asked under another, or no longer does.
    CarryQuestion {
        /// The other; this one itself for what it was split off with.
        from: TicketId,
        /// When the oldest of what nobody has answered arrived; `None` when it waits here no longer.
        since: Option<DateTime<Utc>>,
    },
}

/// A wish about a ticket's tracking link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Track {
    /// Make one, or another one.
    Issue {
        /// BLAKE3 of the token, hex; follows from the command's id.
        #[serde(skip)]
        token_hash: String,
        /// After which it counts no more; `None` for 90 days.
        expires_at: Option<DateTime<Utc>>,
    },
    /// Let it count no more.
    Revoke,
}
