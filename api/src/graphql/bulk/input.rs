use std::collections::HashSet;

use async_graphql::{ID, InputObject, InputType};
use domain::{
    bulk::Step,
    ids::{AgentId, TicketId},
    organisation::Kind as ItemKind,
    values::CategoryKey,
};
use uuid::Uuid;

use crate::{
    graphql::{
        filter::TicketFilter,
        ids::{Kind, LogPosition, required},
        words::{Resolution, Urgency},
    },
    problem::Problem,
};

/// Tags named at most.
const TAGS: usize = 100;

/// How tickets are closed.
#[derive(Debug, Clone, InputObject)]
pub(in crate::graphql) struct BulkCloseInput {
    /// How they ended; needed for those that are not resolved yet.
    reason: Option<Resolution>,
}

/// Where tickets are put.
#[derive(Debug, Clone, InputObject)]
pub(in crate::graphql) struct BulkCategoryInput {
    /// Key of the category; without it they are taken out of any.
    category_id: Option<String>,
    /// Key of a finer category under it.
    subcategory_id: Option<String>,
}

/// The word for the status that tickets have.
#[derive(Debug, Clone, InputObject)]
pub(in crate::graphql) struct BulkStatusLabelInput {
    /// Id of the word; without it the usual one.
    status_label_id: Option<ID>,
}

/// What is done to each ticket: exactly one of these.
#[derive(Debug, Clone, InputObject)]
pub(in crate::graphql) struct BulkActionInput {
    /// Make the agent with this id the owner.
    assign: Option<ID>,
    /// Leave them without an owner; only `true`.
    unassign: Option<bool>,
    /// Declare their work done, so.
    resolve: Option<Resolution>,
    /// Declare that nothing more will be done.
    close: Option<BulkCloseInput>,
    /// Give them this priority.
    priority: Option<Urgency>,
    /// Mark them with these tags, 1 to 100.
    tag: Option<Vec<ID>>,
    /// Take these tags off, 1 to 100.
    untag: Option<Vec<ID>>,
    /// Put them in a category, or take them out of any.
    category: Option<BulkCategoryInput>,
    /// Choose a word for the status that they have; those of another status are refused.
    status_label: Option<BulkStatusLabelInput>,
}

/// A change of many tickets.
#[derive(Debug, InputObject)]
pub(in crate::graphql) struct BulkUpdateTicketsInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it begins nothing twice. Needed, unless the
    /// header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Ids of the tickets, at most 100,000, each counted once; or `filter`.
    pub(super) ids: Option<Vec<ID>>,
    /// Which tickets, of those that you see: all that pass when it begins; or `ids`.
    pub(super) filter: Option<TicketFilter>,
    /// How many tickets you expect: with another number nothing begins and you get `COUNT_CHANGED`.
    pub(super) expected_count: Option<i64>,
    /// What is done to each.
    pub(super) action: BulkActionInput,
    /// Choose the tickets only once everything up to this position shows, waiting at most 2 s.
    pub(super) min_position: Option<LogPosition>,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A change of many tickets that is to go on no further.
#[derive(Debug, InputObject)]
pub(in crate::graphql) struct CancelBulkOperationInput {
    /// Your name of this wish, 1 to 200 characters. Needed, unless the header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Id of the operation.
    pub(super) id: ID,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A change of many tickets that is to be undone.
#[derive(Debug, InputObject)]
pub(in crate::graphql) struct UndoBulkOperationInput {
    /// Your name of this wish, 1 to 200 characters. Needed, unless the header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Id of the operation.
    pub(super) id: ID,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

impl BulkUpdateTicketsInput {
    /// What was asked for, to tell a repetition from another wish.
    pub(super) fn asked(&self) -> String {
        let ids: Vec<&str> = self.ids.iter().flatten().map(|it| it.0.as_str()).collect();
        let filter = self.filter.as_ref().map(|it| it.to_value().to_string());
        format!("{:?}", (ids, filter, self.expected_count))
    }
}

/// The tickets that are named, each once, in their order.
pub(super) fn named(ids: &[ID]) -> Result<Vec<TicketId>, Problem> {
    let mut known = HashSet::new();
    let mut tickets = Vec::new();
    for id in ids {
        let ticket = required(Kind::Ticket, "ids", id).map_err(|it| it.about("ids"))?;
        if known.insert(ticket) {
            tickets.push(TicketId(ticket));
        }
    }
    Ok(tickets)
}

impl BulkActionInput {
    pub(super) fn step(self) -> Result<Step, Problem> {
        let mut steps = Vec::new();
        if let Some(id) = &self.assign {
            let id = required(Kind::Agent, "assign", id).map_err(within)?;
            steps.push(Step::Assign { agent_id: AgentId(id) });
        }
        match self.unassign {
            Some(true) => steps.push(Step::Unassign),
            Some(false) => return Err(bad("unassign", "false", "только true", "only true")),
            None => {}
        }
        steps.extend(self.resolve.map(|it| Step::Resolve { reason: it.into() }));
        steps.extend(self.close.map(|it| Step::Close {
            reason: it.reason.map(Into::into),
        }));
        steps.extend(self.priority.map(|it| Step::Prioritize { priority: it.into() }));
        if let Some(ids) = &self.tag {
            steps.push(Step::Tag {
                tag_ids: tags("tag", ids)?,
            });
        }
        if let Some(ids) = &self.untag {
            steps.push(Step::Untag {
                tag_ids: tags("untag", ids)?,
            });
        }
        if let Some(it) = self.category {
            if it.category_id.is_none() && it.subcategory_id.is_some() {
                let (russian, english) = ("categoryId вместе с subcategoryId", "categoryId beside subcategoryId");
                return Err(bad("category", "", russian, english));
            }
            for (field, key) in [("categoryId", &it.category_id), ("subcategoryId", &it.subcategory_id)] {
                let checked = key.as_deref().map(|it| CategoryKey::try_new(field, it)).transpose();
                checked.map_err(|it| Problem {
                    field: ["input", "action", "category", field].map(str::to_owned).to_vec(),
                    ..Problem::from(it)
                })?;
            }
            steps.push(Step::Categorize {
                category_id: it.category_id,
                subcategory_id: it.subcategory_id,
            });
        }
        if let Some(it) = self.status_label {
            let id = it
                .status_label_id
                .map(|it| required(Kind::Item(ItemKind::StatusLabel), "statusLabel", &it));
            steps.push(Step::Label {
                status_id: id.transpose().map_err(within)?,
            });
        }
        match <[Step; 1]>::try_from(steps) {
            Ok([step]) => Ok(step),
            Err(steps) => Err(Problem {
                field: vec!["input".to_owned(), "action".to_owned()],
                ..Problem::bad_input(
                    "action",
                    &steps.len().to_string(),
                    "ровно одно действие",
                    "exactly one action",
                )
            }),
        }
    }
}

fn tags(field: &str, ids: &[ID]) -> Result<Vec<Uuid>, Problem> {
    if ids.is_empty() || ids.len() > TAGS {
        return Err(bad(field, &ids.len().to_string(), "от 1 до 100 тегов", "1 to 100 tags"));
    }
    let tag = |id: &ID| required(Kind::Item(ItemKind::Tag), field, id).map_err(within);
    ids.iter().map(tag).collect()
}

fn bad(field: &str, value: &str, russian: &str, english: &str) -> Problem {
    within(Problem::bad_input(field, value, russian, english))
}

/// The same about a field of the action.
fn within(problem: Problem) -> Problem {
    let at = ["input", "action"].map(str::to_owned).into_iter();
    Problem {
        field: at.chain(problem.field.clone()).collect(),
        ..problem
    }
}
