//! The figures, asked of the schema of one replay.

use chrono::{DateTime, Utc};
use domain::{
    ids::TicketId,
    values::Priority,
    what_if::{Difference, MOST_NAMED, Measure, Metric, Report, Standing, Unit},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::case::Counts;
use crate::priority_rank;

const FIGURES: &str = include_str!("figures.sql");

const CHANGED: &str = "SELECT count(*) FILTER (WHERE was.priority <> it.priority),
        count(*) FILTER (WHERE was.category_id IS DISTINCT FROM it.category_id),
        count(*) FILTER (WHERE was.priority <> it.priority OR was.category_id IS DISTINCT FROM it.category_id)
    FROM outcome AS was JOIN outcome AS it USING (ticket_id)
    WHERE was.side = 'was' AND it.side = 'would_be'";

const DIFFERING: &str = "SELECT ticket_id, was.number, was.priority, was.category_id, it.priority, it.category_id
    FROM outcome AS was JOIN outcome AS it USING (ticket_id)
    WHERE was.side = 'was' AND it.side = 'would_be'
        AND (was.priority <> it.priority OR was.category_id IS DISTINCT FROM it.category_id)
    ORDER BY abs(was.priority - it.priority) DESC, was.category_id IS DISTINCT FROM it.category_id DESC, was.number
    LIMIT $1";

type Figure = (String, Option<String>, String, Option<i64>, Option<i64>);
type Differing = (Uuid, i64, i16, Option<String>, i16, Option<String>);

pub(super) async fn report(
    connection: &mut PgConnection,
    until: DateTime<Utc>,
    top: u32,
    counts: Counts,
) -> Result<Report, sqlx::Error> {
    let figures: Vec<Figure> = sqlx::query_as(FIGURES).bind(until).fetch_all(&mut *connection).await?;
    let (priority, category, either): (i64, i64, i64) = sqlx::query_as(CHANGED).fetch_one(&mut *connection).await?;
    let differing: Vec<Differing> = sqlx::query_as(DIFFERING)
        .bind(i64::from(top.min(MOST_NAMED)))
        .fetch_all(connection)
        .await?;
    Ok(Report {
        tickets: counts.tickets,
        brought: counts.brought,
        unreadable: counts.unreadable,
        by_people: counts.by_people,
        raced: counts.raced,
        priority_changed: priority.unsigned_abs(),
        category_changed: category.unsigned_abs(),
        changed: either.unsigned_abs(),
        metrics: figures.into_iter().filter_map(metric).collect(),
        differing: differing.into_iter().map(difference).collect(),
    })
}

fn metric((measure, of, unit, was, would_be): Figure) -> Option<Metric> {
    Some(Metric {
        measure: Measure::parse(&measure)?,
        of,
        unit: Unit::parse(&unit)?,
        was,
        would_be,
    })
}

fn difference((id, number, priority, category, other, other_category): Differing) -> Difference {
    let standing = |rank, category| Standing {
        priority: urgency(rank),
        category,
    };
    Difference {
        ticket_id: TicketId(id),
        number,
        was: standing(priority, category),
        would_be: standing(other, other_category),
    }
}

fn urgency(rank: i16) -> Priority {
    let found = Priority::ALL.iter().find(|it| priority_rank(**it) == rank);
    found.copied().unwrap_or(Priority::Low)
}
