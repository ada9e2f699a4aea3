use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Place;

/// Where in the organisation a ticket belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TicketPlace {
    /// The inbox it came through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_id: Option<Uuid>,
    /// The branch that answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_id: Option<Uuid>,
    /// The team that works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<Uuid>,
}

impl TicketPlace {
    /// Whether it says nothing.
    pub fn is_nowhere(&self) -> bool {
        *self == Self::default()
    }

    /// As rights see it, for the ticket of a customer.
    pub fn of(self, contact: Option<Uuid>) -> Place {
        Place {
            branch: self.branch_id,
            team: self.team_id,
            inbox: self.inbox_id,
            contact,
        }
    }
}
