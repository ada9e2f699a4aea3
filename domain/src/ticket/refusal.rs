use super::StatusCategory;
use crate::{
    ids::TicketId,
    organisation::{FieldValue, ValueFault},
};

/// Tags of one ticket at most.
pub const TAGS: usize = 100;
/// Followers of one ticket at most.
pub const FOLLOWERS: usize = 500;
/// Links that one ticket keeps at most.
pub const LINKS: usize = 200;
/// Tickets in a row, each merged into the next, that are followed at most.
pub const LEVELS: usize = 64;

/// A rule that forbids a wish about a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefusal {
    /// There is no such ticket.
    #[error("there is no such ticket")]
    NotFound,
    /// A ticket is opened once.
    #[error("the ticket is open already")]
    AlreadyOpened,
    /// A closed ticket takes nothing that is work.
    #[error("the ticket is closed: reopen it first")]
    Closed,
    /// A resolved ticket takes only closing and reopening.
    #[error("the ticket is resolved: reopen it first")]
    Resolved,
    /// A waiting ticket must be resumed before work begins.
    #[error("the ticket is on hold: resume it first")]
    OnHold,
    /// A ticket that is not resolved is closed only with a resolution reason.
    #[error("the ticket is not resolved: resolve it first, or close it with a reason")]
    ResolutionMissing,
    /// Nothing more is recorded of somebody who is forgotten.
    #[error("the customer's personal data was erased: nothing more can be recorded of them")]
    Forgotten,
    /// The end of a hold lies before its beginning.
    #[error("the hold would end in the past: give a later instant, or none")]
    HoldEndsInPast,
    /// The end of a snooze lies before its beginning.
    #[error("the snooze would end in the past: give a later instant, or none to wait for a reply")]
    SnoozeEndsInPast,
    /// There is no resolution to confirm or reject.
    #[error("the ticket is not resolved: there is nothing to confirm or reject")]
    NotResolved,
    /// A merged ticket takes nothing but unmerging.
    #[error("the ticket was merged into ticket {into}: change that one, or unmerge this one first")]
    Merged {
        /// The other.
        into: TicketId,
    },
    /// Only a merged ticket is unmerged.
    #[error("the ticket is not merged into another")]
    NotMerged,
    /// Nothing is merged into itself.
    #[error("a ticket is not merged into itself: name two")]
    IntoItself,
    /// The other ticket is itself merged into another.
    #[error("the other ticket was itself merged into ticket {into}: merge into that one")]
    TargetMerged {
        /// Where it went.
        into: TicketId,
    },
    /// There is no ticket to be merged into.
    #[error("there is no such ticket to merge into")]
    TargetNotFound,
    /// Nothing is merged into an archived ticket.
    #[error("the other ticket is archived: reopen it first, or merge into another")]
    TargetArchived,
    /// The other ticket is, over some steps, merged into this one.
    #[error("the other ticket was merged into this one: unmerge it first, or merge into another")]
    MergeRing,
    /// A part begins with a message that is there.
    #[error("there is no such message in this ticket: its last is {last}")]
    SplitBeyondEnd {
        /// Place of its last message; 0 when it has none.
        last: u32,
    },
    /// An archived ticket takes nothing but reopening.
    #[error("the ticket is archived: reopen it first")]
    Archived,
    /// Only closed tickets are archived.
    #[error("the ticket is not closed: close it first")]
    NotClosed,
    /// Nothing is linked with itself.
    #[error("a ticket is not linked with itself: name two")]
    LinkedWithItself,
    /// There is no ticket to be linked with.
    #[error("there is no such ticket to link with")]
    OtherNotFound,
    /// A ticket has not that many tags.
    #[error("a ticket has at most 100 tags: remove some first")]
    TooManyTags,
    /// A ticket has not that many followers.
    #[error("a ticket has at most 500 followers: remove some first")]
    TooManyFollowers,
    /// A ticket has not that many links.
    #[error("a ticket has at most 200 links: remove some first")]
    TooManyLinks,
    /// The label stands for another status.
    #[error("the label stands for status {}, and the ticket is {}: choose a label of that status", .label.as_str(), .ticket.as_str())]
    LabelOfOtherStatus {
        /// What the label stands for.
        label: StatusCategory,
        /// Where the ticket stands.
        ticket: StatusCategory,
    },
    /// Nobody who works here has this id, or their access is suspended.
    #[error("there is no such user, or their access is suspended")]
    UserUnknown,
    /// The custom field belongs to something else.
    #[error("the field is none of tickets: choose one that applies to tickets")]
    FieldOfOther,
    /// The value does not fit its custom field.
    #[error("the value does not fit the field: {0}")]
    FieldValue(FieldFault),
    /// The end of a tracking link lies in the past.
    #[error("the link would end in the past: give a later instant, or none")]
    TrackingEndsInPast,
    /// The end of a tracking link lies too far away.
    #[error("the link would count for more than 400 days: give an earlier instant, or none")]
    TrackingTooLong,
}

/// Why a value does not fit its custom field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// There must be one.
    #[error("a value is needed, the field is required")]
    Missing,
    /// It is of another sort.
    #[error("it is {given}, and the field takes {wanted}")]
    WrongType {
        /// What was given.
        given: &'static str,
        /// What is taken.
        wanted: &'static str,
    },
    /// It is too long.
    #[error("at most {0} characters are taken")]
    TooLong(u32),
    /// It holds characters that cannot be kept.
    #[error("control characters are not taken")]
    Unprintable,
    /// It lies outside of the field's limits.
    #[error("it lies outside of the field's limits")]
    OutOfRange,
    /// No option has this key.
    #[error("it is none of the field's options: give the key of one")]
    NotAnOption,
    /// The same option was chosen twice.
    #[error("an option is chosen twice: name each once")]
    Twice,
    /// Too many options were chosen.
    #[error("at most {0} options can be chosen")]
    TooMany(u32),
    /// It is no address on the web.
    #[error("it is no address that begins with http:// or https://")]
    NotAUrl,
    /// It is no mail address.
    #[error("it is no mail address")]
    NotAnEmail,
}

impl FieldFault {
    /// A fault that a field's own check found; `given` and `wanted` are names of sorts, see [`FieldValue::sort`].
    pub fn new(fault: &ValueFault, given: Option<&FieldValue>, wanted: &'static str) -> Self {
        match fault {
            ValueFault::Missing => Self::Missing,
            ValueFault::WrongType => Self::WrongType {
                given: given.map_or("nothing", FieldValue::sort),
                wanted,
            },
            ValueFault::TooLong(most) => Self::TooLong(*most),
            ValueFault::Unprintable => Self::Unprintable,
            ValueFault::OutOfRange => Self::OutOfRange,
            ValueFault::NotAnOption(_) => Self::NotAnOption,
            ValueFault::Twice(_) => Self::Twice,
            ValueFault::TooMany(most) => Self::TooMany(*most),
            ValueFault::NotAUrl => Self::NotAUrl,
            ValueFault::NotAnEmail => Self::NotAnEmail,
        }
    }
}
