//! Why a ticket has its category and priority, in words, from what was recorded when they were chosen.

use std::collections::HashMap;

use domain::{
    ticket::HeldRule,
    values::{ClassifiedBy, Priority},
};
use projections::ticket_decision::Decision;
use uuid::Uuid;

use crate::problem::Language;

/// The newest choices for some tickets.
#[derive(Debug, Default)]
pub(super) struct Decisions(HashMap<(Uuid, &'static str), Decision>);

impl Decisions {
    pub(super) fn of(rows: Vec<Decision>) -> Self {
        let key = |it: &Decision| {
            (
                it.ticket_id,
                if it.what == "category" { "category" } else { "priority" },
            )
        };
        Self(rows.into_iter().map(|it| (key(&it), it)).collect())
    }

    /// Why the ticket has its `category` or `priority`; `None` when nobody chose it.
    pub(super) fn reason(&self, ticket: Uuid, what: &'static str, language: Language) -> Option<String> {
        reason(self.0.get(&(ticket, what))?, language)
    }
}

/// Why somebody or something chose so; `None` for a chooser that a newer program wrote.
pub(super) fn reason(decision: &Decision, language: Language) -> Option<String> {
    let russian = language == Language::Russian;
    Some(match ClassifiedBy::parse(&decision.chosen_by)? {
        ClassifiedBy::Agent => by_agent(decision, russian),
        ClassifiedBy::Model => by_model(decision, russian),
        ClassifiedBy::Rule => by_rules(decision, russian),
    })
}

/// The rules that held.
pub(super) fn held(decision: &Decision) -> Vec<HeldRule> {
    serde_json::from_str(&decision.rules).unwrap_or_default()
}

fn by_agent(decision: &Decision, russian: bool) -> String {
    let who = if russian {
        "Выбрал сотрудник"
    } else {
        "Chosen by an agent"
    };
    match &decision.reason {
        Some(reason) => format!("{who}: {reason}"),
        None => who.to_owned(),
    }
}

fn by_model(decision: &Decision, russian: bool) -> String {
    let (version, sure) = (
        decision.version.unwrap_or_default(),
        decision.score.unwrap_or_default() / 10,
    );
    if russian {
        format!("Выбрала обученная модель {version}, уверенность {sure} %")
    } else {
        format!("Chosen by the learned model {version}, {sure} % sure")
    }
}

fn by_rules(decision: &Decision, russian: bool) -> String {
    let version = decision.version.unwrap_or_default();
    let names: Vec<String> = held(decision).iter().map(|it| named(it, russian)).collect();
    let names = names.join(", ");
    let start = if russian {
        format!("По правилам версии {version}: {names}")
    } else {
        format!("By version {version} of the rules: {names}")
    };
    let priority = decision.value.as_deref().and_then(Priority::parse);
    match priority.filter(|_| decision.what == "priority") {
        Some(priority) => format!("{start}{}", sum(decision.score.unwrap_or_default(), priority, russian)),
        None => start,
    }
}

fn named(rule: &HeldRule, russian: bool) -> String {
    let name = rule.name.text(russian);
    let name = if russian {
        format!("«{name}»")
    } else {
        format!("\"{name}\"")
    };
    if rule.points == 0 {
        name
    } else {
        format!("{name} {:+}", rule.points)
    }
}

fn sum(points: i32, priority: Priority, russian: bool) -> String {
    let (ru, en) = match priority {
        Priority::Low => ("низкий", "low"),
        Priority::Medium => ("средний", "medium"),
        Priority::High => ("высокий", "high"),
        Priority::Urgent => ("срочный", "urgent"),
    };
    if russian {
        format!("; вместе {points}, это {ru} приоритет")
    } else {
        format!("; {points} in all, which is {en} priority")
    }
}
