//! Into a server, by appends in the order of the file: what stands side by side in one stream goes in one append.

use event_store::{EventLog, Expected, LogError, NewEvent};
use tokio::runtime::Runtime;

use super::{ImportError, Imported, Plan, file::Lines};
use crate::{
    SourceError,
    export::line::{END, Line},
    walk::{Watch, pace},
};

/// One append at the first of these; servers take a megabyte by default.
const EVENTS: usize = 256;
const BYTES: usize = 512 << 10;

pub(super) fn write(
    log: (&EventLog, &Runtime),
    lines: &mut Lines,
    plan: &Plan<'_>,
    imported: &mut Imported,
    watch: Watch<'_>,
) -> Result<(), ImportError> {
    let mut group = Group::default();
    let mut seen = 0;
    while lines.next()? && !lines.text().starts_with(END) {
        let line = Line::read(lines.text()).map_err(|_other| lines.changed())?;
        if !plan.takes(&line) {
            continue;
        }
        if !group.has_room(&line) {
            group.append(log, lines, plan, imported)?;
        }
        group.add(line);
        seen += 1;
        if pace(watch, seen, lines.bytes()).is_break() {
            return group.append(log, lines, plan, imported);
        }
    }
    group.append(log, lines, plan, imported)?;
    imported.complete = true;
    Ok(())
}

/// Events of one append.
#[derive(Default)]
struct Group {
    stream: String,
    first: u64,
    /// Position of the last in the file.
    position: u64,
    events: Vec<NewEvent>,
    bytes: usize,
}

impl Group {
    fn has_room(&self, line: &Line<'_>) -> bool {
        let size = self.bytes + line.payload.len() + line.metadata.len();
        self.events.is_empty() || (self.stream == line.stream && self.events.len() < EVENTS && size <= BYTES)
    }

    fn add(&mut self, line: Line<'_>) {
        if self.events.is_empty() {
            self.stream = line.stream.into_owned();
            self.first = line.revision;
        }
        self.position = line.position;
        self.bytes += line.payload.len() + line.metadata.len();
        self.events.push(NewEvent {
            id: line.id,
            event_type: line.event_type.into_owned(),
            payload: line.payload.into_owned(),
            metadata: line.metadata.into_owned(),
        });
    }

    /// Leaves an empty group.
    fn append(
        &mut self,
        (log, runtime): (&EventLog, &Runtime),
        lines: &Lines,
        plan: &Plan<'_>,
        imported: &mut Imported,
    ) -> Result<(), ImportError> {
        let group = std::mem::take(self);
        if group.events.is_empty() {
            return Ok(());
        }
        let expected = Expected::after(group.first.checked_sub(1));
        let appended = runtime.block_on(log.append(&group.stream, expected, &group.events));
        let appended = appended.map_err(|error| match error {
            LogError::Conflict { stream } => ImportError::Crossed {
                place: plan.target.to_string(),
                stream,
                revision: group.first,
            },
            LogError::Unavailable { .. }
            | LogError::Damaged { .. }
            | LogError::Refused { .. }
            | LogError::Address { .. } => SourceError::from(error).into(),
        })?;
        imported.wrote(group.position, appended.position.0, group.events.len() as u64);
        match imported.moved {
            Some((there, here)) => plan.moved(lines.path(), imported.seals, there, here),
            None => Ok(()),
        }
    }
}
