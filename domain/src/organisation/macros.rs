use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Category, Definition, Identity, Kind, Label, Reference, Rule, Template,
    check::{Check, normal_key},
};
use crate::values::{HoldReason, Priority, ResolutionReason};

/// Steps of a macro at most.
const MOST: usize = 20;

/// One step of a macro.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum MacroStep {
    /// Answer the customer.
    Reply {
        /// What to say.
        body: Template,
    },
    /// Tell colleagues.
    Note {
        /// What to say.
        body: Template,
    },
    /// Give the ticket to whoever runs the macro.
    Take {},
    /// Give the ticket to a team.
    Team {
        /// Which.
        team_id: Uuid,
    },
    /// Give it another priority.
    Prioritize {
        /// Which.
        priority: Priority,
    },
    /// Put it in a category.
    Categorize {
        /// Its key.
        category_key: String,
    },
    /// Mark it.
    Tag {
        /// With what.
        tag_id: Uuid,
    },
    /// Let it wait.
    Hold {
        /// For what.
        reason: HoldReason,
    },
    /// Declare its work done.
    Resolve {
        /// How it ended.
        reason: ResolutionReason,
    },
    /// Declare that nothing more will be done.
    Close {
        /// How it ended.
        reason: ResolutionReason,
    },
}

/// Steps that agents take at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Macro {
    /// What agents type for it; never changes.
    pub key: String,
    /// What people call it.
    pub name: Label,
    /// What it does, in this order.
    pub steps: Vec<MacroStep>,
    /// The team whose it is; `None` when all may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<Uuid>,
}

impl Definition for Macro {
    const KIND: Kind = Kind::Macro;

    fn check(&mut self, check: &mut Check) {
        check.word("key", &mut self.key);
        self.name.check(check, "name");
        match self.steps.len() {
            0 => check.flaw("steps", "", Rule::AtLeastOne),
            1..=MOST => check.within("steps", |check| {
                for (index, step) in self.steps.iter_mut().enumerate() {
                    check.within(&index.to_string(), |check| step.check(check));
                }
            }),
            many => check.flaw("steps", &many.to_string(), Rule::AtMost(MOST)),
        }
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
        let steps = self.steps.iter().enumerate().filter_map(|(index, step)| {
            let (kind, id) = match step {
                MacroStep::Team { team_id } => (Kind::Team, *team_id),
                MacroStep::Tag { tag_id } => (Kind::Tag, *tag_id),
                MacroStep::Categorize { category_key } => (Kind::Category, Category::id_of(category_key)),
                MacroStep::Reply { .. }
                | MacroStep::Note { .. }
                | MacroStep::Take {}
                | MacroStep::Prioritize { .. }
                | MacroStep::Hold { .. }
                | MacroStep::Resolve { .. }
                | MacroStep::Close { .. } => return None,
            };
            Some(Reference {
                field: "steps",
                index: Some(index),
                kind,
                id,
            })
        });
        steps.chain(Reference::to(Kind::Team, "teamId", self.team_id)).collect()
    }
}

impl MacroStep {
    fn check(&mut self, check: &mut Check) {
        match self {
            Self::Reply { body } | Self::Note { body } => body.check(check, "body"),
            Self::Categorize { category_key } => check.line("categoryKey", category_key, 100),
            Self::Take {}
            | Self::Team { .. }
            | Self::Prioritize { .. }
            | Self::Tag { .. }
            | Self::Hold { .. }
            | Self::Resolve { .. }
            | Self::Close { .. } => {}
        }
    }
}
