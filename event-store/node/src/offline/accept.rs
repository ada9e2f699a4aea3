//! The deliberate step after a loss.

use std::path::Path;

use super::source::Source;
use super::verify::{Report, check};
use crate::NodeError;
use crate::storage::acknowledged::Marker;
use crate::storage::schema;

/// Takes the log as it is for the whole log, after checking it, and writes the file with the acknowledged position
/// anew. For a log whose file was lost or damaged, or whose end is lost and no backup has it.
///
/// # Errors
/// A node runs on the directory, there is no log, or what is there is damaged.
pub fn accept(directory: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, NodeError> {
    let mut source = Source::open_as_it_is(directory)?;
    let _lock = schema::lock(directory)?;
    let report = check(&mut source, progress)?;
    Marker::make(directory, source.head)?;
    Ok(Report {
        acknowledged: Some(report.head),
        ..report
    })
}
