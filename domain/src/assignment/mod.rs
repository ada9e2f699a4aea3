//! Who owns a work item. Stream `assignment-<work item id>`, apart from the ticket's own, because owners change often
//! and by other rules than the work itself.

use serde::{Deserialize, Serialize};

use crate::{
    decider::{Context, Decider},
    ids::{AgentId, ContactId},
    personal::Personal,
    ticket::data_subject,
    values::AssignmentMode,
};

#[cfg(test)]
mod tests;

/// Who owns a work item now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// At most one agent.
    pub owner: Option<AgentId>,
}

/// What has happened to a work item's ownership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum AssignmentEvent {
    /// An agent owns it from now on.
    AgentAssigned {
        /// Who.
        agent_id: AgentId,
        /// How it came about.
        mode: AssignmentMode,
    },
    /// Nobody owns it any more.
    AgentUnassigned {
        /// Who owned it.
        agent_id: AgentId,
        /// Why, if told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<String>>,
    },
}

/// A wish about a work item's ownership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum AssignmentCommand {
    /// Make an agent its owner.
    Assign {
        /// Who.
        agent_id: AgentId,
        /// How it came about.
        mode: AssignmentMode,
    },
    /// Leave it without an owner.
    Unassign {
        /// Why.
        reason: Option<String>,
        /// The customer of the work item, with whom the reason is forgotten; for the handler to fill in.
        #[serde(skip)]
        customer: Option<ContactId>,
    },
}

/// A rule that forbids a wish about ownership: none yet, whoever may assign may assign anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssignmentRefusal {}

impl Decider for Assignment {
    type Command = AssignmentCommand;
    type Event = AssignmentEvent;
    type Refusal = AssignmentRefusal;

    const CATEGORY: &'static str = "assignment";

    fn decide(
        state: Option<&Self>,
        command: &AssignmentCommand,
        context: &Context,
    ) -> Result<Vec<AssignmentEvent>, AssignmentRefusal> {
        let owner = state.and_then(|it| it.owner);
        Ok(match (command, owner) {
            (AssignmentCommand::Assign { agent_id, .. }, Some(owner)) if *agent_id == owner => vec![],
            (AssignmentCommand::Assign { agent_id, mode }, _) => {
                vec![AssignmentEvent::AgentAssigned {
                    agent_id: *agent_id,
                    mode: *mode,
                }]
            }
            (AssignmentCommand::Unassign { .. }, None) => vec![],
            (AssignmentCommand::Unassign { reason, customer }, Some(agent_id)) => {
                let of = data_subject(*customer, context.id);
                vec![AssignmentEvent::AgentUnassigned {
                    agent_id,
                    reason: reason.clone().map(|it| Personal::new(of, it)),
                }]
            }
        })
    }

    fn evolve(_state: Option<Self>, event: &AssignmentEvent) -> Option<Self> {
        let owner = match event {
            AssignmentEvent::AgentAssigned { agent_id, .. } => Some(*agent_id),
            AssignmentEvent::AgentUnassigned { .. } => None,
        };
        Some(Self { owner })
    }
}
