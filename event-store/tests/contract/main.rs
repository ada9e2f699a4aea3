//! What the log promises, whatever server stands behind it: each rule is written once and holds for the node in
//! process, for the node as a program, and, when `EVENT_STORE_URL` is set, for the server it names.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests do")]
#![expect(clippy::panic, reason = "helpers of tests fail like tests do")]
#![expect(clippy::tests_outside_test_module, reason = "the whole crate is tests")]

mod chain;
mod faults;
mod foreign;
mod impostor;
mod port;
mod protocol;
mod proxy;
mod restarts;
mod server;
mod wire;

use std::time::Duration;

use event_store::{Delivery, LogError, Raw, Subscription};
use tokio::time::{Instant, sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(30);

fn ids(events: &[Raw]) -> Vec<u128> {
    events.iter().map(|it| it.id.as_u128()).collect()
}

fn is_conflict<T>(result: &Result<T, LogError>) -> bool {
    matches!(result, Err(LogError::Conflict { .. }))
}

/// The next so many events of a subscription; `Passed` never lies behind them.
async fn take(subscription: &mut Subscription, count: usize) -> Vec<Raw> {
    let mut events: Vec<Raw> = Vec::new();
    while events.len() < count {
        let batch = timeout(PATIENCE, subscription.next_batch(count - events.len())).await;
        for delivery in batch
            .unwrap_or_else(|_| panic!("{} of {count} events came", events.len()))
            .unwrap()
        {
            match delivery {
                Delivery::Event(event) => events.push(*event),
                Delivery::Passed(position) => assert!(events.last().is_none_or(|it| it.position <= position)),
                Delivery::CaughtUp => {}
            }
        }
    }
    events
}

/// Waits until the subscription has delivered all there is.
async fn caught_up(subscription: &mut Subscription) {
    loop {
        let batch = timeout(PATIENCE, subscription.next_batch(1)).await;
        if matches!(batch.unwrap().unwrap()[..], [Delivery::CaughtUp]) {
            return;
        }
    }
}

/// Looks every 10 ms whether something has come about.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < end, "never: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
