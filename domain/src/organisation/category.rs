use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Definition, Identity, Kind, Label, Reference,
    check::{Check, DESCRIPTION, NAME, normal_key},
};
use crate::ids::keyed;

/// To whom tickets of a category are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum AssignTo {
    /// To a team.
    Team(Uuid),
    /// To an agent.
    Agent(Uuid),
}

/// What a ticket is about, in the organisation's own terms.
///
/// Tickets carry the key alone, and may carry keys that no category has: imports bring their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// The text that tickets carry; never changes but for its spelling.
    pub key: String,
    /// What people call it.
    pub name: Label,
    /// What belongs in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Name of a picture, or a picture character; what it means is up to frontends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Key of the wider category it lies under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_key: Option<String>,
    /// To whom its tickets are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign_to: Option<AssignTo>,
}

impl Category {
    /// The id of the category with this key, whether there is one or not.
    pub fn id_of(key: &str) -> Uuid {
        keyed(Kind::Category.as_str(), &normal_key(key))
    }
}

impl Definition for Category {
    const KIND: Kind = Kind::Category;

    fn check(&mut self, check: &mut Check) {
        check.line("key", &mut self.key, 100);
        self.name.check(check, "name");
        check.text("description", &mut self.description, DESCRIPTION);
        check.optional_line("icon", &mut self.icon, NAME);
        check.optional_line("parentKey", &mut self.parent_key, 100);
    }

    fn identity(&self) -> Identity {
        Identity::Key(normal_key(&self.key))
    }

    fn name(&self) -> String {
        self.name.both()
    }

    fn key(&self) -> Option<&str> {
        Some(&self.key)
    }

    fn references(&self) -> Vec<Reference> {
        let parent = self.parent_key.as_deref().map(Self::id_of);
        let team = match self.assign_to {
            Some(AssignTo::Team(id)) => Some(id),
            // Who works here is not configuration.
            Some(AssignTo::Agent(_)) | None => None,
        };
        let parent = Reference::to(Kind::Category, "parentKey", parent);
        let team = Reference::to(Kind::Team, "assignToTeamId", team);
        [parent, team].concat()
    }

    fn parent(&self) -> Option<(&'static str, Uuid)> {
        self.parent_key.as_deref().map(|it| ("parentKey", Self::id_of(it)))
    }
}
