//! What the log has already: nothing, or how the file begins.

use std::{ops::ControlFlow, path::Path};

use super::{ImportError, Plan, file::Lines};
use crate::{
    Event,
    export::line::{END, Line},
};

/// What is there of the file.
#[derive(Debug, Default)]
pub(super) struct Present {
    pub(super) events: u64,
    /// Position of the last.
    pub(super) head: u64,
    /// The first that has another position than in the file: there, and here.
    pub(super) moved: Option<(u64, u64)>,
}

impl Present {
    /// One more event, at these positions of the file and of the log.
    fn has(&mut self, there: u64, here: u64) {
        self.events += 1;
        self.head = here;
        if there != here {
            self.moved.get_or_insert((there, here));
        }
    }
}

/// Compares the log with the file, which is then read as far as the log has it.
///
/// # Errors
/// The first event that differs.
pub(super) fn compare(lines: &mut Lines, plan: &Plan<'_>, path: &Path) -> Result<Present, ImportError> {
    let mut present = Present::default();
    let Some(source) = plan.target.source() else {
        return Ok(present);
    };
    source.end()?;
    let mut failed = None;
    source.visit(0, &mut |event| {
        if !event.leaf.is_sealed() && !plan.target.takes_store_events() {
            return ControlFlow::Continue(());
        }
        match next(lines, plan, path, event) {
            Ok(there) => present.has(there, event.leaf.position),
            Err(error) => failed = Some(error),
        }
        if failed.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    failed.map_or(Ok(present), Err)
}

/// The file's position of the event that the log has.
fn next(lines: &mut Lines, plan: &Plan<'_>, path: &Path, event: &Event<'_>) -> Result<u64, ImportError> {
    let other = |reason: String| ImportError::NotEmpty {
        place: plan.target.to_string(),
        path: path.to_owned(),
        reason,
    };
    let leaf = &event.leaf;
    while lines.next()? && !lines.text().starts_with(END) {
        let line = Line::read(lines.text()).map_err(|it| lines.wrong("(which one is not known)", it.to_string()))?;
        if !plan.takes(&line) {
            continue;
        }
        let mut there = line.event().leaf;
        there.position = leaf.position;
        if there == *leaf {
            return Ok(line.position);
        }
        return Err(other(format!(
            "at position {} it has event {} of stream {}, where line {} has event {} of stream {}",
            leaf.position,
            leaf.revision,
            leaf.stream,
            lines.number(),
            line.revision,
            line.stream
        )));
    }
    Err(other(format!(
        "it goes on behind the end of the file, with position {}",
        leaf.position
    )))
}
