//! Tries that were refused for want of a right. Stream `denial-<id>`, an id derived from whoever tried: apart from what
//! was tried on, so that whoever pries makes nobody else's stream long.

use serde::{Deserialize, Serialize};

use crate::{
    access::Permission,
    decider::{Context, Decider},
};

/// Refused tries of one actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial;

/// What was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum DenialEvent {
    /// Somebody tried what they have no right to.
    Denied {
        /// The field of the API.
        operation: String,
        /// The right that was missing.
        permission: Permission,
    },
}

/// A wish about the record of refusals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum DenialCommand {
    /// Record a try.
    Deny {
        /// The field of the API.
        operation: String,
        /// The right that was missing.
        permission: Permission,
    },
}

/// Nothing forbids to record a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DenialRefusal {}

impl Decider for Denial {
    type Command = DenialCommand;
    type Event = DenialEvent;
    type Refusal = DenialRefusal;

    const CATEGORY: &'static str = "denial";

    fn decide(
        _state: Option<&Self>,
        command: &DenialCommand,
        _context: &Context,
    ) -> Result<Vec<DenialEvent>, DenialRefusal> {
        let DenialCommand::Deny { operation, permission } = command;
        Ok(vec![DenialEvent::Denied {
            operation: operation.clone(),
            permission: *permission,
        }])
    }

    fn evolve(_state: Option<Self>, event: &DenialEvent) -> Option<Self> {
        let DenialEvent::Denied { .. } = event;
        Some(Self)
    }
}
