//! One value, one owner, over all streams: a claim is taken before the event that needs it.
//!
//! Streams cannot guard each other, so what must be unique (a contact's handle, a user's e-mail address) has a stream of
//! its own, named by a hash of the value. Deliberately absent: the value itself, and who asks the owner.

use std::{fmt, marker::PhantomData};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decider::{Context, Decider};

/// How long a claim counts by itself. After that it counts only if its owner really has the value: whoever took it may
/// have crashed before the event that needs it. Longer than any append takes.
pub const PATIENCE: TimeDelta = TimeDelta::minutes(3);

/// What can be claimed: names the streams of its claims.
pub trait ClaimKind: fmt::Debug + Clone + PartialEq + Eq + Send + Sync + 'static {
    /// First part of the streams' names: `claim_` and the kind, snake case, without dashes.
    const CATEGORY: &'static str;
}

/// Handles of contacts: an e-mail address, a phone number and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactHandle {}

impl ClaimKind for ContactHandle {
    const CATEGORY: &'static str = "claim_contact_handle";
}

/// Addresses that people who work here sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserEmail {}

impl ClaimKind for UserEmail {
    const CATEGORY: &'static str = "claim_user_email";
}

/// Accounts elsewhere: an issuer, and whom it means by a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAccount {}

impl ClaimKind for UserAccount {
    const CATEGORY: &'static str = "claim_user_account";
}

/// Names of saved views, each with who sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewName {}

impl ClaimKind for ViewName {
    const CATEGORY: &'static str = "claim_view_name";
}

/// A claim that somebody holds; free when there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<K> {
    /// Id of the aggregate that holds it.
    pub owner: Uuid,
    /// Until when it counts by itself, UTC.
    pub confirm_by: DateTime<Utc>,
    kind: PhantomData<K>,
}

/// What has happened to a claim, of whatever kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ClaimEvent {
    /// Somebody holds it from now on.
    Taken {
        /// Id of the aggregate that does.
        owner: Uuid,
        /// Until when it counts although the owner does not have the value yet.
        confirm_by: DateTime<Utc>,
    },
    /// Nobody holds it.
    Released {
        /// Id of the aggregate that did.
        owner: Uuid,
    },
}

/// A wish about a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ClaimCommand {
    /// Hold it.
    Take {
        /// Id of the aggregate that wants it.
        owner: Uuid,
        /// The holder that was asked and does not have the value, if one was.
        without_value: Option<Uuid>,
    },
    /// Hold it no longer.
    Release {
        /// Id of the aggregate that gives it up.
        owner: Uuid,
    },
}

/// The rule of claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRefusal {
    /// Another holds it.
    #[error("it is claimed by {owner}")]
    Held {
        /// Id of the aggregate that does.
        owner: Uuid,
        /// Until when it counts by itself.
        confirm_by: DateTime<Utc>,
    },
}

impl<K: ClaimKind> Decider for Claim<K> {
    type Command = ClaimCommand;
    type Event = ClaimEvent;
    type Refusal = ClaimRefusal;

    const CATEGORY: &'static str = K::CATEGORY;

    fn decide(
        state: Option<&Self>,
        command: &ClaimCommand,
        context: &Context,
    ) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        match (state, command) {
            (None, ClaimCommand::Take { owner, .. }) => Ok(vec![taken(*owner, context.at)]),
            (Some(claim), ClaimCommand::Take { owner, without_value }) => {
                claim.take(*owner, *without_value, context.at)
            }
            (Some(claim), ClaimCommand::Release { owner }) if claim.owner == *owner => {
                Ok(vec![ClaimEvent::Released { owner: *owner }])
            }
            (Some(_) | None, ClaimCommand::Release { .. }) => Ok(vec![]),
        }
    }

    fn evolve(_state: Option<Self>, event: &ClaimEvent) -> Option<Self> {
        match event {
            ClaimEvent::Taken { owner, confirm_by } => Some(Self {
                owner: *owner,
                confirm_by: *confirm_by,
                kind: PhantomData,
            }),
            ClaimEvent::Released { .. } => None,
        }
    }
}

impl<K> Claim<K> {
    fn take(
        &self,
        owner: Uuid,
        without_value: Option<Uuid>,
        at: DateTime<Utc>,
    ) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        // An own claim is renewed well before another may take it over, so that the append to come is covered.
        let fresh = at + PATIENCE / 2 <= self.confirm_by;
        let abandoned = without_value == Some(self.owner) && self.confirm_by < at;
        if self.owner == owner && fresh {
            Ok(vec![])
        } else if self.owner == owner || abandoned {
            Ok(vec![taken(owner, at)])
        } else {
            Err(ClaimRefusal::Held {
                owner: self.owner,
                confirm_by: self.confirm_by,
            })
        }
    }
}

fn taken(owner: Uuid, at: DateTime<Utc>) -> ClaimEvent {
    ClaimEvent::Taken {
        owner,
        confirm_by: at + PATIENCE,
    }
}

#[cfg(test)]
mod tests;
