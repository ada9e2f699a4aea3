//! A period replayed under other rules. Stream `what_if-<id>`: what was to be tried, how far it is, what it came to.
//!
//! Deliberately absent: the replay itself, which reads the whole log (`projections`), and any effect on tickets.

mod definition;
mod report;
#[cfg(test)]
mod tests;

pub use definition::{CategoryChange, ClassifierChange, Definition, DefinitionFault};
pub use report::{Difference, Measure, Metric, Report, Standing, Unit};
use serde::{Deserialize, Serialize};

use crate::decider::{Context, Decider};

/// Tickets that are named at most.
pub const MOST_NAMED: u32 = 100;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Somebody carries it out, or will.
    Running,
    /// It came to something.
    Done,
    /// It cannot come to anything.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// A run now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatIf {
    /// What is to be tried.
    pub definition: Definition,
    /// How many tickets are to be named.
    pub top: u32,
    /// Who asked for it, `kind:id`.
    pub asked_by: String,
    /// How far it is, in thousandths.
    pub progress: u32,
    /// Where it stands.
    pub phase: Phase,
}

/// What has happened to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum WhatIfEvent {
    /// It was asked for.
    Started {
        /// What is to be tried.
        definition: Definition,
        /// How many tickets are to be named.
        top: u32,
        /// Who asked for it, `kind:id`.
        asked_by: String,
    },
    /// So much of the log was read.
    Progressed {
        /// In thousandths.
        thousandths: u32,
    },
    /// It came to this.
    Finished {
        /// What.
        report: Box<Report>,
    },
    /// It cannot come to anything.
    Failed {
        /// Why, for programs.
        code: String,
        /// Of what: a category's key, a version; as it was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// Somebody stopped it.
    Cancelled {},
}

/// A wish about a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum WhatIfCommand {
    /// Ask for it.
    Start {
        /// What is to be tried: its end may be the moment of asking, which is another one when the wish is repeated.
        #[serde(skip)]
        definition: Box<Definition>,
        /// How many tickets are to be named.
        top: u32,
        /// What the client asked for, to tell a repetition from another wish.
        asked: String,
    },
    /// Note how far it is.
    Progress {
        /// In thousandths.
        thousandths: u32,
    },
    /// Note what it came to.
    Finish {
        /// What.
        report: Box<Report>,
    },
    /// Note that it cannot come to anything.
    Fail {
        /// Why, for programs.
        code: String,
        /// Of what.
        value: Option<String>,
    },
    /// Stop it.
    Cancel,
}

/// A rule that forbids a wish about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WhatIfRefusal {
    /// Nothing has this id.
    #[error("there is no such run")]
    NotFound,
    /// A run begins once.
    #[error("the run is there already")]
    AlreadyStarted,
    /// What is over cannot be stopped.
    #[error("the run is over already")]
    Over,
    /// Rules alone do not say which points mean which priority, and nothing else here does.
    #[error("there are no classification rules to take the thresholds from: give them too")]
    ThresholdsNeeded,
}

impl Decider for WhatIf {
    type Command = WhatIfCommand;
    type Event = WhatIfEvent;
    type Refusal = WhatIfRefusal;

    const CATEGORY: &'static str = "what_if";

    fn decide(
        state: Option<&Self>,
        command: &WhatIfCommand,
        context: &Context,
    ) -> Result<Vec<WhatIfEvent>, WhatIfRefusal> {
        match (state, command) {
            (None, WhatIfCommand::Start { definition, top, .. }) => Ok(vec![WhatIfEvent::Started {
                definition: definition.as_ref().clone(),
                top: *top,
                asked_by: context.actor.to_string(),
            }]),
            (None, _) => Err(WhatIfRefusal::NotFound),
            (Some(_), WhatIfCommand::Start { .. }) => Err(WhatIfRefusal::AlreadyStarted),
            (Some(it), command) => it.decide_on(command),
        }
    }

    fn evolve(state: Option<Self>, event: &WhatIfEvent) -> Option<Self> {
        if let WhatIfEvent::Started {
            definition,
            top,
            asked_by,
        } = event
        {
            return Some(Self {
                definition: definition.clone(),
                top: *top,
                asked_by: asked_by.clone(),
                progress: 0,
                phase: Phase::Running,
            });
        }
        let mut it = state?;
        match event {
            WhatIfEvent::Started { .. } => {}
            WhatIfEvent::Progressed { thousandths } => it.progress = *thousandths,
            WhatIfEvent::Finished { .. } => (it.phase, it.progress) = (Phase::Done, 1000),
            WhatIfEvent::Failed { .. } => it.phase = Phase::Failed,
            WhatIfEvent::Cancelled {} => it.phase = Phase::Cancelled,
        }
        Some(it)
    }
}

impl WhatIf {
    /// What comes after the end changes nothing: two servers may both have carried it out.
    fn decide_on(&self, command: &WhatIfCommand) -> Result<Vec<WhatIfEvent>, WhatIfRefusal> {
        if self.phase != Phase::Running {
            return match (command, self.phase) {
                (WhatIfCommand::Cancel, Phase::Done | Phase::Failed) => Err(WhatIfRefusal::Over),
                (WhatIfCommand::Start { .. }, _) => Err(WhatIfRefusal::AlreadyStarted),
                (
                    WhatIfCommand::Cancel
                    | WhatIfCommand::Progress { .. }
                    | WhatIfCommand::Finish { .. }
                    | WhatIfCommand::Fail { .. },
                    _,
                ) => Ok(vec![]),
            };
        }
        Ok(match command {
            WhatIfCommand::Start { .. } => return Err(WhatIfRefusal::AlreadyStarted),
            // After a crash it is read from the beginning; nobody is told that it goes back.
            WhatIfCommand::Progress { thousandths } if *thousandths <= self.progress => vec![],
            WhatIfCommand::Progress { thousandths } => vec![WhatIfEvent::Progressed {
                thousandths: (*thousandths).min(1000),
            }],
            WhatIfCommand::Finish { report } => vec![WhatIfEvent::Finished { report: report.clone() }],
            WhatIfCommand::Fail { code, value } => vec![WhatIfEvent::Failed {
                code: code.clone(),
                value: value.clone(),
            }],
            WhatIfCommand::Cancel => vec![WhatIfEvent::Cancelled {}],
        })
    }
}
