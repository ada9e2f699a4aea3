//! Saved views of tickets: a filter, an order and columns under a name. Stream `view-<id>`; each revision is whole.
//!
//! Filter and order are kept as the API has them, since they are given back to it as they came; whoever writes one has
//! checked that it reads. Deliberately absent: which tickets a view shows, and how many.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    decider::{Context, Decider},
    ids::AgentId,
};

#[cfg(test)]
mod tests;

/// Who sees a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Audience {
    /// One person.
    Own(AgentId),
    /// Those who work in a team.
    Team(Uuid),
    /// Everybody who works here.
    Shared,
}

/// What a view is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// What it is called, 1 to 100 characters in one line.
    pub name: String,
    /// Who sees it.
    pub audience: Audience,
    /// Which tickets, as the API's filter: a JSON object.
    pub filter: Value,
    /// In which order, as the API's: a JSON list.
    pub order: Value,
    /// Names of the columns that a screen shows, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Name of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Where it stands among others, the least first; `None` behind those that say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i32>,
}

impl Definition {
    /// What no two views in use may share: who sees them, and their names whatever the capitals.
    pub fn claim(&self) -> String {
        let audience = match self.audience {
            Audience::Own(user) => format!("own:{user}"),
            Audience::Team(team) => format!("team:{team}"),
            Audience::Shared => "shared".to_owned(),
        };
        format!("{audience}\n{}", self.name.to_lowercase())
    }
}

/// A view now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// What it is.
    pub definition: Definition,
    /// How many times it was defined, from 1.
    pub revision: u32,
    /// Whether nobody sees it any more.
    pub retired: bool,
}

/// What has happened to a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ViewEvent {
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
    /// Nobody sees it any more.
    Retired {},
    /// It is seen again.
    Restored {},
}

/// A wish about a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ViewCommand {
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
    /// Let nobody see it any more.
    Retire,
    /// Let it be seen again.
    Restore,
}

/// A rule that forbids a wish about a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ViewRefusal {
    /// There is no such view, or it is not the asker's to see.
    #[error("there is no such view")]
    NotFound,
    /// A view is created once.
    #[error("the view is there already")]
    AlreadyCreated,
    /// What is retired stays as it is.
    #[error("the view is retired: restore it first")]
    Retired,
    /// Nobody finds their way among views of one name.
    #[error("a view with this name is there already: choose another name")]
    NameTaken,
    /// Own views belong to people.
    #[error("a view of one's own belongs to a person: share it, or sign in as somebody")]
    NotAPerson,
    /// A team that is not there sees nothing.
    #[error("there is no such team, or it is retired")]
    TeamUnknown,
}

impl Decider for View {
    type Command = ViewCommand;
    type Event = ViewEvent;
    type Refusal = ViewRefusal;

    const CATEGORY: &'static str = "view";

    fn decide(state: Option<&Self>, command: &ViewCommand, _context: &Context) -> Result<Vec<ViewEvent>, ViewRefusal> {
        match (state, command) {
            (None, ViewCommand::Create { definition }) => Ok(vec![ViewEvent::Created {
                definition: definition.clone(),
            }]),
            (None, ViewCommand::Revise { .. } | ViewCommand::Retire | ViewCommand::Restore) => {
                Err(ViewRefusal::NotFound)
            }
            (Some(_), ViewCommand::Create { .. }) => Err(ViewRefusal::AlreadyCreated),
            (Some(it), ViewCommand::Retire) if it.retired => Ok(vec![]),
            (Some(_), ViewCommand::Retire) => Ok(vec![ViewEvent::Retired {}]),
            (Some(it), ViewCommand::Restore) if it.retired => Ok(vec![ViewEvent::Restored {}]),
            (Some(_), ViewCommand::Restore) => Ok(vec![]),
            (Some(it), ViewCommand::Revise { .. }) if it.retired => Err(ViewRefusal::Retired),
            (Some(it), ViewCommand::Revise { definition }) if it.definition == *definition => Ok(vec![]),
            (Some(it), ViewCommand::Revise { definition }) => Ok(vec![ViewEvent::Revised {
                revision: it.revision.saturating_add(1),
                definition: definition.clone(),
            }]),
        }
    }

    fn evolve(state: Option<Self>, event: &ViewEvent) -> Option<Self> {
        match event {
            ViewEvent::Created { definition } => Some(Self {
                definition: definition.clone(),
                revision: 1,
                retired: false,
            }),
            ViewEvent::Revised { revision, definition } => state.map(|it| Self {
                definition: definition.clone(),
                revision: *revision,
                ..it
            }),
            ViewEvent::Retired {} => state.map(|it| Self { retired: true, ..it }),
            ViewEvent::Restored {} => state.map(|it| Self { retired: false, ..it }),
        }
    }
}
