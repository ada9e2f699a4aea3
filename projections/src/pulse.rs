//! How a unit is doing, as its worker tells it every second.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use event_store::Position;
use tokio::{sync::Notify, time::Instant};

/// Weight of the newest second in the rate.
const NEWEST: f64 = 0.5;
/// Events a second below which it stands still: halves of what was once would never end.
const LEAST: f64 = 0.05;

/// What the unit says of itself.
#[derive(Debug)]
pub(crate) struct Pulse {
    state: Mutex<State>,
    /// One of the worker's units has moved.
    moved: Arc<Notify>,
}

#[derive(Debug, Clone)]
struct State {
    position: Position,
    caught_up: bool,
    /// When the store took the oldest event at hand that is not applied.
    waiting_since: Option<DateTime<Utc>>,
    fault: Option<String>,
    events: usize,
    held: u64,
    rate: f64,
    counted_at: Instant,
}

/// A look at it.
#[derive(Debug, Clone)]
pub(crate) struct Beat {
    pub(crate) position: Position,
    /// Nothing that concerns it waits.
    pub(crate) caught_up: bool,
    pub(crate) waiting_since: Option<DateTime<Utc>>,
    pub(crate) fault: Option<String>,
    /// Events a second, lately.
    pub(crate) rate: f64,
    /// Streams held back.
    pub(crate) held: u64,
}

impl Beat {
    /// Of a unit that cannot even be begun with.
    pub(crate) fn faulty(reason: &str) -> Self {
        Self {
            position: Position::START,
            caught_up: false,
            waiting_since: None,
            fault: Some(reason.to_owned()),
            rate: 0.0,
            held: 0,
        }
    }
}

impl Pulse {
    pub(crate) fn new(position: Position, moved: Arc<Notify>) -> Self {
        let state = State {
            position,
            caught_up: false,
            waiting_since: None,
            fault: None,
            events: 0,
            held: 0,
            rate: 0.0,
            counted_at: Instant::now(),
        };
        Self {
            state: Mutex::new(state),
            moved,
        }
    }

    /// It stands at the end of the log, and nothing keeps it from moving on.
    pub(crate) fn is_caught_up(&self) -> bool {
        let state = self.lock();
        state.caught_up && state.fault.is_none()
    }

    pub(crate) fn is_faulty(&self) -> bool {
        self.lock().fault.is_some()
    }

    /// Others will not wait for it.
    pub(crate) fn falls_behind(&self) {
        self.lock().caught_up = false;
    }

    pub(crate) fn takes(&self, stored_at: Option<DateTime<Utc>>) {
        self.lock().waiting_since = stored_at;
    }

    pub(crate) fn took(&self, position: Position, events: usize, caught_up: bool) {
        let mut state = self.lock();
        state.position = position;
        state.events += events;
        state.caught_up |= caught_up;
        state.waiting_since = None;
        drop(state);
        self.moved.notify_one();
    }

    pub(crate) fn stands(&self, position: Position) {
        self.lock().position = position;
    }

    pub(crate) fn holds(&self, streams: usize) {
        self.lock().held = u64::try_from(streams).unwrap_or_default();
    }

    pub(crate) fn fault(&self, reason: &str) {
        self.lock().fault = Some(reason.to_owned());
    }

    pub(crate) fn well(&self) {
        self.lock().fault = None;
    }

    /// A look, which ends the interval that the rate is counted over.
    pub(crate) fn beat(&self) -> Beat {
        let mut state = self.lock();
        let seconds = state.counted_at.elapsed().as_secs_f64().max(1e-3);
        let now = f64::from(u32::try_from(state.events).unwrap_or(u32::MAX)) / seconds;
        state.rate += (now - state.rate) * NEWEST;
        if state.rate < LEAST {
            state.rate = 0.0;
        }
        (state.events, state.counted_at) = (0, Instant::now());
        Beat {
            position: state.position,
            caught_up: state.caught_up && state.waiting_since.is_none() && state.fault.is_none(),
            waiting_since: state.waiting_since,
            fault: state.fault.clone(),
            rate: state.rate,
            held: state.held,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
