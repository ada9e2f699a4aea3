//! The newest events of a log, and those that come.

use std::{collections::VecDeque, ops::ControlFlow, time::Duration};

use event_store::{Delivery, EventLog, Position, Raw, Subscription};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{Event, Scope, Source, SourceError, source::threads, walk::Each};

/// Events looked at first, and how many times more each time when too few of them are meant.
const FIRST: usize = 1024;
const MORE: usize = 16;

/// How often a folder is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Deliveries taken at a time.
const BATCH: usize = 256;

/// The newest `count` events that are asked for, oldest first, and the position up to which was looked: what comes later
/// lies behind it.
///
/// # Errors
/// [`SourceError`].
pub fn newest(source: &Source, scope: &Scope, count: usize) -> Result<(Vec<Raw>, u64), SourceError> {
    let head = source.head()?;
    let mut wide = FIRST.max(count);
    loop {
        let after = if count == 0 { head } else { source.before_newest(wide)? };
        let found = behind(source, scope, (after, head), count)?;
        if found.len() >= count || after == 0 {
            return Ok((found.into(), head));
        }
        wide = wide.saturating_mul(MORE);
    }
}

fn behind(
    source: &Source,
    scope: &Scope,
    (after, head): (u64, u64),
    count: usize,
) -> Result<VecDeque<Raw>, SourceError> {
    let mut found = VecDeque::new();
    source.visit(after, &mut |event| {
        if event.leaf.position > head {
            return ControlFlow::Break(());
        }
        if scope.takes(event)? {
            found.push_back(event.to_raw());
        }
        if found.len() > count {
            found.pop_front();
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Hands over what comes behind `after` and is asked for, until `each` breaks or somebody asks to stop. A server tells
/// what is new; a folder is looked at again and again, whether a server runs on it or not.
///
/// # Errors
/// [`SourceError`].
pub fn follow(
    source: &Source,
    scope: &Scope,
    after: u64,
    stopped: &CancellationToken,
    each: Each<'_>,
) -> Result<(), SourceError> {
    match source {
        Source::Server(log, runtime) => runtime.block_on(until(stopped, follow_server(log, scope, after, each))),
        Source::Folder(_) => threads()?.block_on(until(stopped, follow_folder(source, scope, after, each))),
    }
}

async fn until(
    stopped: &CancellationToken,
    work: impl Future<Output = Result<(), SourceError>>,
) -> Result<(), SourceError> {
    tokio::select! {
        ended = work => ended,
        () = stopped.cancelled() => Ok(()),
    }
}

async fn follow_server(log: &EventLog, scope: &Scope, after: u64, each: Each<'_>) -> Result<(), SourceError> {
    let types: Vec<&str> = scope.types.iter().map(String::as_str).collect();
    let mut subscription = Subscription::start(log, Position(after), &types);
    loop {
        for delivery in subscription.next_batch(BATCH).await? {
            let event = match delivery {
                Delivery::Event(event) => event,
                Delivery::Passed(_) | Delivery::CaughtUp => continue,
            };
            if hand_over(&Event::from(&*event), scope, each).is_break() {
                return Ok(());
            }
        }
    }
}

async fn follow_folder(source: &Source, scope: &Scope, mut after: u64, each: Each<'_>) -> Result<(), SourceError> {
    let mut flow = ControlFlow::Continue(());
    loop {
        source.visit(after, &mut |event| {
            after = event.leaf.position;
            flow = hand_over(event, scope, each);
            flow
        })?;
        if flow.is_break() {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}

fn hand_over(event: &Event<'_>, scope: &Scope, each: Each<'_>) -> ControlFlow<()> {
    if scope.takes(event)? {
        each(event)
    } else {
        ControlFlow::Continue(())
    }
}
