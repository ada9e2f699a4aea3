//! What people decided about events that a read model could not apply: try again, or leave one out for good.
//!
//! Decisions are events, so that a rebuild leaves out the same ones, and so that it is known who did it and why.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    decider::{Context, Decider},
    ids::foreign,
};

/// The decisions about one read model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadModel {
    /// Positions of the events that it leaves out.
    pub skipped: BTreeSet<u64>,
}

impl ReadModel {
    /// The id in the name of the stream about the model of this name.
    pub fn id(name: &str) -> Uuid {
        foreign("letopis", "read_model", name)
    }
}

/// What was decided about a read model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ReadModelEvent {
    /// What waits is applied again.
    ParkedRetried {
        /// Name of the model.
        model: String,
        /// Only this stream id; all that wait when absent.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        stream_id: Option<Uuid>,
        /// Why.
        reason: String,
    },
    /// One event is left out for good, in rebuilds too; what waits behind it goes on.
    EventSkipped {
        /// Name of the model.
        model: String,
        /// Its place in the log.
        position: u64,
        /// The id in its stream's name.
        stream_id: Uuid,
        /// Why.
        reason: String,
    },
}

/// A wish about a read model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ReadModelCommand {
    /// Apply again what waits.
    RetryParked {
        /// Name of the model.
        model: String,
        /// Only this stream id.
        stream_id: Option<Uuid>,
        /// Why.
        reason: String,
    },
    /// Leave one event out.
    SkipEvent {
        /// Name of the model.
        model: String,
        /// Its place in the log.
        position: u64,
        /// The id in its stream's name.
        stream_id: Uuid,
        /// Why.
        reason: String,
    },
}

/// A rule that forbids the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadModelRefusal {
    /// Nobody could tell later why.
    #[error("the reason is empty: say why")]
    NoReason,
    /// The reason is no reason but a text.
    #[error("the reason has {0} characters: at most 500 are accepted")]
    LongReason(usize),
}

/// Characters of a reason at most.
const LONGEST: usize = 500;

impl Decider for ReadModel {
    type Command = ReadModelCommand;
    type Event = ReadModelEvent;
    type Refusal = ReadModelRefusal;

    const CATEGORY: &'static str = "read_model";

    fn decide(
        state: Option<&Self>,
        command: &ReadModelCommand,
        _context: &Context,
    ) -> Result<Vec<ReadModelEvent>, ReadModelRefusal> {
        match command.clone() {
            ReadModelCommand::RetryParked {
                model,
                stream_id,
                reason,
            } => Ok(vec![ReadModelEvent::ParkedRetried {
                model,
                stream_id,
                reason: said(&reason)?,
            }]),
            ReadModelCommand::SkipEvent { position, .. } if state.is_some_and(|it| it.skipped.contains(&position)) => {
                Ok(vec![])
            }
            ReadModelCommand::SkipEvent {
                model,
                position,
                stream_id,
                reason,
            } => Ok(vec![ReadModelEvent::EventSkipped {
                model,
                position,
                stream_id,
                reason: said(&reason)?,
            }]),
        }
    }

    fn evolve(state: Option<Self>, event: &ReadModelEvent) -> Option<Self> {
        let mut state = state.unwrap_or_default();
        match event {
            ReadModelEvent::ParkedRetried { .. } => {}
            ReadModelEvent::EventSkipped { position, .. } => {
                state.skipped.insert(*position);
            }
        }
        Some(state)
    }
}

fn said(reason: &str) -> Result<String, ReadModelRefusal> {
    let reason = reason.trim();
    match reason.chars().count() {
        0 => Err(ReadModelRefusal::NoReason),
        length if length > LONGEST => Err(ReadModelRefusal::LongReason(length)),
        _fits => Ok(reason.to_owned()),
    }
}

#[cfg(test)]
mod tests;
