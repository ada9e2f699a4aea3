//! The API's enums, each a word for word mirror of a domain word.

use async_graphql::Enum;
use domain::{
    ticket::StatusCategory,
    values::{HoldReason, Priority, ResolutionReason, TicketType},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a ticket stands in its life.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = TicketStatus)]
#[graphql(name = "TicketStatus", remote = "StatusCategory")]
pub(crate) enum Status {
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

/// How urgent a ticket is, in rising order.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = TicketPriority)]
#[graphql(name = "TicketPriority", remote = "Priority")]
pub(crate) enum Urgency {
    /// Answered within 24 to 48 hours.
    Low,
    /// Answered within 8 to 12 hours; the default.
    Medium,
    /// Answered within 1 to 4 hours.
    High,
    /// Critical: an outage or a loss.
    Urgent,
}

/// What sort of request a ticket is.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = TicketType)]
#[graphql(name = "TicketType", remote = "TicketType")]
pub(crate) enum Sort {
    /// Somebody wants to know something; the default.
    Question,
    /// Something that worked does not.
    Incident,
    /// The cause behind incidents.
    Problem,
    /// Work to be done.
    Task,
    /// A formal application (заявка).
    Application,
}

/// What a ticket on hold waits for.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = HoldReason)]
#[graphql(name = "HoldReason", remote = "HoldReason")]
pub(crate) enum Hold {
    /// The customer's answer: the ticket is PENDING, with any other reason it is ON_HOLD.
    Customer,
    /// A supplier.
    Vendor,
    /// The solution of an underlying problem.
    Problem,
    /// Evidence of what happened.
    Evidence,
    /// Anything else; the default.
    Other,
}

/// How a ticket was resolved.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = ResolutionReason)]
#[graphql(name = "ResolutionReason", remote = "ResolutionReason")]
pub(crate) enum Resolution {
    /// The customer has what was needed; the default.
    Solved,
    /// It could not be solved.
    NotSolved,
    /// Another ticket covers it.
    Duplicate,
    /// Not a request at all.
    Spam,
    /// The customer did not answer.
    NoResponse,
}

/// The priority that the tables keep as this rank.
pub(super) fn priority(rank: i16) -> Urgency {
    match rank {
        ..=1 => Urgency::Low,
        2 => Urgency::Medium,
        3 => Urgency::High,
        4.. => Urgency::Urgent,
    }
}
