//! What a replay under other rules comes to.

use serde::{Deserialize, Serialize};

use crate::{
    ids::TicketId,
    values::{Priority, words},
};

words!(
    /// A figure of the table.
    Measure {
        /// Tickets of the period, by priority at its end.
        TicketsByPriority = "tickets_by_priority",
        /// Tickets of the period, by category at its end.
        TicketsByCategory = "tickets_by_category",
        /// Those that are not over when the period ends, by priority.
        Backlog = "backlog",
        /// Half of those resolved were within this time, by priority.
        ResolutionMedian = "resolution_median",
        /// Nine of ten were.
        ResolutionP90 = "resolution_p90",
        /// Half of those answered were within this time, by priority.
        FirstAnswerMedian = "first_answer_median",
        /// Nine of ten were.
        FirstAnswerP90 = "first_answer_p90",
        /// Of the answers promised and due, how many came in time, by priority.
        PromisesKept = "promises_kept",
        /// How many tickets were reopened, by priority.
        Reopened = "reopened",
        /// Of how many people changed the priority that rules had chosen.
        PriorityCorrected = "priority_corrected",
        /// Of how many people changed the category that rules or the model had chosen.
        CategoryCorrected = "category_corrected",
    }
);

words!(
    /// What a figure counts.
    Unit {
        /// Tickets.
        Tickets = "tickets",
        /// Seconds.
        Seconds = "seconds",
        /// Thousandths of all there are.
        Thousandths = "thousandths",
    }
);

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// The figure.
    pub measure: Measure,
    /// Of which priority or category; `None` of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// What it counts.
    pub unit: Unit,
    /// As it was; `None` when there was nothing to tell it from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<i64>,
    /// As it would have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_be: Option<i64>,
}

/// A ticket that would have been otherwise at the end of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The ticket.
    pub ticket_id: TicketId,
    /// For people.
    pub number: i64,
    /// As it was.
    pub was: Standing,
    /// As it would have been.
    pub would_be: Standing,
}

/// What rules choose of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// How urgent it is.
    pub priority: Priority,
    /// Key of its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// What a replay came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Tickets opened in the period.
    pub tickets: u64,
    /// Those that rules had no say in: brought from elsewhere, or parts of others.
    pub brought: u64,
    /// Those whose words nobody can read any more; they stay as they were.
    pub unreadable: u64,
    /// Those of which people chose priority and category, so that nothing was left to rules.
    pub by_people: u64,
    /// Those whose priority or category does not follow from the rules of the time, which came to look too late; they stay as
    /// they were.
    #[serde(default)]
    pub raced: u64,
    /// Those with another priority.
    pub priority_changed: u64,
    /// Those in another category.
    pub category_changed: u64,
    /// Those with either.
    pub changed: u64,
    /// The table.
    pub metrics: Vec<Metric>,
    /// The tickets that differ most, the furthest first.
    pub differing: Vec<Difference>,
}

impl Metric {
    /// By how much it would have been more; `None` when one of both is not known.
    pub fn difference(&self) -> Option<i64> {
        Some(self.would_be? - self.was?)
    }
}
