//! The table: medians over the runs, and ratios of figures taken side by side in one run.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use anyhow::Result;

use crate::{
    load::{Figures, float},
    settings::Section,
};

/// What a row is to come to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    /// Of the value itself.
    AtMost(f64),
    /// Of the value itself.
    AtLeast(f64),
    /// Of its ratio to `of`.
    Times { most: f64, of: &'static str },
    /// Of its ratio to the limit `of`.
    Share { least: f64, of: &'static str },
    /// `value` was asked on a machine of known limits: of its ratio to the limit `of`, this much.
    Ratio { least: f64, of: &'static str, value: f64 },
}

/// One figure, from each run.
#[derive(Debug)]
pub(crate) struct Row {
    section: Section,
    what: String,
    unit: &'static str,
    values: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    fsync: Vec<f64>,
    ratios: Vec<(&'static str, Vec<f64>)>,
    aim: Option<Aim>,
}

/// All figures so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Report {
    /// A line under the table; said once, however often it is given.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// The row of this name, made when it is not there.
    pub(crate) fn row(&mut self, section: Section, what: &str, unit: &'static str) -> &mut Row {
        let found = self.rows.iter().position(|it| it.section == section && it.what == what);
        let at = found.unwrap_or_else(|| {
            self.rows.push(Row {
                section,
                what: what.to_owned(),
                unit,
                values: Vec::new(),
                p50: Vec::new(),
                p99: Vec::new(),
                fsync: Vec::new(),
                ratios: Vec::new(),
                aim: None,
            });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }

    /// Writes the table to standard output.
    pub(crate) fn print(mut self) -> Result<()> {
        self.rows.sort_by_key(|it| it.section);
        let header = [
            "",
            "median",
            "",
            "from",
            "to",
            "p50 ms",
            "p99 ms",
            "fsync/s",
            "ratios, medians",
            "aim",
        ];
        let mut lines = vec![header.map(str::to_owned)];
        lines.extend(self.rows.iter().map(Row::cells));
        let widths: Vec<usize> = (0..header.len())
            .map(|column| {
                lines
                    .iter()
                    .map(|it| it[column].chars().count())
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        let mut out = io::stdout().lock();
        writeln!(out, "{}", line(&lines[0], &widths))?;
        let mut section = None;
        for (row, cells) in self.rows.iter().zip(&lines[1..]) {
            if section.replace(row.section) != Some(row.section) {
                writeln!(out, "\n{}", row.section.title())?;
            }
            writeln!(out, "{}", line(cells, &widths))?;
        }
        writeln!(out)?;
        for note in &self.notes {
            writeln!(out, "{note}")?;
        }
        Ok(out.flush()?)
    }
}

impl Row {
    /// This run's figure.
    pub(crate) fn value(&mut self, value: f64) -> &mut Self {
        self.values.push(value);
        self
    }

    /// This run's rate and latency.
    pub(crate) fn figures(&mut self, figures: Figures) -> &mut Self {
        self.p50.push(figures.latency.p50);
        self.p99.push(figures.latency.p99);
        self.value(figures.rate)
    }

    /// What the disk did just before.
    pub(crate) fn fsync(&mut self, rate: f64) -> &mut Self {
        self.fsync.push(rate);
        self
    }

    /// The figure as a part of another of this run.
    pub(crate) fn ratio(&mut self, of: &'static str, ratio: f64) -> &mut Self {
        match self.ratios.iter_mut().find(|(name, _)| *name == of) {
            Some((_, ratios)) => ratios.push(ratio),
            None => self.ratios.push((of, vec![ratio])),
        }
        self
    }

    pub(crate) fn aim(&mut self, aim: Aim) -> &mut Self {
        self.aim = Some(aim);
        self
    }

    fn cells(&self) -> [String; 10] {
        let (low, high) = range(&self.values);
        let ratios: Vec<String> = self
            .ratios
            .iter()
            .map(|(of, ratios)| format!("{} of {of}", median(ratios).map(ratio).unwrap_or_default()))
            .collect();
        [
            format!("  {}", self.what),
            shown(median(&self.values)),
            self.unit.to_owned(),
            shown(low),
            shown(high),
            shown(median(&self.p50)),
            shown(median(&self.p99)),
            shown(median(&self.fsync)),
            ratios.join(", "),
            self.aim.map(|it| self.verdict(it)).unwrap_or_default(),
        ]
    }

    fn verdict(&self, aim: Aim) -> String {
        let value = median(&self.values);
        let (text, met) = match aim {
            Aim::AtMost(most) => (format!("at most {}", digits(most)), value.map(|it| it <= most)),
            Aim::AtLeast(least) => (format!("at least {}", digits(least)), value.map(|it| it >= least)),
            Aim::Times { most, of } => (
                format!("at most {} of {of}", ratio(most)),
                self.part_of(of).map(|it| it <= most),
            ),
            Aim::Share { least, of } => (format!("{} of {of}", ratio(least)), self.reaches(least, of)),
            Aim::Ratio { least, of, value } => {
                let text = format!("{} of {of} ({})", ratio(least), digits(value));
                (text, self.reaches(least, of))
            }
        };
        let met = match met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "not measured",
        };
        format!("{text}: {met}")
    }
}

impl Row {
    fn reaches(&self, least: f64, of: &str) -> Option<bool> {
        self.part_of(of).map(|it| it >= least)
    }

    /// `None` when the ratio was not measured.
    fn part_of(&self, of: &str) -> Option<f64> {
        let found = self.ratios.iter().find(|(name, _)| *name == of);
        found.and_then(|(_, it)| median(it))
    }
}

/// Two digits behind the point: what differs less is noise.
fn ratio(value: f64) -> String {
    format!("{value:.2}")
}

/// Three digits that mean something, thousands apart.
fn digits(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => thousands(&format!("{value:.0}")),
    }
}

/// Nothing where nothing was measured.
fn shown(value: Option<f64>) -> String {
    value.map(digits).unwrap_or_default()
}

fn thousands(whole: &str) -> String {
    let mut text = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// The least and the greatest, when there is more than one.
fn range(values: &[f64]) -> (Option<f64>, Option<f64>) {
    let sorted = sorted(values);
    if sorted.len() < 2 {
        return (None, None);
    }
    (sorted.first().copied(), sorted.last().copied())
}

/// Words to the left, numbers to the right.
fn line(cells: &[String; 10], widths: &[usize]) -> String {
    let mut text = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        // A string takes everything.
        let written = match index {
            0 | 2 | 8 | 9 => write!(text, "{cell:<width$}  "),
            _ => write!(text, "{cell:>width$}  "),
        };
        written.ok();
    }
    text.trim_end().to_owned()
}

/// Tells whoever started this program something, on standard output.
pub(crate) fn say(line: &str) -> Result<()> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}

/// Tells the one who waits, on standard error, what is going on.
pub(crate) fn progress(text: &str) {
    // Nobody listening is no reason to stop.
    writeln!(io::stderr().lock(), "bench: {text}").ok();
}

/// Megabytes from the kibibytes of the kernel.
pub(crate) fn megabytes(kibibytes: usize) -> f64 {
    float(kibibytes) * 1024.0 / 1e6
}
