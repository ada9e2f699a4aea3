//! A few read-only connections, lent to blocking tasks.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::reader::Reader;
use crate::NodeError;
use crate::health::Health;

/// More would only compete for the same disk and cores.
const READERS: usize = 8;

pub(crate) struct Readers {
    path: Arc<Path>,
    idle: Arc<Mutex<Vec<Reader>>>,
    permits: Arc<Semaphore>,
    health: Health,
}

impl Readers {
    pub(crate) fn new(path: Arc<Path>, health: Health) -> Self {
        Self {
            path,
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
            health,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A reader that met an error is not used again.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Reader) -> Result<T, NodeError> + Send + 'static,
    ) -> Result<T, NodeError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let (path, idle) = (Arc::clone(&self.path), Arc::clone(&self.idle));
        let task = tokio::task::spawn_blocking(move || {
            // Moved in: a caller that goes away must not let in one reader too many.
            let _permit = permit;
            let spare = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut reader = match spare {
                Some(reader) => reader,
                None => Reader::open(path)?,
            };
            let answer = work(&mut reader)?;
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
            Ok(answer)
        });
        let answer = task.await.unwrap_or_else(|error| {
            let path = self.path.display().to_string();
            Err(NodeError::CannotRead {
                path,
                reason: error.to_string(),
            })
        });
        if let Err(fault @ NodeError::Damaged { .. }) = &answer {
            self.health.report(fault.clone());
        }
        answer
    }
}
