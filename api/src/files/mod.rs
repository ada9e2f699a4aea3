//! The bytes of files: taken in, looked at, kept sealed, given out.
//!
//! What is known of a file is in the log; here is only what its bytes need. They are sealed in chunks as they come, under a
//! key that the log keeps sealed under the customer's, so nothing readable is ever written, and any part can be read.

mod archive;
mod bytes;
mod chores;
mod clamav;
mod disposition;
mod flaw;
mod links;
mod pauses;
mod preview;
mod range;
mod reading;
mod seal;
mod settings;
mod sniff;
mod store;
mod upload;
mod waiting;

use std::{path::Path, sync::Arc};

use commands::{Clock, Handler};
use domain::attachment::{Limits, USUAL_TYPES};
use sqlx::PgPool;
use tokio::sync::Semaphore;

pub(crate) use self::settings::environment;
pub(crate) use self::{
    chores::follow,
    disposition::disposition,
    flaw::{Flaw, refused},
    links::{Errand, Link},
    range::{Wanted, wanted},
};
use self::{clamav::Scanner, links::Links, store::Store};
pub use self::{settings::FilesSettings, store::StoreError};
use crate::{auth::Door, live::Live};

/// Archives that are looked through at once: it takes a processor, and memory for what lies in them.
const INSPECTIONS: usize = 2;

/// Everything that concerns the bytes of files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Files {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    links: Links,
    clock: Clock,
    handler: Arc<Handler>,
    pool: PgPool,
    live: Live,
    /// What inboxes take that say nothing of their own.
    usual: Limits,
    scanner: Option<Scanner>,
    inspections: Arc<Semaphore>,
}

impl Files {
    /// Files in the storage that the settings name; in `data` when they name none.
    ///
    /// # Errors
    /// When the storage cannot be used.
    pub(crate) fn open(
        settings: &FilesSettings,
        data: &Path,
        handler: &Arc<Handler>,
        door: &Door,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            inner: Arc::new(Inner {
                store: Store::open(settings, data)?,
                links: Links::new(door.secrets.clone()),
                clock: door.clock.clone(),
                handler: Arc::clone(handler),
                pool: door.pool.clone(),
                live: door.live.clone(),
                usual: Limits {
                    max_bytes: settings.max_bytes,
                    allowed: USUAL_TYPES.iter().map(|it| (*it).to_owned()).collect(),
                },
                scanner: settings.clamav.clone().map(Scanner::new),
                inspections: Arc::new(Semaphore::new(INSPECTIONS)),
            }),
        })
    }

    /// What inboxes take that say nothing of their own.
    pub(crate) fn usual(&self) -> &Limits {
        &self.inner.usual
    }
}
