//! Into the folder of a node that does not run: every event exactly as it was.

use std::{path::Path, sync::Arc};

use event_store_node::offline::{Restore, StoredEvent};

use super::{ImportError, Imported, Plan, file::Lines, present::Present};
use crate::{
    event::ticks,
    export::line::{END, Line},
    walk::{Watch, pace},
};

pub(super) fn write(
    log: &Path,
    lines: &mut Lines,
    plan: &Plan<'_>,
    present: &Present,
    imported: &mut Imported,
    watch: Watch<'_>,
) -> Result<(), ImportError> {
    let mut restore = Restore::open(log)?;
    if restore.head() != present.head {
        return Err(ImportError::NotEmpty {
            place: plan.target.to_string(),
            path: lines.path().to_owned(),
            reason: "somebody wrote to it meanwhile".to_owned(),
        });
    }
    let mut stopped = false;
    while !stopped && lines.next()? && !lines.text().starts_with(END) {
        let line = Line::read(lines.text()).map_err(|_other| lines.changed())?;
        if !plan.takes(&line) {
            continue;
        }
        let there = line.position;
        let Some(here) = restore.push(&stored(line))? else {
            return Err(lines.changed());
        };
        imported.wrote(there, here, 1);
        stopped = pace(watch, imported.written, lines.bytes()).is_break();
    }
    restore.finish()?;
    imported.complete = !stopped;
    Ok(())
}

fn stored(line: Line<'_>) -> StoredEvent {
    StoredEvent {
        position: line.position,
        stream: Arc::from(&*line.stream),
        revision: line.revision,
        id: line.id,
        event_type: Arc::from(&*line.event_type),
        created: ticks(line.recorded),
        is_json: line.is_json,
        metadata: line.metadata.into_owned(),
        data: line.payload.into_owned(),
    }
}
