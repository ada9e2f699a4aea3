//! Ways through a log without hashing it: for tools that show, count or copy events.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use event_store::{Digest, Position};
use event_store_node::offline;

use crate::{Event, Source, SourceError};

/// Events asked of a server at a time.
const PAGE: usize = 4096;

/// Called with the position reached, now and then; a break asks to stop.
pub type Watch<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// What is done with each event; a break ends the way.
pub type Each<'a> = &'a mut dyn FnMut(&Event<'_>) -> ControlFlow<()>;

/// Between two calls of a [`Watch`].
const PACE: u64 = 256;

/// Calls `watch` for one event in so many.
pub(crate) fn pace(watch: Watch<'_>, count: u64, position: u64) -> ControlFlow<()> {
    if count.is_multiple_of(PACE) {
        watch(position)
    } else {
        ControlFlow::Continue(())
    }
}

/// An end of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Of the event there.
    pub position: u64,
    /// When the store took it, UTC.
    pub recorded: DateTime<Utc>,
}

impl Source {
    /// All events behind `after` in the order of the log, as it is at the beginning: what comes meanwhile is left out, or
    /// a log that never rests would have no end. Those of the store itself are among them only when it is a folder.
    ///
    /// # Errors
    /// [`SourceError`]; everything before was visited.
    pub fn visit(&self, after: u64, each: Each<'_>) -> Result<(), SourceError> {
        match self {
            Self::Folder(folder) => {
                offline::scan(folder.log(), after + 1, &mut |stored| each(&Event::from(stored)))?;
                Ok(())
            }
            Self::Server(log, runtime) => {
                let (mut after, head) = (Position(after), runtime.block_on(log.head())?);
                while after < head {
                    let page = runtime.block_on(log.read_unfiltered(after, PAGE))?;
                    let Some(last) = page.last() else { break };
                    after = last.position;
                    let mut there = page.iter().filter(|it| it.position <= head);
                    if there.any(|raw| each(&Event::from(raw)).is_break()) {
                        break;
                    }
                }
                Ok(())
            }
        }
    }

    /// All events of one stream, oldest first; none when there is no such stream.
    ///
    /// # Errors
    /// [`SourceError`]; everything before was visited.
    pub fn visit_stream(&self, name: &str, each: Each<'_>) -> Result<(), SourceError> {
        match self {
            Self::Folder(folder) => Ok(offline::stream(folder.log(), name, &mut |stored| {
                each(&Event::from(stored))
            })?),
            Self::Server(log, runtime) => {
                let events = runtime.block_on(log.read_stream(name, 0))?;
                // A break leaves the rest unvisited, nothing else.
                let _all_or_some = events.iter().any(|raw| each(&Event::from(raw)).is_break());
                Ok(())
            }
        }
    }

    /// A position behind which lie at least the newest `count` events, as far as there are so many.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn before_newest(&self, count: usize) -> Result<u64, SourceError> {
        match self {
            Self::Folder(_) => Ok(self.head()?.saturating_sub(count as u64)),
            // The answer is the position of an event, which a read after it leaves out.
            Self::Server(log, runtime) => Ok(runtime.block_on(log.before_end(count.saturating_add(1)))?.0),
        }
    }

    /// The first event; `None` of an empty log.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn first(&self) -> Result<Option<End>, SourceError> {
        let mut found = None;
        self.visit(0, &mut |event| {
            found = Some(End::of(event));
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// The newest event; `None` of an empty log.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn last(&self) -> Result<Option<End>, SourceError> {
        let mut found = None;
        let mut count = 1;
        // The newest may all be the store's own, which are not visited.
        while found.is_none() {
            let after = self.before_newest(count)?;
            self.visit(after, &mut |event| {
                found = Some(End::of(event));
                ControlFlow::Continue(())
            })?;
            if after == 0 {
                break;
            }
            count *= 64;
        }
        Ok(found)
    }

    /// What tells this log from every other: the hash of its first event that is not the store's own; `None` of an
    /// empty log.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn identity(&self) -> Result<Option<Digest>, SourceError> {
        let mut found = None;
        self.visit(0, &mut |event| {
            if !event.leaf.is_sealed() {
                return ControlFlow::Continue(());
            }
            found = Some(event.leaf.digest(&mut Vec::new()));
            ControlFlow::Break(())
        })?;
        Ok(found)
    }
}

impl End {
    fn of(event: &Event<'_>) -> Self {
        Self {
            position: event.leaf.position,
            recorded: event.recorded,
        }
    }
}
