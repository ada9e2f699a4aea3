//! One run of a macro: what it set out to do with which ticket, and what became of that. Stream `macro_run-<id>`.
//!
//! The steps themselves are commands of their own, with ids that follow from the run's: so a run that was cut off is
//! finished by whoever comes next. What a step found before is kept, so that it can be taken back.

mod decide;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{AgentId, TicketId},
    personal::Personal,
    ticket::TicketPlace,
    values::{HoldReason, Priority, ResolutionReason, words},
};

/// A step as it is to be taken, and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum PlannedStep {
    /// Answer the customer with the text of this step.
    Reply {},
    /// Tell colleagues the text of this step.
    Note {},
    /// Give the ticket to an agent.
    Take {
        /// Whom.
        agent_id: AgentId,
        /// Who had it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        former: Option<AgentId>,
    },
    /// Let it belong elsewhere.
    Move {
        /// Where.
        place: TicketPlace,
        /// Where it belonged.
        former: TicketPlace,
    },
    /// Give it another priority.
    Prioritize {
        /// Which.
        priority: Priority,
        /// Which it had.
        former: Priority,
    },
    /// Put it in a category.
    Categorize {
        /// Its key.
        category_key: String,
        /// Where it was: category and subcategory.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        former: Option<(String, Option<String>)>,
    },
    /// Mark it.
    Tag {
        /// With what.
        tag_id: Uuid,
        /// Whether it was marked so.
        had: bool,
    },
    /// Let it wait.
    Hold {
        /// For what.
        reason: HoldReason,
    },
    /// Declare its work done.
    Resolve {
        /// How it ended.
        reason: ResolutionReason,
    },
    /// Declare that nothing more will be done.
    Close {
        /// How it ended.
        reason: ResolutionReason,
    },
}

/// Why a run stopped before its last step: somebody else was faster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Place of the step that was refused, from 0.
    pub step: u32,
    /// The rule, in English.
    pub reason: String,
}

words!(
    /// What became of a step when its run was taken back.
    TakenBack {
        /// It is as it was before.
        Restored = "restored",
        /// It is open again, though it was not before the run: it was new, waited, or was done.
        MadeOpen = "made_open",
        /// Somebody changed it after the run: it stays.
        ChangedSince = "changed_since",
        /// What was said stays said.
        StaysSaid = "stays_said",
        /// The step was never taken.
        NeverDone = "never_done",
        /// A rule or a missing right forbade it.
        Refused = "refused",
    }
);

/// What has happened to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum MacroRunEvent {
    /// It began: everything was checked, nothing done yet.
    Started {
        /// The macro.
        macro_id: Uuid,
        /// Its version.
        macro_version: u64,
        /// On which ticket.
        ticket_id: TicketId,
        /// What is to be done, in this order.
        steps: Vec<PlannedStep>,
        /// What is said by each step; empty for those that say nothing.
        texts: Personal<Vec<String>>,
    },
    /// It ended.
    Finished {
        /// How many steps were taken.
        done: u32,
        /// Why it stopped; `None` when all were taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stopped: Option<Stopped>,
    },
    /// It was taken back, as far as that goes.
    Undone {
        /// What became of each step.
        steps: Vec<TakenBack>,
    },
}

/// A wish about a run. What the server adds is no part of the fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum MacroRunCommand {
    /// Begin it.
    Start {
        /// The macro.
        macro_id: Uuid,
        /// On which ticket.
        ticket_id: TicketId,
        /// What whoever runs it says of the places in its texts.
        values: std::collections::BTreeMap<String, String>,
        /// Version of the macro.
        #[serde(skip)]
        macro_version: u64,
        /// What is to be done.
        #[serde(skip)]
        steps: Vec<PlannedStep>,
        /// What is said by each step, and whose words these are.
        #[serde(skip)]
        texts: Option<Personal<Vec<String>>>,
    },
    /// Note how it ended.
    Finish {
        /// How many steps were taken.
        #[serde(skip)]
        done: u32,
        /// Why it stopped.
        #[serde(skip)]
        stopped: Option<Stopped>,
    },
    /// Note that it was taken back.
    Undo {
        /// What became of each step.
        #[serde(skip)]
        steps: Vec<TakenBack>,
    },
}

/// What later decisions about a run need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroRun {
    /// The macro.
    pub macro_id: Uuid,
    /// Its version.
    pub macro_version: u64,
    /// On which ticket.
    pub ticket_id: TicketId,
    /// What is to be done, in this order.
    pub steps: Vec<PlannedStep>,
    /// What is said by each step; `None` when that is forgotten.
    pub texts: Option<Vec<String>>,
    /// How many steps were taken, and why it stopped; `None` while it goes on.
    pub ended: Option<(u32, Option<Stopped>)>,
    /// What became of each step when it was taken back; `None` when it was not.
    pub undone: Option<Vec<TakenBack>>,
}

/// A rule that forbids a wish about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MacroRunRefusal {
    /// There is no such run.
    #[error("there is no such run")]
    NotFound,
    /// A run begins once.
    #[error("the run has begun already")]
    AlreadyStarted,
    /// It goes on.
    #[error("the run is not finished yet: try again")]
    NotFinished,
    /// There is no such macro, or it is out of use.
    #[error("there is no such macro, or it is retired: choose another")]
    MacroUnknown,
    /// A place in one of its texts stays empty.
    #[error("nothing is known for the place {{{{{0}}}}}: give a value for it")]
    VariableMissing(&'static str),
    /// Nobody who works here runs it, so nobody can take the ticket.
    #[error("the macro gives the ticket to whoever runs it, and that is no agent: run it as an agent")]
    NobodyToTake,
    /// A filled text is too long, or has nothing to read in it.
    #[error("a filled text is empty or too long: give shorter values")]
    TextUnfit,
}
