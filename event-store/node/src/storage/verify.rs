//! The check of the whole log: the newest part before the node starts, the rest behind the running node.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::check::{self, Check, Depth};
use crate::NodeError;
use crate::health::Health;

/// What the check may take before the node starts; logs of some 100,000 events are then checked whole.
const BEFORE_START: Duration = Duration::from_millis(300);
/// Rests three times as long as it works: the check may take minutes, the callers come first.
const REST: u32 = 3;

/// Checks backwards from `head` as long as the time allows. Answers with what is left.
pub(crate) fn newest(path: &Arc<Path>, head: i64) -> Result<Check, NodeError> {
    let begun = Instant::now();
    let mut check = Check::new(head);
    let mut rows = check::open(path)?;
    while !check.is_done() && begun.elapsed() < BEFORE_START {
        check.step(&mut rows, Depth::RowsAndLookups)?;
    }
    Ok(check)
}

/// Brings `check` to its end; damage is reported to `health`. Ends early when `stopped` closes.
pub(crate) fn start(
    path: &Arc<Path>,
    mut check: Check,
    health: Health,
    stopped: Receiver<()>,
) -> Result<JoinHandle<()>, NodeError> {
    let file = Arc::clone(path);
    super::spawn(path, "event-log-verifier", move || {
        match finish(&file, &mut check, |rest| sleep(&stopped, rest)) {
            Ok(()) => tracing::debug!(done = check.is_done(), "no damage in the log"),
            Err(fault @ NodeError::Damaged { .. }) => health.report(fault),
            Err(error) => tracing::warn!(%error, "the stored events could not be checked"),
        }
    })
}

/// `rest` answers false when the check shall end.
fn finish(path: &Arc<Path>, check: &mut Check, rest: impl Fn(Duration) -> bool) -> Result<(), NodeError> {
    let mut rows = check::open(path)?;
    while !check.is_done() {
        let begun = Instant::now();
        check.step(&mut rows, Depth::Rows)?;
        if !rest(begun.elapsed() * REST) {
            break;
        }
    }
    Ok(())
}

fn sleep(stopped: &Receiver<()>, time: Duration) -> bool {
    matches!(stopped.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}
