use async_graphql::{ID, InputObject};
use chrono::{DateTime, Utc};
use domain::{
    organisation::{ClassificationRule, Thresholds},
    what_if::{CategoryChange, ClassifierChange, Definition, DefinitionFault, MOST_NAMED},
};
use serde_json::json;

use crate::{graphql::organisation::ClassificationRuleInput, problem::Problem};

/// Which points mean which priority.
#[derive(Debug, InputObject)]
pub(super) struct WhatIfPriorityInput {
    /// From how many points on a ticket is of medium priority; below, of low.
    #[graphql(name = "mediumFrom")]
    medium: i32,
    /// From how many points on it is of high priority.
    #[graphql(name = "highFrom")]
    high: i32,
    /// From how many points on it is urgent.
    #[graphql(name = "urgentFrom")]
    urgent: i32,
}

/// A category that is in use, or out of it, throughout the period.
#[derive(Debug, InputObject)]
pub(super) struct WhatIfCategoryInput {
    /// Its key; it need not be there.
    key: String,
    /// Whether nothing is put in it.
    #[graphql(default)]
    retired: bool,
}

/// What the learned classifier does throughout the period: either `off: true`, or both others.
#[derive(Debug, InputObject)]
pub(super) struct WhatIfClassifierInput {
    /// It says nothing.
    #[graphql(default)]
    off: bool,
    /// The version that says what no rule says.
    version: Option<u64>,
    /// From which certainty on it is heard, 0 to 1.
    threshold: Option<f64>,
}

/// A period, and what is to be otherwise in it: at least one of `priority`, `rules`, `categories` and `classifier`.
#[derive(Debug, InputObject)]
pub(super) struct StartWhatIfInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it begins nothing twice. Needed, unless
    /// the header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Tickets opened from here on are decided again.
    from: DateTime<Utc>,
    /// What happened from here on is left out; now, when it is not given.
    until: Option<DateTime<Utc>>,
    /// Which points mean which priority; as it was, when it is not given.
    priority: Option<WhatIfPriorityInput>,
    /// All rules, in the place of those of the time; those, when they are not given.
    rules: Option<Vec<ClassificationRuleInput>>,
    /// Categories that are otherwise in use than they were.
    #[graphql(default)]
    categories: Vec<WhatIfCategoryInput>,
    /// The learned classifier; as it was, when it is not given.
    classifier: Option<WhatIfClassifierInput>,
    /// How many of the tickets that differ most are named, 0 to 100.
    #[graphql(default = 10)]
    top: u32,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A run that is to go on no further.
#[derive(Debug, InputObject)]
pub(super) struct CancelWhatIfInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless
    /// the header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Id of the run.
    pub(super) id: ID,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A wish that was checked.
pub(super) struct Asked {
    pub(super) definition: Definition,
    pub(super) top: u32,
    /// Tells a repetition from another wish: a period without an end ends at another moment then.
    pub(super) fingerprint: String,
}

impl StartWhatIfInput {
    /// What is asked for, or all that is wrong with it.
    pub(super) fn asked(self, now: DateTime<Utc>) -> Result<Asked, Vec<Problem>> {
        if self.top > MOST_NAMED {
            return Err(vec![bad("top", &self.top.to_string(), ("от 0 до 100", "0 to 100"))]);
        }
        let (from, until) = (self.from, self.until);
        let rules = self.rules.map(rules).transpose()?;
        let definition = Definition {
            from,
            until: until.unwrap_or(now),
            thresholds: self.priority.map(|it| Thresholds {
                medium: it.medium,
                high: it.high,
                urgent: it.urgent,
            }),
            rules,
            categories: self.categories.into_iter().map(CategoryChange::from).collect(),
            classifier: self.classifier.map(WhatIfClassifierInput::change).transpose()?,
        };
        let definition = definition
            .checked(now)
            .map_err(|it| faults(it, (from, until.unwrap_or(now))))?;
        let mut asked = json!(definition);
        asked["until"] = json!(until);
        Ok(Asked {
            definition,
            top: self.top,
            fingerprint: asked.to_string(),
        })
    }
}

fn rules(rules: Vec<ClassificationRuleInput>) -> Result<Vec<ClassificationRule>, Vec<Problem>> {
    let each = rules.into_iter().enumerate().map(|(index, it)| {
        it.rule().map_err(|bad| {
            let at = ["input".to_owned(), "rules".to_owned(), index.to_string()];
            let field = at.into_iter().chain(bad.field.clone()).collect();
            vec![Problem { field, ..bad }]
        })
    });
    each.collect()
}

impl From<WhatIfCategoryInput> for CategoryChange {
    fn from(it: WhatIfCategoryInput) -> Self {
        let WhatIfCategoryInput { key, retired } = it;
        Self { key, retired }
    }
}

impl WhatIfClassifierInput {
    fn change(self) -> Result<ClassifierChange, Vec<Problem>> {
        match (self.off, self.version, self.threshold) {
            (true, None, None) => Ok(ClassifierChange::Off),
            (false, Some(version), Some(threshold)) if (0.0..=1.0).contains(&threshold) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "it lies between 0 and 1000"
                )]
                let threshold = (threshold * 1000.0).round() as u32;
                Ok(ClassifierChange::Use { version, threshold })
            }
            (false, Some(_), Some(threshold)) => Err(vec![deep(
                &["classifier", "threshold"],
                &threshold.to_string(),
                ("от 0 до 1", "0 to 1"),
            )]),
            (_, _, _) => Err(vec![bad(
                "classifier",
                "…",
                (
                    "off: true или version вместе с threshold",
                    "off: true, or version beside threshold",
                ),
            )]),
        }
    }
}

fn faults(fault: DefinitionFault, (from, until): (DateTime<Utc>, DateTime<Utc>)) -> Vec<Problem> {
    match fault {
        DefinitionFault::EmptyPeriod => {
            vec![bad(
                "until",
                &until.to_rfc3339(),
                ("момент позже from", "an instant later than from"),
            )]
        }
        DefinitionFault::NotYet { field } => {
            let at = if field == "from" { from } else { until };
            vec![bad(
                field,
                &at.to_rfc3339(),
                ("момент в прошлом", "an instant in the past"),
            )]
        }
        DefinitionFault::NothingChanged => vec![Problem {
            field: vec!["input".to_owned()],
            ..Problem::new(
                "NOTHING_CHANGED",
                "ничего не меняется: задайте priority, rules, categories или classifier",
                "nothing is changed: give priority, rules, categories or classifier",
            )
        }],
        DefinitionFault::Flaws(flaws) => flaws.into_iter().map(|it| within(Problem::from(it))).collect(),
    }
}

fn bad(field: &str, value: &str, words: (&str, &str)) -> Problem {
    deep(&[field], value, words)
}

fn deep(path: &[&str], value: &str, (russian, english): (&str, &str)) -> Problem {
    within(Problem {
        field: path.iter().map(|it| (*it).to_owned()).collect(),
        ..Problem::bad_input(&path.join("."), value, russian, english)
    })
}

/// The same about a field of the input, which has the thresholds in a part of their own.
fn within(problem: Problem) -> Problem {
    let mut field = vec!["input".to_owned()];
    if problem
        .field
        .first()
        .is_some_and(|it| ["highFrom", "urgentFrom"].contains(&it.as_str()))
    {
        field.push("priority".to_owned());
    }
    field.extend(problem.field);
    Problem { field, ..problem }
}
