//! The secret with which a customer's own backend vouches for the visitors of an inbox. Stream
//! `visitor_secret-<inbox id>`.
//!
//! The log has only the seed: the secret follows from it under a key of the vault, and is shown once.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decider::{Context, Decider};

#[cfg(test)]
mod tests;

/// A secret that another one has replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Former {
    /// What it follows from.
    pub seed: Uuid,
    /// After which it vouches for nobody.
    pub until: DateTime<Utc>,
}

/// What later decisions about an inbox's secret need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VisitorSecret {
    /// What it follows from; `None` when there is none.
    pub seed: Option<Uuid>,
    /// The one before it, when that still counts for a while.
    pub former: Option<Former>,
}

impl VisitorSecret {
    /// What the secrets follow from that count at that instant, the newest first.
    pub fn seeds(&self, at: DateTime<Utc>) -> impl Iterator<Item = Uuid> {
        let former = self.former.filter(|it| it.until > at).map(|it| it.seed);
        self.seed.into_iter().chain(former)
    }
}

/// What has happened to an inbox's secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum VisitorSecretEvent {
    /// There is one from now on, or another one.
    Issued {
        /// What it follows from, under a key of the vault.
        seed: Uuid,
        /// Until when the one before it counts as well; none when that counts no more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        former_until: Option<DateTime<Utc>>,
    },
    /// There is none any more.
    Revoked {},
}

/// A wish about an inbox's secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum VisitorSecretCommand {
    /// Make one, or another one.
    Issue {
        /// What it shall follow from.
        #[serde(skip)]
        seed: Uuid,
        /// Seconds for which the one before it counts as well.
        keep_former_s: u32,
    },
    /// Let none vouch any more.
    Revoke,
}

/// A rule that forbids a wish about an inbox's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VisitorSecretRefusal {
    /// There is nothing to vouch at.
    #[error("there is no such inbox")]
    InboxUnknown,
    /// Nobody visits an inbox that is out of use.
    #[error("the inbox is retired: restore it first")]
    InboxRetired,
}

impl Decider for VisitorSecret {
    type Command = VisitorSecretCommand;
    type Event = VisitorSecretEvent;
    type Refusal = VisitorSecretRefusal;

    const CATEGORY: &'static str = "visitor_secret";

    fn decide(
        state: Option<&Self>,
        command: &VisitorSecretCommand,
        context: &Context,
    ) -> Result<Vec<VisitorSecretEvent>, VisitorSecretRefusal> {
        let present = state.is_some_and(|it| it.seed.is_some());
        Ok(match command {
            VisitorSecretCommand::Issue { seed, keep_former_s } => {
                let keep = (present && *keep_former_s > 0).then(|| TimeDelta::seconds(i64::from(*keep_former_s)));
                vec![VisitorSecretEvent::Issued {
                    seed: *seed,
                    former_until: keep.map(|it| context.at + it),
                }]
            }
            VisitorSecretCommand::Revoke if present => vec![VisitorSecretEvent::Revoked {}],
            VisitorSecretCommand::Revoke => vec![],
        })
    }

    fn evolve(state: Option<Self>, event: &VisitorSecretEvent) -> Option<Self> {
        let before = state.unwrap_or_default();
        Some(match event {
            VisitorSecretEvent::Issued { seed, former_until } => Self {
                seed: Some(*seed),
                former: before
                    .seed
                    .zip(*former_until)
                    .map(|(seed, until)| Former { seed, until }),
            },
            VisitorSecretEvent::Revoked {} => Self::default(),
        })
    }
}
