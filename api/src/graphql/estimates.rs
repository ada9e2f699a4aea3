//! When tickets are expected to be resolved, and how often that held.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use commands::{Read, reads};
use domain::values::Priority;
use projections::resolution_estimate::{self, EstimateRow, Honesty};

use super::{
    caller,
    filter::{searchable, storable},
    may_read, parts, postgres, problem,
    words::Urgency,
};
use crate::problem::{Language, Problem};

/// When a ticket is expected to be resolved.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct ResolutionEstimate {
    /// The instant that is promised.
    eta: DateTime<Utc>,
    /// The instant that was promised first.
    first_eta: DateTime<Utc>,
    /// How many times it was estimated.
    estimates: i32,
    /// Seconds within which half of such tickets were resolved.
    p50_seconds: Option<i64>,
    /// Seconds that are promised: the quantile of `quantile`.
    promised_seconds: Option<i64>,
    /// Seconds within which nine of ten were resolved.
    p90_seconds: Option<i64>,
    /// Which quantile is promised, in hundredths.
    quantile: Option<i32>,
    /// How many tickets it rests on.
    cases: Option<i64>,
    /// What it rests on, in words, in the language of `Accept-Language`.
    basis: String,
}

impl ResolutionEstimate {
    /// The estimate in a row; `None` when there never was one.
    pub(super) fn of(row: &EstimateRow, language: Language) -> Option<Self> {
        Some(Self {
            eta: row.eta?,
            first_eta: row.first_eta?,
            estimates: row.estimates,
            p50_seconds: row.p50_s,
            promised_seconds: row.promised_s,
            p90_seconds: row.p90_s,
            quantile: row.quantile.map(i32::from),
            cases: row.cases,
            basis: basis(row, language),
        })
    }
}

/// What an estimate rests on, in words.
pub(super) fn basis(row: &EstimateRow, language: Language) -> String {
    let (cases, quantile) = (row.cases.unwrap_or_default(), row.quantile.unwrap_or_default());
    let (category, priority) = (row.basis_category_id.as_deref(), row.basis_priority.as_deref());
    match language {
        Language::Russian => {
            let category = category.map_or_else(|| "любой категории".to_owned(), |it| format!("категории «{it}»"));
            let priority = priority
                .and_then(Priority::parse)
                .map_or("любого приоритета", |it| match it {
                    Priority::Low => "низкого приоритета",
                    Priority::Medium => "среднего приоритета",
                    Priority::High => "высокого приоритета",
                    Priority::Urgent => "срочного приоритета",
                });
            format!("За такое время решены {quantile} % из {cases} заявок {category}, {priority}")
        }
        Language::English => {
            let category = category.map_or_else(|| "of any category".to_owned(), |it| format!("of category \"{it}\""));
            let priority = priority.map_or_else(|| "of any priority".to_owned(), |it| format!("of {it} priority"));
            format!("{quantile} % of {cases} tickets {category}, {priority}, were resolved within that time")
        }
    }
}

/// How often estimates held of tickets that were resolved in a period.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct EstimateHonesty {
    /// How many tickets were resolved.
    resolved: i64,
    /// How many of these had been estimated.
    estimated: i64,
    /// How many of these were resolved by the instant promised first.
    first_held: i64,
    /// How many of these were resolved by the instant promised last.
    last_held: i64,
    /// Share of the estimated that were resolved by the instant promised first, 0 to 1; null when none was estimated.
    first_share: Option<f64>,
    /// Share of the estimated that were resolved by the instant promised last, 0 to 1; null when none was estimated.
    last_share: Option<f64>,
}

impl From<Honesty> for EstimateHonesty {
    fn from(it: Honesty) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a share of counts far below 2^52")]
        let share = |held: i64| (it.estimated > 0).then(|| held as f64 / it.estimated as f64);
        Self {
            resolved: it.resolved,
            estimated: it.estimated,
            first_held: it.first_held,
            last_held: it.last_held,
            first_share: share(it.first_held),
            last_share: share(it.last_held),
        }
    }
}

/// What can be asked about estimates.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EstimatesQuery;

/// What can be asked about estimates.
#[Object]
impl EstimatesQuery {
    /// How often the promised times of solution held, of all tickets that were resolved in a period and are not reopened:
    /// by their newest resolution, and by what was promised at the time. For those who may read tickets everywhere.
    #[graphql(complexity = "20 + child_complexity")]
    async fn estimate_honesty(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only tickets resolved at this instant or later.")] from: Option<DateTime<Utc>>,
        #[graphql(desc = "Only tickets resolved before this instant, later than `from`.")] to: Option<DateTime<Utc>>,
        #[graphql(desc = "Only tickets of the category with this key.")] category_id: Option<String>,
        #[graphql(desc = "Only tickets of this priority.")] priority: Option<Urgency>,
    ) -> Result<EstimateHonesty> {
        may_read(ctx, Read::Tickets)?;
        let needed = reads(Read::Tickets);
        if !caller(ctx)?.viewer.rights.has_everywhere(needed) {
            return Err(problem(ctx, Problem::forbidden(needed)));
        }
        let within = |name, at: Option<DateTime<Utc>>| at.map(|it| storable(name, it)).transpose();
        let from = within("from", from).map_err(|it| problem(ctx, it))?;
        let to = within("to", to).map_err(|it| problem(ctx, it))?;
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            let (russian, english) = ("момент позже `from`", "an instant later than `from`");
            return Err(problem(
                ctx,
                Problem::bad_input("to", &to.to_rfc3339(), russian, english),
            ));
        }
        let category_id = category_id.map(|it| searchable("categoryId", it)).transpose();
        let category_id = category_id.map_err(|it| problem(ctx, it))?;
        let priority = priority.map(|it| Priority::from(it).as_str());
        let pool = &parts(ctx)?.pool;
        let honesty = resolution_estimate::honesty(pool, (from, to), category_id.as_deref(), priority).await;
        Ok(honesty.map_err(|it| postgres(ctx, &it))?.into())
    }
}
