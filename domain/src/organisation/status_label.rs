use serde::{Deserialize, Serialize};

use super::{Definition, Identity, ItemRefusal, Kind, Label, check::Check};
use crate::ticket::StatusCategory;

/// The organisation's own word for one of the six fixed categories of status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusLabel {
    /// The word.
    pub label: Label,
    /// What it means; never changes.
    pub category: StatusCategory,
    /// Its place among the labels of its category, the least first.
    pub order: i32,
    /// Whether it is meant when only the category is known.
    #[serde(default)]
    pub is_default: bool,
}

impl Definition for StatusLabel {
    const KIND: Kind = Kind::StatusLabel;

    fn check(&mut self, check: &mut Check) {
        self.label.check(check, "label");
    }

    fn identity(&self) -> Identity {
        Identity::Command
    }

    fn name(&self) -> String {
        self.label.both()
    }

    fn may_follow(&self, former: &Self) -> Result<(), ItemRefusal> {
        if self.category == former.category {
            Ok(())
        } else {
            Err(ItemRefusal::Fixed("category"))
        }
    }
}
