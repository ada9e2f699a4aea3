//! Keys used lately.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::personal::DataSubject;
use lru::LruCache;

use crate::SubjectKey;

const CACHED: NonZeroUsize = NonZeroUsize::new(50_000).unwrap();
/// How long a key lives on in memory after another process has destroyed it.
const AGE: Duration = Duration::from_mins(1);

/// A destroyed key stays destroyed; a known one is looked up anew when it is old; what is not there is not remembered.
#[derive(Debug)]
pub(super) struct Cache(Mutex<LruCache<DataSubject, (SubjectKey, Instant)>>);

impl Default for Cache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CACHED)))
    }
}

impl Cache {
    /// What is here, and whose keys are not.
    pub(super) fn find(&self, subjects: &[DataSubject]) -> (Vec<(DataSubject, SubjectKey)>, Vec<DataSubject>) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut found, mut missing) = (Vec::with_capacity(subjects.len()), Vec::new());
        for subject in subjects {
            match cache.get(subject) {
                Some((key, put)) if *key == SubjectKey::Destroyed || put.elapsed() < AGE => {
                    found.push((*subject, key.clone()));
                }
                Some(_) | None => missing.push(*subject),
            }
        }
        (found, missing)
    }

    /// What is here of a subject, however old.
    pub(super) fn peek(&self, subject: DataSubject) -> Option<SubjectKey> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.peek(&subject).map(|(key, _)| key.clone())
    }

    /// A destroyed key does not come back, however late the answer that knew it.
    pub(super) fn put(&self, subject: DataSubject, key: SubjectKey) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(cache.peek(&subject), Some((SubjectKey::Destroyed, _))) {
            cache.put(subject, (key, Instant::now()));
        }
    }
}
