use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{
    organisation,
    what_if::{self, ClassifierChange, Difference},
};
use event_store::Position;
use projections::{ticket_list, what_if_run::WhatIfRow};
use uuid::Uuid;

use crate::{
    graphql::{
        LogPosition, Urgency,
        ids::{Kind, global},
        organisation::ClassificationRule,
        parts, postgres, related,
        sight::sight,
        ticket::Ticket,
    },
    problem::{Language, Problem},
};

/// Where a run stands.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum WhatIfState {
    /// It is carried out, or will be.
    Running,
    /// It came to something.
    Done,
    /// It cannot come to anything.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// A figure of the table.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "what_if::Measure")]
pub(in crate::graphql) enum WhatIfMeasure {
    /// Tickets of the period, by priority at its end.
    TicketsByPriority,
    /// Tickets of the period, by category at its end.
    TicketsByCategory,
    /// Those that are not over when the period ends, by priority.
    Backlog,
    /// Half of those resolved were within this time, by priority.
    ResolutionMedian,
    /// Nine of ten were.
    ResolutionP90,
    /// Half of those answered were within this time, by priority.
    FirstAnswerMedian,
    /// Nine of ten were.
    FirstAnswerP90,
    /// Of the answers promised and due, how many came in time, by priority.
    PromisesKept,
    /// How many tickets were reopened, by priority.
    Reopened,
    /// Of how many people changed the priority that rules had chosen.
    PriorityCorrected,
    /// Of how many people changed the category that rules or the model had chosen.
    CategoryCorrected,
}

/// What a figure counts.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "what_if::Unit")]
pub(in crate::graphql) enum WhatIfUnit {
    /// Tickets.
    Tickets,
    /// Seconds.
    Seconds,
    /// Thousandths of all there are.
    Thousandths,
}

/// A row of the table.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct WhatIfMetric {
    /// The figure.
    measure: WhatIfMeasure,
    /// Of which priority (`low` to `urgent`) or category (empty: of none); null of all.
    of: Option<String>,
    /// What it counts.
    unit: WhatIfUnit,
    /// As it was; null when there was nothing to tell it from.
    was: Option<i64>,
    /// As it would have been.
    would_be: Option<i64>,
    /// By how much it would have been more; null when one of both is.
    difference: Option<i64>,
}

/// A ticket that would have been otherwise at the end of the period.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct WhatIfDifference {
    /// Id of the ticket.
    ticket_id: ID,
    /// Its number.
    number: i64,
    /// The ticket now; null when you may not see it.
    ticket: Option<Ticket>,
    /// As it was.
    was_priority: Urgency,
    /// As it would have been.
    would_be_priority: Urgency,
    /// Key of its category; null when it was in none.
    was_category_id: Option<String>,
    /// Key of the category it would have been in.
    would_be_category_id: Option<String>,
}

/// What a run came to.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct WhatIfReport {
    /// Tickets opened in the period.
    tickets: u64,
    /// Those in which rules have no say: brought from elsewhere, or parts of others.
    brought: u64,
    /// Those whose words nobody can read any more; they stay as they were.
    unreadable: u64,
    /// Those of which people chose priority and category.
    by_people: u64,
    /// Those that do not follow from the rules of the time, which came to look too late; they stay as they were.
    raced: u64,
    /// Those with another priority.
    priority_changed: u64,
    /// Those in another category.
    category_changed: u64,
    /// Those with either.
    changed: u64,
    /// The table.
    metrics: Vec<WhatIfMetric>,
    #[graphql(skip)]
    named: Vec<Difference>,
}

/// Why a run came to nothing.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct WhatIfFailure {
    /// Stable, for programs.
    code: String,
    /// For people.
    message: String,
}

/// Which points mean which priority.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct WhatIfPriority {
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
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct WhatIfCategory {
    /// Its key.
    key: String,
    /// Whether nothing is put in it.
    retired: bool,
}

/// What the learned classifier does throughout the period.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct WhatIfClassifier {
    /// Whether it says nothing.
    off: bool,
    /// The version that says what no rule says.
    version: Option<u64>,
    /// From which certainty on it is heard, 0 to 1.
    threshold: Option<f64>,
}

/// A period replayed under other rules.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct WhatIf {
    /// Opaque global id.
    id: ID,
    /// As of this place of the log.
    position: LogPosition,
    /// Where it stands.
    state: WhatIfState,
    /// How much of the log is read, 0 to 1.
    progress: f64,
    /// Tickets opened from here on are decided again.
    from: DateTime<Utc>,
    /// What happened from here on is left out.
    until: DateTime<Utc>,
    /// Which points mean which priority; null when as it was.
    priority: Option<WhatIfPriority>,
    /// The rules; null when those of the time.
    rules: Option<Vec<ClassificationRule>>,
    /// Categories that are otherwise in use than they were.
    categories: Vec<WhatIfCategory>,
    /// The learned classifier; null when as it was.
    classifier: Option<WhatIfClassifier>,
    /// What it came to; null unless it is done.
    report: Option<WhatIfReport>,
    /// Why it came to nothing; null unless it failed.
    failure: Option<WhatIfFailure>,
    /// Who asked for it: `kind:id`.
    asked_by: String,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// When it ended; null while it goes on.
    ended_at: Option<DateTime<Utc>>,
}

