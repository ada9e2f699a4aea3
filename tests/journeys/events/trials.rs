//! What is told of periods replayed under other rules.

use domain::{
    ids::TicketId,
    organisation::{ClassificationRule, Conditions, Label, Thresholds},
    values::Priority,
    what_if::{
        CategoryChange, ClassifierChange, Definition, Difference, Measure, Metric, Report, Standing, Unit, WhatIfEvent,
    },
};
use uuid::Uuid;

#[expect(clippy::unwrap_used, reason = "the texts are fixed")]
pub(super) fn started() -> WhatIfEvent {
    WhatIfEvent::Started {
        definition: Definition {
            from: "2026-03-01T00:00:00Z".parse().unwrap(),
            until: "2026-04-01T00:00:00Z".parse().unwrap(),
            thresholds: Some(Thresholds {
                medium: 10,
                high: 20,
                urgent: 50,
            }),
            rules: Some(vec![ClassificationRule {
                name: Label {
                    ru: Some("Деньги".to_owned()),
                    en: Some("Money".to_owned()),
                },
                when: Conditions {
                    words: vec!["возврат".to_owned()],
                    ..Conditions::default()
                },
                category_key: Some("refunds".to_owned()),
                points: 25,
            }]),
            categories: vec![CategoryChange {
                key: "refunds".to_owned(),
                retired: false,
            }],
            classifier: Some(ClassifierChange::Use {
                version: 2,
                threshold: 850,
            }),
        },
        top: 10,
        asked_by: "agent:00000000-0000-0000-0000-00000000000a".to_owned(),
    }
}

pub(super) fn finished() -> WhatIfEvent {
    let standing = |priority, category: &str| Standing {
        priority,
        category: Some(category.to_owned()),
    };
    WhatIfEvent::Finished {
        report: Box::new(Report {
            tickets: 40,
            brought: 3,
            unreadable: 1,
            by_people: 5,
            raced: 0,
            priority_changed: 1,
            category_changed: 1,
            changed: 1,
            metrics: vec![Metric {
                measure: Measure::ResolutionMedian,
                of: Some("high".to_owned()),
                unit: Unit::Seconds,
                was: Some(3600),
                would_be: None,
            }],
            differing: vec![Difference {
                ticket_id: TicketId(Uuid::from_u128(1)),
                number: 17,
                was: standing(Priority::High, "payment"),
                would_be: standing(Priority::Low, "refunds"),
            }],
        }),
    }
}

pub(super) fn failed() -> WhatIfEvent {
    WhatIfEvent::Failed {
        code: "CATEGORY_UNKNOWN".to_owned(),
        value: Some("refunds".to_owned()),
    }
}
