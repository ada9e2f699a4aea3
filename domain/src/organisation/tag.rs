use serde::{Deserialize, Serialize};

use super::{
    Definition, Identity, ItemRefusal, Kind,
    check::{Check, normal_key},
    definition::same_identity,
};

/// A word that things can be marked with. The word is the tag: another word is another tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The word; never changes but for its spelling.
    pub name: String,
    /// `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
}

impl Definition for Tag {
    const KIND: Kind = Kind::Tag;

    fn check(&mut self, check: &mut Check) {
        check.line("name", &mut self.name, 50);
        check.colour("colour", &mut self.colour);
    }

    fn identity(&self) -> Identity {
        Identity::Key(normal_key(&self.name))
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn may_follow(&self, former: &Self) -> Result<(), ItemRefusal> {
        same_identity(self, former, "name")
    }
}
