//! Rules by which new tickets get their category and priority.

use async_graphql::{ID, InputObject, SimpleObject};
use domain::organisation::{self, Conditions, Kind, Thresholds};
use uuid::Uuid;

use super::{
    input::Defines,
    label::{Label, LabelInput},
};
use crate::{
    graphql::{
        ids::{self, global, required},
        words::Sort,
    },
    problem::Problem,
};

/// When a rule holds, and what follows.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct ClassificationRule {
    /// What people call it; stands in the reasons of priorities.
    name: Label,
    /// One of these words or phrases stands in what the customer wrote, in any form; empty when any may.
    words: Vec<String>,
    /// It is a request of one of these sorts; empty when of any.
    types: Vec<Sort>,
    /// Ids of the inboxes it came through; empty when through any.
    inbox_ids: Vec<ID>,
    /// Keys of the categories it is in; empty when in any.
    category_keys: Vec<String>,
    /// Ids of the organizations the customer belongs to; empty when to any.
    organization_ids: Vec<ID>,
    /// Languages in the customer's profile (BCP 47); empty when any may be.
    languages: Vec<String>,
    /// Key of the category of tickets that have none yet.
    category_key: Option<String>,
    /// By how much it makes the ticket more urgent.
    points: i32,
}

impl From<organisation::ClassificationRule> for ClassificationRule {
    fn from(rule: organisation::ClassificationRule) -> Self {
        let ids = |kind, ids: Vec<Uuid>| ids.into_iter().map(|it| global(kind, it)).collect();
        Self {
            name: rule.name.into(),
            words: rule.when.words,
            types: rule.when.types.into_iter().map(Sort::from).collect(),
            inbox_ids: ids(ids::Kind::Item(Kind::Inbox), rule.when.inbox_ids),
            category_keys: rule.when.category_keys,
            organization_ids: ids(ids::Kind::Organization, rule.when.organization_ids),
            languages: rule.when.languages,
            category_key: rule.category_key,
            points: rule.points,
        }
    }
}

/// When a rule holds, of which at least one test is needed, and what follows, of which there must be something.
#[derive(Debug, InputObject)]
pub(in crate::graphql) struct ClassificationRuleInput {
    /// What people call it.
    name: LabelInput,
    /// One of these words or phrases stands in what the customer wrote, in any form; at most 100.
    words: Option<Vec<String>>,
    /// It is a request of one of these sorts.
    types: Option<Vec<Sort>>,
    /// Ids of the inboxes it came through.
    inbox_ids: Option<Vec<ID>>,
    /// Keys of the categories it is in.
    category_keys: Option<Vec<String>>,
    /// Ids of the organizations the customer belongs to.
    organization_ids: Option<Vec<ID>>,
    /// The customer's profile names one of these languages (BCP 47), such as `ru`.
    languages: Option<Vec<String>>,
    /// Key of the category of tickets that have none yet.
    category_key: Option<String>,
    /// By how much it makes the ticket more urgent, -100 to 100.
    #[graphql(default)]
    points: i32,
}

/// How new tickets get their category and priority.
#[derive(Debug, InputObject)]
pub(super) struct ClassificationInput {
    /// Looked at in this order, at most 500: of those that name a category, the first that holds counts; of points, all.
    rules: Vec<ClassificationRuleInput>,
    /// From how many points on a ticket is of medium priority; below, of low.
    #[graphql(default)]
    medium_from: i32,
    /// From how many points on it is of high priority.
    #[graphql(default = 20)]
    high_from: i32,
    /// From how many points on it is urgent.
    #[graphql(default = 50)]
    urgent_from: i32,
}

impl Defines for ClassificationInput {
    type Definition = organisation::Classification;

    fn definition(self) -> Result<organisation::Classification, Vec<Problem>> {
        let rules = self.rules.into_iter().enumerate();
        let rules = rules.map(|(index, it)| it.rule().map_err(|it| vec![within(index, it)]));
        Ok(organisation::Classification {
            rules: rules.collect::<Result<_, _>>()?,
            thresholds: Thresholds {
                medium: self.medium_from,
                high: self.high_from,
                urgent: self.urgent_from,
            },
        })
    }
}

impl ClassificationRuleInput {
    /// The rule, if its ids read.
    pub(in crate::graphql) fn rule(self) -> Result<organisation::ClassificationRule, Problem> {
        let ids = |kind, field, ids: Option<Vec<ID>>| -> Result<Vec<Uuid>, Problem> {
            let ids = ids.unwrap_or_default();
            ids.iter().map(|it| required(kind, field, it)).collect()
        };
        Ok(organisation::ClassificationRule {
            name: self.name.into(),
            when: Conditions {
                words: self.words.unwrap_or_default(),
                types: self.types.unwrap_or_default().into_iter().map(Into::into).collect(),
                inbox_ids: ids(ids::Kind::Item(Kind::Inbox), "inboxIds", self.inbox_ids)?,
                category_keys: self.category_keys.unwrap_or_default(),
                organization_ids: ids(ids::Kind::Organization, "organizationIds", self.organization_ids)?,
                languages: self.languages.unwrap_or_default(),
            },
            category_key: self.category_key,
            points: self.points,
        })
    }
}

fn within(index: usize, problem: Problem) -> Problem {
    let mut field = vec!["rules".to_owned(), index.to_string()];
    field.extend(problem.field);
    Problem { field, ..problem }
}
