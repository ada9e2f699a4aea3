//! How the work is distributed: tickets counted by what they share.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ticket::StatusCategory;
use projections::ticket_list::{Tally, tally};

use super::{
    caller,
    filter::{TicketFilter, listed},
    ids::LogPosition,
    life::me,
    parts, postgres, problem,
    sight::sight,
    stale,
    travel::{answerable, instant, tallied},
    words::{Status, Urgency, priority},
};

/// Categories told of at most.
const MOST_CATEGORIES: usize = 100;

/// How many tickets stand so.
#[derive(Debug, SimpleObject)]
pub(super) struct TicketStatusCount {
    /// Where they stand.
    status: Status,
    /// How many they are.
    count: i64,
}

/// How many tickets are so urgent.
#[derive(Debug, SimpleObject)]
pub(super) struct TicketPriorityCount {
    /// How urgent they are.
    priority: Urgency,
    /// How many they are.
    count: i64,
}

/// How many tickets are in a category.
#[derive(Debug, SimpleObject)]
pub(super) struct TicketCategoryCount {
    /// Key of the category, as the tickets have it; null for those in none.
    category_id: Option<String>,
    /// How many they are.
    count: i64,
}

/// Tickets counted by what they share.
#[derive(Debug, SimpleObject)]
pub(super) struct TicketStatistics {
    /// How many there are in all.
    total: i64,
    /// By status, in the order of a ticket's life; those that no ticket has included.
    by_status: Vec<TicketStatusCount>,
    /// By priority, in rising order; those that no ticket has included.
    by_priority: Vec<TicketPriorityCount>,
    /// By category, the most frequent first, 100 at most.
    by_category: Vec<TicketCategoryCount>,
    /// Whether the counts do not show `minPosition` yet.
    stale: bool,
}

impl TicketStatistics {
    fn new(tally: Tally, stale: bool) -> Self {
        let statuses = [
            Status::New,
            Status::Open,
            Status::Pending,
            Status::OnHold,
            Status::Resolved,
            Status::Closed,
        ];
        let priorities = [Urgency::Low, Urgency::Medium, Urgency::High, Urgency::Urgent];
        let standing = |status: Status| {
            let same = |word: &str| StatusCategory::parse(word).map(Status::from) == Some(status);
            tally
                .statuses
                .iter()
                .filter(|(word, _)| same(word))
                .map(|(_, it)| it)
                .sum()
        };
        let urgent = |urgency: Urgency| {
            let of_it = tally.priorities.iter().filter(|(rank, _)| priority(*rank) == urgency);
            of_it.map(|(_, it)| it).sum()
        };
        Self {
            total: tally.statuses.iter().map(|(_, it)| it).sum(),
            by_status: statuses
                .map(|status| TicketStatusCount {
                    status,
                    count: standing(status),
                })
                .into(),
            by_priority: priorities
                .map(|priority| TicketPriorityCount {
                    priority,
                    count: urgent(priority),
                })
                .into(),
            by_category: tally
                .categories
                .into_iter()
                .take(MOST_CATEGORIES)
                .map(|(category_id, count)| TicketCategoryCount { category_id, count })
                .collect(),
            stale,
        }
    }
}

/// What can be counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StatisticsQuery;

/// What can be counted.
#[Object]
impl StatisticsQuery {
    /// Tickets counted by status, priority and category.
    #[graphql(complexity = "10 + child_complexity")]
    async fn ticket_statistics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which tickets; by default all but those put away or merged into others.")] filter: Option<
            TicketFilter,
        >,
        #[graphql(desc = "As they were at this instant, those of them that you may see now.")] as_of: Option<
            DateTime<Utc>,
        >,
        #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")] min_position: Option<
            LogPosition,
        >,
    ) -> Result<TicketStatistics> {
        let seen = sight(ctx)?;
        let as_of = instant(ctx, as_of).await?;
        let mut filter = filter;
        if as_of.is_some() {
            answerable(filter.as_mut(), &[]).map_err(|it| problem(ctx, it))?;
        }
        let condition = listed(filter, me(&caller(ctx)?.viewer)).map_err(|it| problem(ctx, it))?;
        let stale = stale(ctx, min_position).await?;
        let tally = if let Some(at) = as_of {
            tallied(ctx, &seen, at, &condition).await?
        } else {
            let tally = tally(&parts(ctx)?.pool, &seen.narrow(condition)).await;
            tally.map_err(|it| postgres(ctx, &it))?
        };
        Ok(TicketStatistics::new(tally, stale))
    }
}
