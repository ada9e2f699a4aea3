//! The node's only look at the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use prost_types::Timestamp;

pub(crate) const TICKS_PER_SECOND: i64 = 10_000_000;

/// 100 ns ticks since 1970, the protocol's unit; 0 on a machine whose clock stands before 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the store itself stamps when it received an event"
)]
pub(crate) fn ticks() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_nanos() / 100).unwrap_or(i64::MAX)
}

/// The same instant as a protobuf timestamp.
pub(crate) fn timestamp(ticks: i64) -> Timestamp {
    let nanos = ticks.rem_euclid(TICKS_PER_SECOND) * 100;
    Timestamp {
        seconds: ticks.div_euclid(TICKS_PER_SECOND),
        nanos: i32::try_from(nanos).unwrap_or(0),
    }
}
