use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Definition, Identity, Kind, Reference,
    check::{Check, DESCRIPTION, NAME},
};

/// People who work on the same things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// What people call it.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The branch it belongs to; `None` when it works across branches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_id: Option<Uuid>,
}

impl Definition for Team {
    const KIND: Kind = Kind::Team;

    fn check(&mut self, check: &mut Check) {
        check.line("name", &mut self.name, NAME);
        check.text("description", &mut self.description, DESCRIPTION);
    }

    fn identity(&self) -> Identity {
        Identity::Command
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn references(&self) -> Vec<Reference> {
        Reference::to(Kind::Branch, "branchId", self.branch_id)
    }
}
