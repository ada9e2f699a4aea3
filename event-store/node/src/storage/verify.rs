//! The check of the whole log behind the running node.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::reader::{Direction, PAGE_EVENTS, Query, Reader, Scope, Span};
use crate::NodeError;
use crate::health::Health;

/// Rests three times as long as it works: the check may take minutes, the callers come first.
const REST: u32 = 3;

/// Reads every event up to `head` once; a damaged one is reported to `health`. Ends early when `stopped` closes.
pub(crate) fn start(
    path: &Arc<Path>,
    head: i64,
    health: Health,
    stopped: Receiver<()>,
) -> Result<JoinHandle<()>, NodeError> {
    let file = Arc::clone(path);
    super::spawn(path, "event-log-verifier", move || {
        let checked = Reader::open(file).and_then(|mut reader| check(&mut reader, head, |rest| sleep(&stopped, rest)));
        match checked {
            Ok(()) => tracing::debug!(head, "every stored event matches its checksum"),
            Err(fault @ NodeError::Damaged { .. }) => health.report(fault),
            Err(error) => tracing::warn!(%error, "the stored events could not be checked"),
        }
    })
}

/// `rest` answers false when the check shall end.
pub(crate) fn check(reader: &mut Reader, head: i64, rest: impl Fn(Duration) -> bool) -> Result<(), NodeError> {
    let mut query = Query {
        scope: Scope::All,
        direction: Direction::Forwards,
        span: Span { first: 1, last: head },
        filter: None,
        resolve_links: false,
        limit: PAGE_EVENTS,
    };
    while !query.span.is_empty() {
        let begun = Instant::now();
        query.span = reader.page(&query)?.rest;
        if !rest(begun.elapsed() * REST) {
            break;
        }
    }
    Ok(())
}

fn sleep(stopped: &Receiver<()>, time: Duration) -> bool {
    matches!(stopped.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}
