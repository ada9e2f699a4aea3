use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Definition, Identity, Kind, Label, Reference, Template,
    check::{Check, normal_key},
};

/// A text that agents put into their answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CannedReply {
    /// What agents type for it: `password_reset`; never changes.
    pub key: String,
    /// What people call it.
    pub name: Label,
    /// The text, with places for what is known of the ticket.
    pub body: Template,
    /// The team whose it is; `None` when all may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<Uuid>,
}

impl Definition for CannedReply {
    const KIND: Kind = Kind::CannedReply;

    fn check(&mut self, check: &mut Check) {
        check.word("key", &mut self.key);
        self.name.check(check, "name");
        self.body.check(check, "body");
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
        Reference::to(Kind::Team, "teamId", self.team_id)
    }
}
