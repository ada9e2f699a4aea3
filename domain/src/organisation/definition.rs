use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{ItemRefusal, Kind, check::Check};
use crate::ids::{CommandId, keyed, singleton};

/// What the id of an item follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The command that creates it: names may repeat and change.
    Command,
    /// Its key, in its normal form: two wishes for the same key are wishes for the same item, whoever has them and
    /// wherever they arrive, so the log itself keeps keys unique.
    Key(String),
    /// There is only one of its kind.
    Only,
}

/// Another item that a definition points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The field, as the API calls it.
    pub field: &'static str,
    /// Place in the field's list, if it is one.
    pub index: Option<usize>,
    /// Of what kind the other is.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
}

impl Reference {
    /// Of a field that points at one thing, if at any.
    pub(super) fn to(kind: Kind, field: &'static str, id: Option<Uuid>) -> Vec<Self> {
        let reference = |id| Self {
            field,
            index: None,
            kind,
            id,
        };
        id.map(reference).into_iter().collect()
    }
}

/// Refuses another id; `fixed` is the field it follows from.
pub(super) fn same_identity<D: Definition>(next: &D, former: &D, fixed: &'static str) -> Result<(), ItemRefusal> {
    if next.identity() == former.identity() {
        Ok(())
    } else {
        Err(ItemRefusal::Fixed(fixed))
    }
}

/// All that one kind of configuration says. Plain data: what is stored once is read for ever, whatever the rules become.
pub trait Definition: Debug + Clone + Eq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind.
    const KIND: Kind;

    /// Puts everything in its usual spelling, and notes what is not acceptable.
    fn check(&mut self, check: &mut Check);

    /// What its id follows from.
    fn identity(&self) -> Identity;

    /// For lists: what people call it; in both languages when it has names in both.
    fn name(&self) -> String;

    /// For lists: the text that other things know it by, if there is one.
    fn key(&self) -> Option<&str> {
        None
    }

    /// The items that it points at.
    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    /// The item of the same kind right above it, and the field that says so.
    fn parent(&self) -> Option<(&'static str, Uuid)> {
        None
    }

    /// Whether it may take the place of `former`.
    ///
    /// # Errors
    /// [`ItemRefusal::Fixed`] when it changes what never changes.
    fn may_follow(&self, former: &Self) -> Result<(), ItemRefusal> {
        same_identity(self, former, "key")
    }

    /// The id of the item that `command` creates with this definition.
    fn id(&self, command: CommandId) -> Uuid {
        let category = Self::KIND.as_str();
        match self.identity() {
            Identity::Command => command.creates(category),
            Identity::Key(key) => keyed(category, &key),
            Identity::Only => singleton(category),
        }
    }
}