impl WhatIf {
    /// The run in a row that shows everything up to a position.
    pub(super) fn of(row: WhatIfRow, position: Position, language: Language) -> Self {
        let definition = row.definition.0;
        let failure = row.code.as_deref().map(|code| WhatIfFailure {
            code: code.to_owned(),
            message: failure(code, row.value.as_deref()).message(language).to_owned(),
        });
        Self {
            id: global(Kind::WhatIf, row.what_if_id),
            position: position.into(),
            state: match row.state.as_str() {
                "running" => WhatIfState::Running,
                "done" => WhatIfState::Done,
                "failed" => WhatIfState::Failed,
                _ => WhatIfState::Cancelled,
            },
            progress: f64::from(row.progress) / 1000.0,
            from: definition.from,
            until: definition.until,
            priority: definition.thresholds.map(|it| WhatIfPriority {
                medium: it.medium,
                high: it.high,
                urgent: it.urgent,
            }),
            rules: definition.rules.map(listed),
            categories: definition.categories.into_iter().map(WhatIfCategory::from).collect(),
            classifier: definition.classifier.map(WhatIfClassifier::from),
            report: row.report.map(|it| it.0.into()),
            failure,
            asked_by: row.asked_by,
            started_at: row.started_at,
            updated_at: row.updated_at,
            ended_at: row.ended_at,
        }
    }
}

fn listed(rules: Vec<organisation::ClassificationRule>) -> Vec<ClassificationRule> {
    rules.into_iter().map(ClassificationRule::from).collect()
}

impl From<what_if::CategoryChange> for WhatIfCategory {
    fn from(it: what_if::CategoryChange) -> Self {
        let what_if::CategoryChange { key, retired } = it;
        Self { key, retired }
    }
}

impl From<ClassifierChange> for WhatIfClassifier {
    fn from(it: ClassifierChange) -> Self {
        let (off, version, threshold) = match it {
            ClassifierChange::Off => (true, None, None),
            ClassifierChange::Use { version, threshold } => (false, Some(version), Some(f64::from(threshold) / 1000.0)),
        };
        Self {
            off,
            version,
            threshold,
        }
    }
}

impl From<what_if::Report> for WhatIfReport {
    fn from(it: what_if::Report) -> Self {
        Self {
            tickets: it.tickets,
            brought: it.brought,
            unreadable: it.unreadable,
            by_people: it.by_people,
            raced: it.raced,
            priority_changed: it.priority_changed,
            category_changed: it.category_changed,
            changed: it.changed,
            metrics: it.metrics.into_iter().map(WhatIfMetric::from).collect(),
            named: it.differing,
        }
    }
}

impl From<what_if::Metric> for WhatIfMetric {
    fn from(it: what_if::Metric) -> Self {
        Self {
            difference: it.difference(),
            measure: it.measure.into(),
            of: it.of,
            unit: it.unit.into(),
            was: it.was,
            would_be: it.would_be,
        }
    }
}

#[ComplexObject]
impl WhatIfReport {
    /// The tickets that differ most, the furthest first.
    #[graphql(complexity = "DIFFERING.saturating_mul(child_complexity)")]
    async fn differing(&self, ctx: &Context<'_>) -> Result<Vec<WhatIfDifference>> {
        let wanted = ctx.look_ahead().field("ticket").exists();
        let mut tickets = Vec::new();
        if wanted && !self.named.is_empty() {
            let ids: Vec<Uuid> = self.named.iter().map(|it| it.ticket_id.0).collect();
            let seen = sight(ctx)?;
            let found = ticket_list::by_ids(&parts(ctx)?.pool, &ids).await;
            let mut found = found.map_err(|it| postgres(ctx, &it))?;
            found.retain(|it| seen.holds(it));
            tickets = related::prefetched(ctx, found, &[&["ticket"]]).await?;
        }
        let shown = |it: &Difference| WhatIfDifference {
            ticket_id: global(Kind::Ticket, it.ticket_id.0),
            number: it.number,
            ticket: tickets.iter().find(|ticket| ticket.uuid() == it.ticket_id.0).cloned(),
            was_priority: it.was.priority.into(),
            would_be_priority: it.would_be.priority.into(),
            was_category_id: it.was.category.clone(),
            would_be_category_id: it.would_be.category.clone(),
        };
        Ok(self.named.iter().map(shown).collect())
    }
}

/// Tickets that a request is counted for; seldom are more asked for.
const DIFFERING: usize = 20;

/// Why a run came to nothing, in words.
fn failure(code: &str, value: Option<&str>) -> Problem {
    let value = value.unwrap_or("?");
    let (russian, english) = match code {
        "CATEGORY_UNKNOWN" => (
            format!("категории {value} нет: назовите существующую или добавьте её в categories"),
            format!("there is no category {value}: name one that is there, or add it under categories"),
        ),
        "VERSION_UNKNOWN" => (
            format!("обученной версии {value} нет"),
            format!("there is no version {value} of the learned classifier"),
        ),
        "THRESHOLDS_NEEDED" => (
            "правил классификации нет: задайте priority".to_owned(),
            "there are no classification rules: give priority too".to_owned(),
        ),
        "NO_TICKETS" => ("заявок ещё нет".to_owned(), "there are no tickets yet".to_owned()),
        "BEFORE_TICKETS" => (
            format!("период кончается раньше первой заявки, открытой {value}"),
            format!("the period ends before the first ticket, which was opened at {value}"),
        ),
        _ => (
            format!("журнал не читается: {value}"),
            format!("the log does not read: {value}"),
        ),
    };
    Problem::new("FAILED", russian, english)
}
