//! What a replay came to, as people read it.

use domain::{
    values::Priority,
    what_if::{Difference, Measure, Metric, Report, Standing, Unit},
};

/// The table of figures, and the tickets that differ most.
pub fn in_words(report: &Report) -> String {
    let Report {
        tickets,
        brought,
        unreadable,
        by_people,
        raced,
        changed,
        priority_changed,
        category_changed,
        ..
    } = report;
    let mut lines = vec![
        format!("{tickets} tickets were opened in the period"),
        format!(
            "  {brought} of them are left to people (imported, or split from others), {unreadable} cannot be read any \
             more, of {by_people} people chose priority and category, to {raced} the rules of the time came too late"
        ),
        format!(
            "{changed} would be otherwise ({}): {priority_changed} in priority, {category_changed} in category",
            share(*changed, *tickets)
        ),
    ];
    let mut last = None;
    for metric in &report.metrics {
        if last != Some(metric.measure) {
            let (was, would, more) = ("was", "would be", "difference");
            lines.push(format!("\n{:<34}{was:>12}{would:>12}{more:>12}", title(metric.measure)));
            last = Some(metric.measure);
        }
        lines.push(row(metric));
    }
    if !report.differing.is_empty() {
        lines.push(format!("\nthe {} tickets that differ most", report.differing.len()));
        lines.extend(report.differing.iter().map(differing));
    }
    lines.join("\n")
}

fn share(part: u64, whole: u64) -> String {
    let thousandths = (part * 1000).checked_div(whole).unwrap_or_default();
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

fn title(measure: Measure) -> &'static str {
    match measure {
        Measure::TicketsByPriority => "tickets by priority",
        Measure::TicketsByCategory => "tickets by category",
        Measure::Backlog => "not over at the end",
        Measure::ResolutionMedian => "resolved within, half of them",
        Measure::ResolutionP90 => "resolved within, nine of ten",
        Measure::FirstAnswerMedian => "answered within, half of them",
        Measure::FirstAnswerP90 => "answered within, nine of ten",
        Measure::PromisesKept => "promises of an answer kept",
        Measure::Reopened => "reopened",
        Measure::PriorityCorrected => "priority corrected by people",
        Measure::CategoryCorrected => "category corrected by people",
    }
}

fn row(metric: &Metric) -> String {
    let of = match metric.of.as_deref() {
        None => "all",
        Some("") => "(no category)",
        Some(of) => of,
    };
    let told = |it: Option<i64>| it.map_or_else(|| "-".to_owned(), |it| value(metric.unit, it));
    let more = metric.difference().map_or_else(
        || "-".to_owned(),
        |it| match it {
            0 => "0".to_owned(),
            it if it > 0 => format!("+{}", value(metric.unit, it)),
            it => format!("-{}", value(metric.unit, -it)),
        },
    );
    let (was, would) = (told(metric.was), told(metric.would_be));
    format!("  {:<32}{was:>12}{would:>12}{more:>12}", plain(of))
}

fn value(unit: Unit, it: i64) -> String {
    match unit {
        Unit::Tickets => it.to_string(),
        Unit::Thousandths => format!("{}.{} %", it / 10, it % 10),
        Unit::Seconds => time(it),
    }
}

/// In its two largest units.
fn time(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} m {} s", seconds % 60),
        3600..86400 => format!("{hours} h {} m", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

fn differing(it: &Difference) -> String {
    let mut changes = Vec::new();
    let Difference {
        number, was, would_be, ..
    } = it;
    if was.priority != would_be.priority {
        let steps = rank(would_be.priority) - rank(was.priority);
        let (from, to) = (was.priority.as_str(), would_be.priority.as_str());
        changes.push(format!("priority {from} -> {to} ({steps:+})"));
    }
    if was.category != would_be.category {
        changes.push(format!("category {} -> {}", category(was), category(would_be)));
    }
    format!("  #{number:<10} {}", changes.join(", "))
}

fn rank(priority: Priority) -> i16 {
    projections::priority_rank(priority)
}

fn category(standing: &Standing) -> String {
    standing.category.as_deref().map_or_else(|| "(none)".to_owned(), plain)
}

/// Without what would play tricks on a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|it| if it.is_control() { '\u{fffd}' } else { it })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{share, time};

    #[test]
    fn times_and_shares_are_short() {
        assert_eq!(time(59), "59 s");
        assert_eq!(time(3599), "59 m 59 s");
        assert_eq!(time(86399), "23 h 59 m");
        assert_eq!(time(90000), "1 d 1 h");
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(0, 0), "0.0 %");
    }
}
