//! Ends a loop of the client that nothing else can end.
//!
//! When a server or a proxy ends a subscription with the status OK, release 1.2.0 of the client asks the ended stream
//! for its next message for ever, inside one poll: the thread is lost at full load, and neither a timeout nor an abort
//! of the task comes through. All the loop does besides is warn through `tracing`. So each subscription is polled with
//! a subscriber of its own that counts these warnings and, past what an honest server could cause, unwinds out of
//! the loop. The loop then costs some microseconds instead of a core; a thread for each subscription would only hide it.
//!
//! It rests on panics that unwind: with `panic = "abort"` it would end the process.

use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicU32, Ordering},
};

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

/// Warnings between two messages of a subscription that are borne: a newer server may send messages that the client
/// does not know, and it warns of each of these too.
const BORNE: u32 = 1000;

/// What is unwound with.
#[derive(Debug)]
pub(crate) struct Tripped;

/// Counts warnings of one module of the client.
pub(crate) struct Tripwire {
    module: &'static str,
    warnings: AtomicU32,
}

impl Tripwire {
    /// Heeds warnings from `module` while it is the current subscriber.
    pub(crate) fn across(module: &'static str) -> Dispatch {
        Dispatch::new(Self {
            module,
            warnings: AtomicU32::new(0),
        })
    }

    /// Begins to count anew.
    pub(crate) fn reset(dispatch: &Dispatch) {
        if let Some(tripwire) = dispatch.downcast_ref::<Self>() {
            tripwire.warnings.store(0, Ordering::Relaxed);
        }
    }

    fn heeds(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN && metadata.target() == self.module
    }
}

impl Subscriber for Tripwire {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.heeds(metadata) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.heeds(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn event(&self, _event: &Event<'_>) {
        if self.warnings.fetch_add(1, Ordering::Relaxed) >= BORNE {
            // Not a panic: nothing is wrong with us, and no hook shall print.
            resume_unwind(Box::new(Tripped));
        }
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}
