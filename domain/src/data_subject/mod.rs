//! A person whose data are kept, as far as forgetting goes; the keys themselves lie in the vault. Stream `subject-<id>`, the
//! id of a contact, a user, or a ticket whose customer is not known.
//!
//! What is said of a person here, why they ask and why they are held, is theirs too and is forgotten with them; the ground
//! in law and the instants stay.

mod event;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
pub use event::{Cleared, DataSubjectEvent, Ground};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    decider::{Context, Decider},
    personal::{DataSubject, Personal},
};

/// What is to become of a person's data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgetting {
    /// When they are to be erased, if somebody asked for it.
    pub due: Option<DateTime<Utc>>,
    /// What forbids it: ids of legal holds, with the instant at which each ends by itself.
    pub holds: BTreeMap<Uuid, Option<DateTime<Utc>>>,
    /// Whether their key was destroyed.
    pub destroyed: bool,
}

/// A wish about a person's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum DataSubjectCommand {
    /// Erase them, after a time in which that can be taken back.
    RequestErasure {
        /// By what right.
        ground: Ground,
        /// More about it, in words.
        note: Option<String>,
        /// Not before this instant; `None` when the time is up in which people may object.
        execute_after: Option<DateTime<Utc>>,
        /// How many days that is.
        waiting_days: u32,
    },
    /// Do not erase them after all.
    CancelErasure {
        /// Why.
        reason: String,
    },
    /// Let nobody erase them, for a court or an authority wants them.
    PlaceHold {
        /// Names the hold.
        hold_id: Uuid,
        /// Why.
        reason: String,
        /// The hold ends by itself at this instant.
        until: Option<DateTime<Utc>>,
    },
    /// A hold is over.
    LiftHold {
        /// Which.
        hold_id: Uuid,
        /// Why.
        reason: String,
    },
    /// Forget them now: when a request is due, or because who runs the system says so.
    DestroyKey {
        /// Of the key that goes.
        key_fingerprint: String,
        /// Only if a request is due.
        if_due: bool,
    },
    /// Record what a search for remains found.
    Certify {
        /// Where was looked, and what was left there.
        cleared: Vec<Cleared>,
    },
}

/// A rule that forbids a wish about a person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DataSubjectRefusal {
    /// Nothing is kept under this id.
    #[error("no personal data is kept of such a person")]
    Unknown,
    /// Who works here is not erased while they do.
    #[error("the account is in use: suspend it first")]
    AtWork,
    /// There is nothing left to be erased.
    #[error("the person's data was erased already")]
    AlreadyErased,
    /// One request at a time.
    #[error("erasure was asked for already: it is due at {0}")]
    AlreadyRequested(DateTime<Utc>),
    /// There is nothing to be taken back.
    #[error("nobody asked for erasure, or it was cancelled")]
    NotRequested,
    /// Somebody may still take it back.
    #[error("erasure is due at {0}, not before")]
    NotDue(DateTime<Utc>),
    /// A court or an authority wants the data.
    #[error("the person's data is under {0} legal holds: lift them first")]
    Held(usize),
    /// There is no such hold, or it was lifted.
    #[error("there is no such legal hold, or it was lifted")]
    NoSuchHold,
    /// A hold that is over before it begins.
    #[error("the hold would end in the past: give a later instant, or none")]
    HoldEnded,
    /// What is there is not certified to be gone.
    #[error("the person's data was not erased")]
    NotErased,
}

impl Forgetting {
    /// How many holds forbid erasure at an instant.
    pub fn held(&self, at: DateTime<Utc>) -> usize {
        self.holds
            .values()
            .filter(|until| until.is_none_or(|it| it > at))
            .count()
    }
}

impl Decider for Forgetting {
    type Command = DataSubjectCommand;
    type Event = DataSubjectEvent;
    type Refusal = DataSubjectRefusal;

    const CATEGORY: &'static str = "subject";

