//! What a request leaves behind before its answer goes out: what it was refused, and what personal data it was shown.

use tracing::error;

use super::Ready;
use crate::graphql::{Call, Caller};

/// Puts it on record. Strangers have no name to record it under.
pub(super) async fn leave(ready: &Ready, call: &Call, caller: &Caller) {
    let denied = call.denied();
    if caller.viewer.is_nobody() {
        return;
    }
    ready
        .parts
        .looks
        .record(&ready.parts.handler, &caller.viewer, &call.shown)
        .await;
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
