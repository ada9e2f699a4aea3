//! Tries that were refused, on record before their answer goes out.

use tracing::error;

use super::Ready;
use crate::graphql::{Call, Caller};

/// Records what the call was refused for want of a right. Strangers have no name to record it under.
pub(super) async fn record(ready: &Ready, call: &Call, caller: &Caller) {
    let denied = call.denied();
    if caller.viewer.is_nobody() {
        return;
    }
    for (operation, missing) in denied {
        let recorded = ready
            .parts
            .handler
            .deny(&caller.viewer.actor, &operation, missing)
            .await;
        if let Err(error) = recorded {
            error!(%error, operation, missing = missing.as_str(), "a refused try is not on record");
        }
    }
}
