use serde::{Deserialize, Serialize};

use super::{Checked, Definition};
use crate::decider::{Context, Decider};

/// One piece of configuration: its newest definition, and whether it is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<D> {
    /// How many events it has, from 1; the number of the newest revision or change of use.
    pub version: u64,
    /// What it says now.
    pub definition: D,
    /// Whether it is out of use: not to be chosen any more, still readable where it was.
    pub retired: bool,
}

/// What has happened to a piece of configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ItemEvent<D> {
    /// It exists from now on.
    Created {
        /// All it says.
        definition: D,
    },
    /// It says something else from now on.
    Revised {
        /// Its version from now on.
        version: u64,
        /// All it says, what did not change included.
        definition: D,
    },
    /// It is out of use.
    Retired {},
    /// It is in use again.
    Restored {},
}

/// A wish about a piece of configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ItemCommand<D> {
    /// Make it.
    Create {
        /// All it says.
        definition: Checked<D>,
    },
    /// Let it say this instead.
    Revise {
        /// All it says.
        definition: Checked<D>,
    },
    /// Take it out of use.
    Retire,
    /// Use it again.
    Restore,
}

/// A rule that forbids a wish about configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ItemRefusal {
    /// Nothing has this id.
    #[error("there is no such thing")]
    NotFound,
    /// Its key is taken, or it was created by another wish.
    #[error("there is one with this key already: revise it, or choose another key")]
    Exists,
    /// Its key is taken by one that is out of use.
    #[error("there is one with this key already, and it is retired: restore it, or choose another key")]
    ExistsRetired,
    /// It is out of use.
    #[error("it is retired: restore it first")]
    Retired,
    /// What its id follows from, or what others have relied on, never changes.
    #[error("{0} never changes: retire this one and create another")]
    Fixed(&'static str),
    /// It points at something that is not there.
    #[error("{field}: there is no such {kind}, or it is retired: choose another")]
    ReferenceUnknown {
        /// The field, as the API calls it.
        field: &'static str,
        /// Place in the field's list, if it is one.
        index: Option<usize>,
        /// What should be there.
        kind: super::Kind,
    },
    /// It would be above itself.
    #[error("{0} lies under this one: choose another, or none")]
    Circular(&'static str),
    /// Trees this deep cannot be shown.
    #[error("{0}: at most 8 levels are possible: choose one nearer to the top")]
    TooDeep(&'static str),
    /// What cannot be undone is tried before.
    #[error("{0}: nothing is done for good that was not tried: save the same with dryRun first")]
    DryRunFirst(&'static str),
}

impl<D: Definition> Decider for Item<D> {
    type Command = ItemCommand<D>;
    type Event = ItemEvent<D>;
    type Refusal = ItemRefusal;

    const CATEGORY: &'static str = D::KIND.as_str();

    fn decide(
        state: Option<&Self>,
        command: &ItemCommand<D>,
        _context: &Context,
    ) -> Result<Vec<ItemEvent<D>>, ItemRefusal> {
        let definition = |it: &Checked<D>| it.as_ref().clone();
        match (command, state) {
            (ItemCommand::Create { definition: it }, None) => Ok(vec![ItemEvent::Created {
                definition: definition(it),
            }]),
            (ItemCommand::Create { .. }, Some(item)) if item.retired => Err(ItemRefusal::ExistsRetired),
            (ItemCommand::Create { .. }, Some(_)) => Err(ItemRefusal::Exists),
            (ItemCommand::Revise { .. } | ItemCommand::Retire | ItemCommand::Restore, None) => {
                Err(ItemRefusal::NotFound)
            }
            (ItemCommand::Revise { definition: it }, Some(item)) if *it.as_ref() == item.definition => Ok(vec![]),
            (ItemCommand::Revise { .. }, Some(item)) if item.retired => Err(ItemRefusal::Retired),
            (ItemCommand::Revise { definition: it }, Some(item)) => {
                it.as_ref().may_follow(&item.definition)?;
                Ok(vec![ItemEvent::Revised {
                    version: item.version + 1,
                    definition: definition(it),
                }])
            }
            (ItemCommand::Retire, Some(item)) if item.retired => Ok(vec![]),
            (ItemCommand::Retire, Some(_)) => Ok(vec![ItemEvent::Retired {}]),
            (ItemCommand::Restore, Some(item)) if item.retired => Ok(vec![ItemEvent::Restored {}]),
            (ItemCommand::Restore, Some(_)) => Ok(vec![]),
        }
    }

    fn evolve(state: Option<Self>, event: &ItemEvent<D>) -> Option<Self> {
        let used = |item: Self, retired| Self {
            version: item.version + 1,
            retired,
            ..item
        };
        match (event, state) {
            (ItemEvent::Created { definition }, _) => Some(Self {
                version: 1,
                definition: definition.clone(),
                retired: false,
            }),
            (ItemEvent::Revised { version, definition }, Some(item)) => Some(Self {
                version: *version,
                definition: definition.clone(),
                retired: item.retired,
            }),
            (ItemEvent::Retired {}, Some(item)) => Some(used(item, true)),
            (ItemEvent::Restored {}, Some(item)) => Some(used(item, false)),
            (ItemEvent::Revised { .. } | ItemEvent::Retired {} | ItemEvent::Restored {}, None) => None,
        }
    }
}
