//! Categories and priorities that a rule or a model chose, and what each choice rests on.

use serde::{Deserialize, Serialize};

use super::{Status, Ticket, TicketEvent};
use crate::{
    organisation::Label,
    values::{ClassifiedBy, Priority},
};

/// A rule that held, and what it gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRule {
    /// What people called it then.
    pub name: Label,
    /// By how much it made the ticket more urgent; 0 of a rule that named the category.
    #[serde(default)]
    pub points: i32,
}

/// What the choice of a rule or of a model rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounds {
    /// Version of the rules, or of the model.
    pub version: u64,
    /// Of rules: the sum of their points. Of a model: how sure it was, in thousandths.
    pub score: i32,
    /// The rules that held, in their order; none of a model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<HeldRule>,
}

/// Who chose something, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Who.
    pub by: ClassifiedBy,
    /// What it rests on; `None` of people.
    pub grounds: Option<Grounds>,
}

impl Chosen {
    /// By somebody who works here, or a program on their behalf.
    pub fn by_agent() -> Self {
        Self {
            by: ClassifiedBy::Agent,
            grounds: None,
        }
    }

    /// Whether it stands whatever rules and models say.
    pub fn stands(chosen: Option<&Self>) -> bool {
        chosen.is_some_and(|it| it.by == ClassifiedBy::Agent)
    }
}

/// What rules and models choose for a ticket. What is `None` is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// Key of the category, and why.
    pub category: Option<(String, Chosen)>,
    /// The priority, and why.
    pub priority: Option<(Priority, Chosen)>,
}

impl Ticket {
    /// Whether rules and models still have a say: work goes on, and people have not chosen both.
    pub fn is_open_to_rules(&self) -> bool {
        let chosen = Chosen::stands(self.category_chosen.as_ref()) && Chosen::stands(self.priority_chosen.as_ref());
        let over = matches!(self.status, Status::Resolved(_) | Status::Closed) || self.archived;
        !chosen && !over && self.merged_into.is_none()
    }

    /// What people chose stays; what was chosen for the same reasons before is not said again.
    pub(super) fn classify(&self, decision: &Decision) -> Vec<TicketEvent> {
        if !self.is_open_to_rules() {
            return Vec::new();
        }
        let mut events = Vec::new();
        if let Some((key, chosen)) = &decision.category
            && !Chosen::stands(self.category_chosen.as_ref())
        {
            let same = self.category.as_ref().is_some_and(|it| it.0 == *key);
            if !same || self.category_chosen.as_ref() != Some(chosen) {
                events.push(TicketEvent::Categorized {
                    category_id: Some(key.clone()),
                    subcategory_id: None,
                    by: chosen.by,
                    grounds: chosen.grounds.clone(),
                });
            }
        }
        if let Some((to, chosen)) = &decision.priority
            && !Chosen::stands(self.priority_chosen.as_ref())
            && (self.priority != *to || self.priority_chosen.as_ref() != Some(chosen))
        {
            events.push(TicketEvent::Prioritized {
                from: self.priority,
                to: *to,
                reason: None,
                by: Some(chosen.by),
                grounds: chosen.grounds.clone(),
            });
        }
        events
    }
}
