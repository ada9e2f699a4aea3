//! One change of many tickets. Stream `bulk-<id>`: which tickets were chosen when it began, what became of each, and what
//! was undone of it.
//!
//! Deliberately absent: the changes themselves. Each is the usual command about its ticket, in the ticket's own stream.

mod state;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
pub use state::{Bulk, Phase};
use uuid::Uuid;

use crate::{
    decider::{Context, Decider},
    ids::{AgentId, TicketId},
    values::{HoldReason, Priority, ResolutionReason},
};

/// Tickets of one operation at most.
pub const MOST: usize = 100_000;
/// Tickets that one event names at most, so that an append stays small.
pub const CHUNK: usize = 5_000;

/// What is done to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    /// Make an agent its owner.
    Assign {
        /// Who.
        agent_id: AgentId,
    },
    /// Leave it without an owner.
    Unassign,
    /// Declare its work done.
    Resolve {
        /// How it ended.
        reason: ResolutionReason,
    },
    /// Declare that nothing more will be done.
    Close {
        /// How it ended, for a ticket that is not resolved yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<ResolutionReason>,
    },
    /// Declare that there is work again; only to undo.
    Reopen,
    /// Let it wait as it did; only to undo.
    Hold {
        /// For what.
        reason: HoldReason,
        /// Until when at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// Put it out of sight as it was; only to undo.
    Snooze {
        /// Until when; absent until the customer writes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// Give it another priority.
    Prioritize {
        /// The new one.
        priority: Priority,
    },
    /// Mark it with tags.
    Tag {
        /// Which.
        tag_ids: Vec<Uuid>,
    },
    /// Take tags off.
    Untag {
        /// Which.
        tag_ids: Vec<Uuid>,
    },
    /// Put it in a category, or take it out of any.
    Categorize {
        /// Key of the category.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category_id: Option<String>,
        /// Key of a finer one under it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subcategory_id: Option<String>,
    },
    /// Choose a word for its status.
    Label {
        /// Which; `None` for the usual one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status_id: Option<Uuid>,
    },
}

/// Why something was not done, as it was told then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For programs.
    pub code: String,
    /// For people, in Russian.
    pub ru: String,
    /// For people, in English.
    pub en: String,
}

/// What became of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ItemOutcome {
    /// It was changed.
    Done {
        /// Its version then; absent in early operations when somebody else changed it in the same moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
        /// What makes it as it was, one after the other.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        undo: Vec<Step>,
    },
    /// It was so already.
    Unchanged,
    /// A rule or a missing right forbade it.
    Refused {
        /// Why.
        reason: Reason,
    },
}

/// A ticket, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The ticket.
    pub ticket_id: TicketId,
    /// What became of it.
    pub outcome: ItemOutcome,
}

/// A ticket that was to be as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoneItem {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Why it was left as it is; absent when it is as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Reason>,
}

/// What has happened to an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum BulkEvent {
    /// It began.
    Started {
        /// What is done to each ticket.
        action: Step,
        /// How many tickets it is about.
        total: u32,
        /// Whose rights count, `kind:id`.
        asked_by: String,
    },
    /// Tickets it is about: all that were chosen when it began, in their order.
    Chosen {
        /// Which.
        ticket_ids: Vec<TicketId>,
    },
    /// Something became of tickets.
    ItemsDone {
        /// What of which.
        items: Vec<Item>,
    },
    /// Nothing more is done.
    Cancelled {},
    /// Something became of every ticket.
    Finished {},
    /// What it changed is to be as it was.
    UndoStarted {},
    /// Tickets are as they were, or are left.
    ItemsUndone {
        /// Which.
        items: Vec<UndoneItem>,
    },
    /// Nothing is left to be undone.
    UndoFinished {},
}

/// A wish about an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum BulkCommand {
    /// Begin it.
    Start {
        /// What is done to each ticket.
        action: Step,
        /// How many tickets it is about: a list is evaluated anew when the wish is repeated.
        #[serde(skip)]
        total: u32,
        /// The first of them, at most [`CHUNK`].
        #[serde(skip)]
        ticket_ids: Vec<TicketId>,
        /// What the client asked for, to tell a repetition from another wish.
        asked: String,
    },
    /// Name more of its tickets, at most [`CHUNK`].
    Choose {
        /// Which.
        ticket_ids: Vec<TicketId>,
    },
    /// Note what became of tickets.
    Record {
        /// What of which.
        items: Vec<Item>,
    },
    /// Do nothing more.
    Cancel,
    /// Note that something became of all of them.
    Finish,
    /// Make what it changed as it was.
    StartUndo,
    /// Note which are as they were.
    RecordUndone {
        /// Which.
        items: Vec<UndoneItem>,
    },
    /// Note that nothing is left to be undone.
    FinishUndo,
}

/// A rule that forbids a wish about an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BulkRefusal {
    /// There is no such operation, or it is not the asker's to see.
    #[error("there is no such operation")]
    NotFound,
    /// An operation begins once.
    #[error("the operation is there already")]
    AlreadyStarted,
    /// An operation about nothing.
    #[error("no ticket is meant")]
    NothingChosen,
    /// An operation about too much.
    #[error("more than 100,000 tickets are meant: narrow them down")]
    TooMany,
    /// What is over cannot be cancelled.
    #[error("the operation is over: undo it instead")]
    Over,
    /// What still goes on cannot be undone.
    #[error("the operation still goes on: cancel it first, or wait for its end")]
    StillRunning,
}

impl Decider for Bulk {
    type Command = BulkCommand;
    type Event = BulkEvent;
    type Refusal = BulkRefusal;

    const CATEGORY: &'static str = "bulk";

    fn decide(state: Option<&Self>, command: &BulkCommand, context: &Context) -> Result<Vec<BulkEvent>, BulkRefusal> {
        match (state, command) {
            (
                None,
                BulkCommand::Start {
                    action,
                    total,
                    ticket_ids,
                    ..
                },
            ) => {
                if *total == 0 {
                    return Err(BulkRefusal::NothingChosen);
                }
                if usize::try_from(*total).is_ok_and(|it| it > MOST) {
                    return Err(BulkRefusal::TooMany);
                }
                let started = BulkEvent::Started {
                    action: action.clone(),
                    total: *total,
                    asked_by: context.actor.to_string(),
                };
                let ticket_ids = ticket_ids.clone();
                Ok(vec![started, BulkEvent::Chosen { ticket_ids }])
            }
            (None, _) => Err(BulkRefusal::NotFound),
            (Some(_), BulkCommand::Start { .. }) => Err(BulkRefusal::AlreadyStarted),
            (Some(it), command) => it.decide_on(command),
        }
    }

    fn evolve(state: Option<Self>, event: &BulkEvent) -> Option<Self> {
        Self::after(state, event)
    }
}
