//! What leaves the server as a package: a ZIP, put together on the disk and then given out whole.
//!
//! Only what is complete is given out, its hash on record before its first byte; memory holds a page at a time, and the
//! files on the disk have no name and are gone with the request.

mod audit;
mod package;
mod person;
mod proof;

use std::{fs, io, path::PathBuf, sync::Arc};

use commands::Handler;
use domain::{actor::Actor, reading::ReadingEvent};
use event_store::PublicKey;
use projections::Model;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

pub(crate) use self::{
    audit::{AuditWish, Form},
    package::Built,
};
use crate::{
    graphql::Parts,
    problem::{Problem, internal, unavailable},
};

/// Packages that are put together at once: each takes a processor and a connection to Postgres.
const AT_ONCE: usize = 2;

/// Makes packages. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Exports {
    slots: Arc<Semaphore>,
    folder: Arc<PathBuf>,
    keys: Arc<Vec<PublicKey>>,
}

/// An export, as it is put on record.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    /// The field of the API.
    pub(crate) operation: &'static str,
    /// In which form.
    pub(crate) form: &'static str,
    /// Which were wanted.
    pub(crate) wanted: Value,
    /// The things and persons that it was asked about.
    pub(crate) about: Vec<Uuid>,
    /// How many there were.
    pub(crate) count: u64,
}

impl Exports {
    /// Packages put together in `folder`; `keys` are those that may have signed seals.
    pub(crate) fn new(folder: PathBuf, keys: Vec<PublicKey>) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            folder: Arc::new(folder),
            keys: Arc::new(keys),
        }
    }

    /// Leave to put a package together, until it is dropped.
    ///
    /// # Errors
    /// `THROTTLED` when others do; a folder that cannot be made.
    pub(crate) fn slot(&self) -> Result<OwnedSemaphorePermit, Problem> {
        fs::create_dir_all(&*self.folder).map_err(|it| internal(&it))?;
        let slot = Arc::clone(&self.slots).try_acquire_owned();
        slot.map_err(|_full| {
            Problem::new(
                "THROTTLED",
                format!("готовятся уже {AT_ONCE} выгрузки: повторите позже"),
                format!("{AT_ONCE} exports are being prepared already: try again later"),
            )
        })
    }

    /// Puts it on record that a package leaves: nothing is given out before.
    ///
    /// # Errors
    /// When the log does not take it.
    pub(crate) async fn note(handler: &Handler, actor: &Actor, built: &Built, note: Note) -> Result<(), Problem> {
        let event = ReadingEvent::Exported {
            operation: note.operation.to_owned(),
            form: note.form.to_owned(),
            wanted: note.wanted.to_string(),
            count: note.count,
            digest: built.digest.clone(),
            about: note.about,
        };
        let recorded = handler.looked(actor, Uuid::from_u128(rand::random()), event).await;
        recorded.map_err(|error| {
            tracing::error!(%error, "an export is not on record, so it is not given out");
            Problem::new(
                "UNAVAILABLE",
                "выгрузку не удалось записать в журнал, поэтому она не выдана: повторите запрос",
                "the export could not be put on record, so it is not given out: repeat the request",
            )
        })
    }
}

/// Events that a read model may lie behind and still be waited for.
const BEHIND: usize = 1000;

/// Waits until these read models show everything that the log has now, 2 s at most for each.
///
/// A model takes no notice of events that it is not made of, the seals of the log among them; so it is asked what lies
/// ahead of it, not how far the log goes.
///
/// # Errors
/// `STALE` when one does not; `UNAVAILABLE` when the log does not answer.
async fn settled(parts: &Parts, models: &[Model]) -> Result<(), Problem> {
    for model in models {
        let shown = parts.live.position(model.name);
        let ahead = parts.log.read_all(shown, model.types, BEHIND).await;
        let ahead = ahead.map_err(|error| {
            tracing::warn!(%error, "an export is not made");
            unavailable()
        })?;
        let Some(last) = ahead.last() else { continue };
        if ahead.len() == BEHIND || !parts.live.reached(model.name, last.position).await {
            return Err(Problem::new(
                "STALE",
                "выгрузка ещё не показала бы того, что сделано только что: повторите запрос",
                "the export would not show yet what was done a moment ago: repeat the request",
            ));
        }
    }
    Ok(())
}

/// What became of the thread that writes.
fn joined<T>(ended: Result<io::Result<T>, tokio::task::JoinError>) -> Result<T, Problem> {
    match ended {
        Ok(written) => written.map_err(|it| internal(&it)),
        Err(panic) => Err(internal(&panic)),
    }
}
