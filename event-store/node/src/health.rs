//! The first fault that makes the node untrustworthy.

use std::sync::Arc;

use tokio::sync::watch;

use crate::NodeError;

/// Shared by all who may find a fault; only the first one counts, later ones tend to be its consequences.
#[derive(Clone, Debug)]
pub(crate) struct Health(Arc<watch::Sender<Option<NodeError>>>);

impl Health {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    pub(crate) fn report(&self, fault: NodeError) {
        self.0.send_if_modified(|first| {
            let news = first.is_none();
            if news {
                tracing::error!(%fault, "the event log can no longer be trusted");
                *first = Some(fault);
            }
            news
        });
    }

    pub(crate) fn fault(&self) -> Option<NodeError> {
        self.0.borrow().clone()
    }

    /// Pending for ever while all is well.
    pub(crate) async fn failed(&self) -> NodeError {
        let mut faults = self.0.subscribe();
        loop {
            if let Some(fault) = faults.borrow_and_update().clone() {
                return fault;
            }
            // The sender lives in `self`, so the channel cannot close meanwhile.
            if faults.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
