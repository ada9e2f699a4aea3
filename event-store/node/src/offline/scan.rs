//! All events in the order of the log.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::source::Source;
use crate::NodeError;
use crate::storage::Direction;
use crate::storage::check::{PAGE, Stored};

/// An event as it lies in the log; its bytes match the checksum stored with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// In the whole log, from 1, without gaps.
    pub position: u64,
    /// Name of the stream.
    pub stream: Arc<str>,
    /// In the stream, from 0, without gaps; `i64::MAX` for the event that ends a stream for good.
    pub revision: u64,
    /// Given by the writer.
    pub id: Uuid,
    /// Given by the writer.
    pub event_type: Arc<str>,
    /// When the node took it, in 100 ns since 1970 UTC; never goes back.
    pub created: i64,
    /// Whether the writer called the data JSON.
    pub is_json: bool,
    /// As written.
    pub metadata: Vec<u8>,
    /// As written.
    pub data: Vec<u8>,
}

/// Whether the log reaches its acknowledged end.
///
/// # Errors
/// There is no log, or it ends before.
pub fn end(directory: &Path) -> Result<(), NodeError> {
    Source::open(directory).map(drop)
}

/// Calls `each` for every event from position `from` on (0 is the same as 1), in order, until it breaks. Answers with
/// the head at the start: later events are not visited. Whether the end of the log was lost is for [`end`] to say.
///
/// # Errors
/// There is no log, or an event is damaged: the error names its position, and everything before it was visited.
pub fn scan(
    directory: &Path,
    from: u64,
    each: &mut dyn FnMut(&StoredEvent) -> ControlFlow<()>,
) -> Result<u64, NodeError> {
    let (mut source, _end) = Source::open_with_end(directory)?;
    visit(&mut source, from, each)?;
    Ok(source.head.cast_unsigned())
}

pub(super) fn visit(
    source: &mut Source,
    from: u64,
    each: &mut dyn FnMut(&StoredEvent) -> ControlFlow<()>,
) -> Result<(), NodeError> {
    let mut next = i64::try_from(from).unwrap_or(i64::MAX).max(1);
    let mut event = None;
    let mut going = ControlFlow::Continue(());
    while next <= source.head && going.is_continue() {
        let last = source.head.min(next.saturating_add(PAGE - 1));
        let walked = source.rows.walk(next, last, Direction::Forwards, &mut |row| {
            going = each(fill(&mut event, row));
            going
        });
        next = walked.map_err(|found| source.fault(found))? + 1;
    }
    Ok(())
}

/// One event's buffers serve all of them.
pub(super) fn fill<'a>(event: &'a mut Option<StoredEvent>, row: &Stored<'_>) -> &'a StoredEvent {
    let parts = row.parts;
    let event = event.get_or_insert_with(|| StoredEvent {
        position: 0,
        stream: Arc::clone(row.stream),
        revision: 0,
        id: Uuid::nil(),
        event_type: Arc::clone(row.kind),
        created: 0,
        is_json: false,
        metadata: Vec::new(),
        data: Vec::new(),
    });
    event.position = parts.position.cast_unsigned();
    event.stream.clone_from(row.stream);
    event.revision = parts.revision.cast_unsigned();
    event.id = Uuid::from_slice(parts.id).unwrap_or_default();
    event.event_type.clone_from(row.kind);
    event.created = parts.created;
    event.is_json = parts.is_json;
    event.metadata.clear();
    event.metadata.extend_from_slice(parts.meta);
    event.data.clear();
    event.data.extend_from_slice(parts.data);
    event
}