    fn decide(
        state: Option<&Self>,
        command: &DataSubjectCommand,
        context: &Context,
    ) -> Result<Vec<DataSubjectEvent>, DataSubjectRefusal> {
        let unborn = Self::default();
        let now = state.unwrap_or(&unborn);
        let theirs = |text: &String| Personal::new(DataSubject(context.id), text.clone());
        match command {
            DataSubjectCommand::DestroyKey {
                key_fingerprint,
                if_due,
            } => now.destroy(key_fingerprint, *if_due, context),
            DataSubjectCommand::Certify { cleared } if now.destroyed => Ok(vec![DataSubjectEvent::ErasureVerified {
                cleared: cleared.clone(),
            }]),
            DataSubjectCommand::Certify { .. } => Err(DataSubjectRefusal::NotErased),
            _ if now.destroyed => Err(DataSubjectRefusal::AlreadyErased),
            DataSubjectCommand::RequestErasure {
                ground,
                note,
                execute_after,
                waiting_days,
            } => match now.due {
                Some(due) => Err(DataSubjectRefusal::AlreadyRequested(due)),
                None if now.held(context.at) > 0 => Err(DataSubjectRefusal::Held(now.held(context.at))),
                None => Ok(vec![DataSubjectEvent::ErasureRequested {
                    ground: *ground,
                    note: note.as_ref().map(theirs),
                    execute_after: execute_after.unwrap_or(context.at + TimeDelta::days((*waiting_days).into())),
                }]),
            },
            DataSubjectCommand::CancelErasure { .. } if now.due.is_none() => Err(DataSubjectRefusal::NotRequested),
            DataSubjectCommand::CancelErasure { reason } => {
                Ok(vec![DataSubjectEvent::ErasureCancelled { reason: theirs(reason) }])
            }
            DataSubjectCommand::PlaceHold { hold_id, .. } if now.holds.contains_key(hold_id) => Ok(vec![]),
            DataSubjectCommand::PlaceHold { until: Some(until), .. } if *until <= context.at => {
                Err(DataSubjectRefusal::HoldEnded)
            }
            DataSubjectCommand::PlaceHold { hold_id, reason, until } => Ok(vec![DataSubjectEvent::LegalHoldPlaced {
                hold_id: *hold_id,
                reason: theirs(reason),
                until: *until,
            }]),
            DataSubjectCommand::LiftHold { hold_id, .. } if !now.holds.contains_key(hold_id) => {
                Err(DataSubjectRefusal::NoSuchHold)
            }
            DataSubjectCommand::LiftHold { hold_id, reason } => Ok(vec![DataSubjectEvent::LegalHoldLifted {
                hold_id: *hold_id,
                reason: theirs(reason),
            }]),
        }
    }

    fn evolve(state: Option<Self>, event: &DataSubjectEvent) -> Option<Self> {
        let mut now = state.unwrap_or_default();
        match event {
            DataSubjectEvent::ErasureRequested { execute_after, .. } => now.due = Some(*execute_after),
            DataSubjectEvent::ErasureCancelled { .. } => now.due = None,
            DataSubjectEvent::LegalHoldPlaced { hold_id, until, .. } => {
                now.holds.insert(*hold_id, *until);
            }
            DataSubjectEvent::LegalHoldLifted { hold_id, .. } => {
                now.holds.remove(hold_id);
            }
            DataSubjectEvent::KeyDestroyed { .. } => {
                now.destroyed = true;
                now.due = None;
            }
            DataSubjectEvent::ErasureVerified { .. } => {}
        }
        Some(now)
    }
}

impl Forgetting {
    fn destroy(
        &self,
        key_fingerprint: &str,
        if_due: bool,
        context: &Context,
    ) -> Result<Vec<DataSubjectEvent>, DataSubjectRefusal> {
        if self.destroyed {
            return Ok(vec![]);
        }
        let held = self.held(context.at);
        if held > 0 {
            return Err(DataSubjectRefusal::Held(held));
        }
        match self.due {
            None if if_due => Err(DataSubjectRefusal::NotRequested),
            Some(due) if if_due && due > context.at => Err(DataSubjectRefusal::NotDue(due)),
            Some(_) | None => Ok(vec![DataSubjectEvent::KeyDestroyed {
                key_fingerprint: key_fingerprint.to_owned(),
            }]),
        }
    }
}

#[cfg(test)]
mod tests;
