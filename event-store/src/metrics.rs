//! What the log tells of itself: every name, in one place. Who wants to see them installs a recorder of the crate
//! `metrics`; without one they cost next to nothing.
//!
//! Labels are words of the code (a call's name, a reason), never names of streams: no personal data, few series.

use std::time::Duration;

use metrics::{Unit, counter, gauge, histogram};

use crate::Position;

/// Clients made, by `reason`: `first`, `lost` (the old one gave up), `failing` (several calls in a row failed),
/// `silent` (a try heard nothing).
pub const CONNECTIONS: &str = "letopis_log_connections_total";
/// Tries after the first, by `call`.
pub const RETRIES: &str = "letopis_log_retries_total";
/// Calls given up with `Unavailable`, by `call`.
pub const UNAVAILABLE: &str = "letopis_log_unavailable_total";
/// Seconds until a call was answered, all its tries and pauses together, by `call`.
pub const CALL_SECONDS: &str = "letopis_log_call_seconds";
/// Subscriptions begun again where they were, by `reason`: `broken` (the server or the connection ended it), `stalled`
/// (events exist that it does not deliver), `silent` (the store, or its own connection, does not answer).
pub const RESUMES: &str = "letopis_log_subscription_resumes_total";
/// Subscriptions found to deliver nothing although events exist.
pub const STALLED: &str = "letopis_log_subscription_stalled_total";
/// Highest position an answer has told of.
pub const HEAD: &str = "letopis_log_head_position";
/// Upper bounds of [`CALL_SECONDS`] that tell a local disk from a remote server from a repeated try.
pub const CALL_SECONDS_BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Gives the installed recorder unit and meaning of each.
pub fn describe() {
    metrics::describe_counter!(CONNECTIONS, "Clients of the event store made, by reason");
    metrics::describe_counter!(RETRIES, "Repeated tries of calls to the event store, by call");
    metrics::describe_counter!(
        UNAVAILABLE,
        "Calls to the event store given up because it does not answer, by call"
    );
    metrics::describe_histogram!(
        CALL_SECONDS,
        Unit::Seconds,
        "Time until a call to the event store was answered"
    );
    metrics::describe_counter!(RESUMES, "Subscriptions begun again where they were, by reason");
    metrics::describe_counter!(STALLED, "Subscriptions found to deliver nothing although events exist");
    metrics::describe_gauge!(HEAD, "Highest log position an answer has told of");
}

pub(crate) fn connected(reason: &'static str) {
    counter!(CONNECTIONS, "reason" => reason).increment(1);
}

pub(crate) fn retried(call: &'static str) {
    counter!(RETRIES, "call" => call).increment(1);
}

pub(crate) fn gave_up(call: &'static str) {
    counter!(UNAVAILABLE, "call" => call).increment(1);
}

pub(crate) fn answered(call: &'static str, after: Duration) {
    histogram!(CALL_SECONDS, "call" => call).record(after.as_secs_f64());
}

pub(crate) fn resumed(reason: &'static str) {
    counter!(RESUMES, "reason" => reason).increment(1);
}

pub(crate) fn stalled() {
    counter!(STALLED).increment(1);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge has no other form, and no reader needs the last digit"
)]
pub(crate) fn head(position: Position) {
    gauge!(HEAD).set(position.0 as f64);
}
