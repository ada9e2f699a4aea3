//! What somebody is shown of personal data, on record before the answer goes out.
//!
//! The same thing shown to the same reader within a minute is one look.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use commands::Handler;
use domain::{
    actor::{Actor, ActorKind},
    reading::{Exposed, ReadingEvent, Searched, Seen},
};
use event_store::Vault;
use lru::LruCache;
use tracing::error;
use uuid::Uuid;

use crate::auth::{SecretError, Secrets, Viewer};

/// Looks that are one.
const WINDOW: Duration = Duration::from_mins(1);
/// Looks that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(200_000).unwrap();
/// Looks that wait for a log that does not answer.
const MOST_WAITING: usize = 10_000;

/// What one request was shown, until that is on record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<Gathered>>);

#[derive(Debug, Default)]
struct Gathered {
    operations: BTreeSet<String>,
    seen: BTreeSet<(Exposed, Uuid)>,
    searches: Vec<Searched>,
}

impl Shown {
    /// Notes that a thing was shown, in answer to these fields of the API.
    pub(crate) fn note(&self, what: Exposed, id: Uuid, operations: impl FnOnce() -> BTreeSet<String>) {
        let mut gathered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if gathered.operations.is_empty() {
            gathered.operations = operations();
        }
        gathered.seen.insert((what, id));
    }

    /// Notes a search.
    pub(crate) fn note_search(&self, searched: Searched, operations: impl FnOnce() -> BTreeSet<String>) {
        let mut gathered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.operations = operations();
        gathered.searches.push(searched);
    }

    fn take(&self) -> Gathered {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Who looked at what a moment ago, and what is not on record yet.
#[derive(Debug, Clone)]
pub(crate) struct Looks {
    /// Under which texts that were looked for are hashed.
    key: Arc<[u8; 32]>,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug)]
struct Memory {
    lately: LruCache<(Actor, bool, Exposed, Uuid), Instant>,
    waiting: Vec<(Actor, Uuid, ReadingEvent)>,
}

impl Looks {
    /// # Errors
    /// When the vault does not answer.
    pub(crate) async fn start(vault: Vault) -> Result<Self, SecretError> {
        let key = Secrets::new(vault).get("looks").await?;
        let memory = Memory {
            lately: LruCache::new(REMEMBERED),
            waiting: Vec::new(),
        };
        Ok(Self {
            key: Arc::new(*key.as_bytes()),
            memory: Arc::new(Mutex::new(memory)),
        })
    }

    /// Stands for a text that was looked for: 16 hex digits, equal for texts that differ in case and blanks alone.
    pub(crate) fn fingerprint(&self, text: &str) -> String {
        let text: Vec<&str> = text.split_whitespace().collect();
        let text = text.join(" ").to_lowercase();
        blake3::keyed_hash(&self.key, text.as_bytes()).to_hex()[..16].to_owned()
    }

    /// Puts on record what a request was shown. Customers who see what is theirs make no record.
    pub(crate) async fn record(&self, handler: &Handler, viewer: &Viewer, shown: &Shown) {
        let gathered = shown.take();
        if viewer.is_nobody() || viewer.actor.kind == ActorKind::Contact {
            return;
        }
        let Some(event) = self.news(viewer, gathered) else {
            return;
        };
        let mut due = self.waiting();
        due.push((viewer.actor.clone(), Uuid::from_u128(rand::random()), event));
        while let Some((actor, id, event)) = due.pop() {
            if let Err(error) = handler.looked(&actor, id, event.clone()).await {
                error!(%error, "what was looked at is not on record yet");
                due.push((actor, id, event));
                return self.wait(due);
            }
        }
    }

    /// What of it was not shown to them a moment ago.
    fn news(&self, viewer: &Viewer, gathered: Gathered) -> Option<ReadingEvent> {
        let now = Instant::now();
        let mut seen: BTreeMap<Exposed, Vec<Uuid>> = BTreeMap::new();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, id) in gathered.seen {
            let look = (viewer.actor.clone(), viewer.read_only, what, id);
            let lately = memory
                .lately
                .get(&look)
                .is_some_and(|it| now.duration_since(*it) < WINDOW);
            if !lately {
                memory.lately.put(look, now);
                seen.entry(what).or_default().push(id);
            }
        }
        drop(memory);
        let seen: Vec<Seen> = seen.into_iter().map(|(what, ids)| Seen { what, ids }).collect();
        let is_news = !seen.is_empty() || !gathered.searches.is_empty();
        is_news.then(|| ReadingEvent::Shown {
            operations: gathered.operations.into_iter().collect(),
            seen,
            searches: gathered.searches,
            unseen: viewer.read_only,
        })
    }

    fn waiting(&self) -> Vec<(Actor, Uuid, ReadingEvent)> {
        std::mem::take(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner).waiting)
    }

    fn wait(&self, mut due: Vec<(Actor, Uuid, ReadingEvent)>) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.waiting.append(&mut due);
        let lost = memory.waiting.len().saturating_sub(MOST_WAITING);
        if lost > 0 {
            error!(
                lost,
                "too much was looked at while the log did not answer: that is on no record"
            );
            memory.waiting.drain(..lost);
        }
    }
}
