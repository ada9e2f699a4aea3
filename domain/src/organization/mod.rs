//! A company or authority that customers belong to. Stream `organization-<id>`; each revision is whole.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    contact::{Name, Note},
    decider::{Context, Decider},
    values::{HandleError, host},
};

/// Domains of one organization at most.
pub const DOMAINS: usize = 100;

/// What an organization is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// What it is called.
    pub name: String,
    /// Domains of its e-mail addresses in punycode, each once, in order.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub domains: BTreeSet<String>,
    /// What staff should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Definition {
    /// Checks the domains and gives each its one spelling.
    ///
    /// # Errors
    /// [`HandleError`] of the first domain that is none.
    pub fn try_new(name: &Name, domains: &[String], note: Option<&Note>) -> Result<Self, HandleError> {
        Ok(Self {
            name: name.as_str().to_owned(),
            domains: domains.iter().map(|it| host(it)).collect::<Result<_, _>>()?,
            note: note.map(|it| it.as_str().to_owned()),
        })
    }
}

/// An organization now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// What it is.
    pub definition: Definition,
    /// How many times it was defined, from 1.
    pub revision: u32,
    /// Whether nobody is put in it any more.
    pub retired: bool,
}

/// What has happened to an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum OrganizationEvent {
    /// It exists from now on.
    Created {
        /// What it is.
        definition: Definition,
    },
    /// It is something else from now on.
    Revised {
        /// How many times it has been defined now, from 2.
        revision: u32,
        /// What it is.
        definition: Definition,
    },
    /// Nobody is put in it any more; it stays readable where it was used.
    Retired {},
}

/// A wish about an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum OrganizationCommand {
    /// Bring it into being.
    Create {
        /// What it is.
        definition: Definition,
    },
    /// Define it anew.
    Revise {
        /// What it is.
        definition: Definition,
    },
    /// Put nobody in it any more.
    Retire,
}

/// A rule that forbids a wish about an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrganizationRefusal {
    /// There is no such organization.
    #[error("there is no such organization")]
    NotFound,
    /// An organization is created once.
    #[error("the organization is there already")]
    AlreadyCreated,
    /// What is retired stays as it is.
    #[error("the organization is retired: create another")]
    Retired,
}

impl Decider for Organization {
    type Command = OrganizationCommand;
    type Event = OrganizationEvent;
    type Refusal = OrganizationRefusal;

    const CATEGORY: &'static str = "organization";

    fn decide(
        state: Option<&Self>,
        command: &OrganizationCommand,
        _context: &Context,
    ) -> Result<Vec<OrganizationEvent>, OrganizationRefusal> {
        match (state, command) {
            (None, OrganizationCommand::Create { definition }) => Ok(vec![OrganizationEvent::Created {
                definition: definition.clone(),
            }]),
            (None, OrganizationCommand::Revise { .. } | OrganizationCommand::Retire) => {
                Err(OrganizationRefusal::NotFound)
            }
            (Some(_), OrganizationCommand::Create { .. }) => Err(OrganizationRefusal::AlreadyCreated),
            (Some(it), OrganizationCommand::Retire) if it.retired => Ok(vec![]),
            (Some(_), OrganizationCommand::Retire) => Ok(vec![OrganizationEvent::Retired {}]),
            (Some(it), OrganizationCommand::Revise { .. }) if it.retired => Err(OrganizationRefusal::Retired),
            (Some(it), OrganizationCommand::Revise { definition }) if it.definition == *definition => Ok(vec![]),
            (Some(it), OrganizationCommand::Revise { definition }) => Ok(vec![OrganizationEvent::Revised {
                revision: it.revision.saturating_add(1),
                definition: definition.clone(),
            }]),
        }
    }

    fn evolve(state: Option<Self>, event: &OrganizationEvent) -> Option<Self> {
        match event {
            OrganizationEvent::Created { definition } => Some(Self {
                definition: definition.clone(),
                revision: 1,
                retired: false,
            }),
            OrganizationEvent::Revised { revision, definition } => state.map(|it| Self {
                definition: definition.clone(),
                revision: *revision,
                ..it
            }),
            OrganizationEvent::Retired {} => state.map(|it| Self { retired: true, ..it }),
        }
    }
}

#[cfg(test)]
mod tests;
