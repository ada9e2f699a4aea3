//! The views that come with the program: the same for everybody, told in the language of whoever asks.

use domain::{decider::Decider, ids::keyed};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::problem::Language;

/// A view that comes with the program.
#[derive(Debug, Clone, Copy)]
pub(super) struct BuiltIn {
    /// Its id follows from it, so it never changes.
    pub(super) key: &'static str,
    russian: &'static str,
    english: &'static str,
    pub(super) icon: &'static str,
    filter: fn() -> Value,
    order: fn() -> Value,
}

/// All of them, in the order of a menu.
pub(super) const ALL: &[BuiltIn] = &[
    BuiltIn {
        key: "mine",
        russian: "Мои",
        english: "Mine",
        icon: "person",
        filter: || json!({"inWork": true, "snoozed": false, "assignee": {"eq": "me"}}),
        order: || json!([{"field": "NUMBER", "direction": "DESC"}]),
    },
    BuiltIn {
        key: "unassigned",
        russian: "Без исполнителя",
        english: "Unassigned",
        icon: "person_off",
        filter: || json!({"inWork": true, "snoozed": false, "assignee": {"isNull": true}}),
        order: || json!([{"field": "NUMBER", "direction": "ASC"}]),
    },
    BuiltIn {
        key: "needs_answer",
        russian: "Ждут ответа",
        english: "Needs answer",
        icon: "reply",
        filter: || json!({"inWork": true, "snoozed": false, "needsAnswer": true}),
        order: || json!([{"field": "WAITING_SINCE", "direction": "ASC"}]),
    },
    BuiltIn {
        key: "in_work",
        russian: "Все открытые",
        english: "All open",
        icon: "inbox",
        filter: || json!({"inWork": true}),
        order: || json!([{"field": "UPDATED_AT", "direction": "DESC"}]),
    },
    BuiltIn {
        key: "waiting",
        russian: "Ожидают и отложены",
        english: "On hold and snoozed",
        icon: "pause",
        filter: || json!({"paused": true}),
        order: || json!([{"field": "UPDATED_AT", "direction": "DESC"}]),
    },
    BuiltIn {
        key: "urgent",
        russian: "Срочные",
        english: "Urgent",
        icon: "priority_high",
        filter: || json!({"inWork": true, "snoozed": false, "priority": {"eq": "URGENT"}}),
        order: || json!([{"field": "NUMBER", "direction": "ASC"}]),
    },
    BuiltIn {
        key: "resolved",
        russian: "Недавно решённые",
        english: "Recently resolved",
        icon: "check",
        filter: || json!({"status": {"eq": "RESOLVED"}}),
        order: || json!([{"field": "UPDATED_AT", "direction": "DESC"}]),
    },
];

impl BuiltIn {
    pub(super) fn id(self) -> Uuid {
        keyed(domain::view::View::CATEGORY, self.key)
    }

    pub(super) fn of(id: Uuid) -> Option<Self> {
        ALL.iter().copied().find(|it| it.id() == id)
    }

    pub(super) fn name(self, language: Language) -> &'static str {
        match language {
            Language::Russian => self.russian,
            Language::English => self.english,
        }
    }

    pub(super) fn filter(self) -> Value {
        (self.filter)()
    }

    pub(super) fn order(self) -> Value {
        (self.order)()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::ALL;
    use crate::graphql::{
        filter::{listed, order},
        views::saved::{SavedFilter, order_of},
    };

    #[test]
    fn every_view_of_the_program_can_be_read() {
        for it in ALL {
            let filter = SavedFilter(it.filter()).read().unwrap();
            assert!(listed(Some(filter), Uuid::nil()).is_ok(), "{}", it.key);
            assert!(order(Some(order_of(&it.order()).unwrap())).is_ok(), "{}", it.key);
        }
    }
}
