//! The check of everything that lies in the file: rows, the indexes that find them, and names.
//!
//! Rows are followed from the newest backwards, so that a check that ends early has looked at what was written last.
//! Then each index is walked once in its own order. Work comes in short steps, a statement or two each, so that the
//! check holds up nobody and can rest in between.

mod found;
mod index;
mod names;
mod rows;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

pub(crate) use found::Found;
pub(crate) use rows::{PAGE, Rows, Stored};

use self::index::Index;
use self::names::{Names, Table};
use super::reader::Direction;
use super::schema;
use crate::NodeError;

/// What still has to be done, and what is known so far.
pub(crate) struct Check {
    head: i64,
    stage: Stage,
    index: Index,
    /// Streams and types counted.
    streams: u64,
}

enum Stage {
    /// Everything up to this position.
    Rows(i64),
    Index,
    Streams(Names),
    Types(Names),
    Done,
}

/// Whether each row is also looked up through the index at once, rather than when the index has its turn. Finds
/// damage of the index early, at twice the cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    Rows,
    RowsAndLookups,
}

impl Check {
    /// Of everything up to `head`; what is appended meanwhile does not disturb.
    pub(crate) fn new(head: i64) -> Self {
        Self {
            head,
            stage: Stage::Rows(head),
            index: Index::new(head),
            streams: 0,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// Distinct streams, known when the check is done.
    pub(crate) fn streams(&self) -> u64 {
        self.streams
    }

    /// Between 0 and the head.
    pub(crate) fn progress(&self) -> i64 {
        match self.stage {
            // Walking the index takes about a quarter of the time.
            Stage::Rows(next) => (self.head - next) / 4 * 3,
            Stage::Index => self.head / 4 * 3 + self.index.walked().min(self.head) / 4,
            Stage::Streams(_) | Stage::Types(_) | Stage::Done => self.head,
        }
    }

    /// The next piece of work.
    pub(crate) fn step(&mut self, rows: &mut Rows, depth: Depth) -> Result<(), NodeError> {
        let path = Arc::clone(rows.path());
        self.try_step(rows, depth).map_err(|found| found.in_file(&path))
    }

    fn try_step(&mut self, rows: &mut Rows, depth: Depth) -> Result<(), Found> {
        match &mut self.stage {
            Stage::Rows(next) if *next < 1 => self.stage = Stage::Index,
            Stage::Rows(next) => {
                let (first, last) = ((*next - PAGE + 1).max(1), *next);
                let index = &mut self.index;
                *next = rows.walk(first, last, Direction::Backwards, &mut |row| {
                    index.expect(row);
                    ControlFlow::Continue(())
                })? - 1;
                if depth == Depth::RowsAndLookups {
                    rows.look_up(*next + 1, last)?;
                }
            }
            Stage::Index => {
                if self.index.step(rows)? {
                    self.streams = self.index.streams();
                    self.stage = Stage::Streams(Names::new(Table::Streams));
                }
            }
            Stage::Streams(names) => {
                if names.step(rows)? {
                    self.stage = Stage::Types(Names::new(Table::Types));
                }
            }
            Stage::Types(names) => {
                if names.step(rows)? {
                    self.stage = Stage::Done;
                }
            }
            Stage::Done => {}
        }
        Ok(())
    }
}

/// Opens the file for a check of its own.
pub(crate) fn open(path: &Arc<Path>) -> Result<Rows, NodeError> {
    Ok(Rows::new(schema::open_reader(path)?, Arc::clone(path)))
}
