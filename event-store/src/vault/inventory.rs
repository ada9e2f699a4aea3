//! Whether vault and log belong together: the log's events are counted off against the vault's keys.
//!
//! A mark in the vault's own tables says how far they have been compared. A vault restored from a backup has an older
//! mark, an empty one has none, and so each look covers exactly what the vault may lack.

use std::collections::BTreeSet;

use domain::personal::DataSubject;
use serde::Deserialize;
use uuid::Uuid;

use super::{Vault, VaultError, rows};
use crate::{EventLog, LogError, Position, Raw, codec::stream_id};

/// Events read at a time.
const PAGE: usize = 4096;
/// Type of the events that say whose key is destroyed; their stream is the person's.
pub const DESTROYED: &str = "subject.key_destroyed";

/// Why vault and log do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The log does not answer.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The vault does not answer.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Another event lies where the vault and the tables beside it saw one.
    #[error(
        "the log is not the one this database was made beside: at position {position} it has {found}, not event \
         {expected}; start with the log that belongs to this database. If a newer copy of it is not to be had, \
         `letopis vault check --accept-log` takes this one"
    )]
    OtherLog {
        /// Where they were compared.
        position: u64,
        /// What the log has there.
        found: String,
        /// What the vault saw there.
        expected: Uuid,
    },
    /// Personal data in the log that no key opens.
    #[error(
        "the vault of subject keys is older than the log, or empty: it lacks the key of data subject {subject}, under \
         which the event at position {position} is sealed{more}. Restore the newest backup of Postgres (schema vault). \
         If the keys are lost for good, `letopis vault forget --lost` records these people as forgotten"
    )]
    Missing {
        /// Whose key.
        subject: DataSubject,
        /// The first event that needs it.
        position: u64,
        /// How many others were found missing in the same look.
        more: Others,
    },
}

/// How many others, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Others(pub usize);

impl std::fmt::Display for Others {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0 => Ok(()),
            others => write!(f, " (and those of {others} others nearby)"),
        }
    }
}

/// Somebody whose key the vault lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Whose key.
    pub subject: DataSubject,
    /// The first event sealed under it.
    pub position: Position,
}

#[derive(Deserialize)]
struct Sealed {
    subjects: Option<String>,
}

impl Vault {
    /// Whether the log has the event that the vault's mark names; an event beyond the log's end is not there either.
    ///
    /// # Errors
    /// [`InventoryError::OtherLog`], and when one of the two does not answer.
    pub async fn recognise(&self, log: &EventLog) -> Result<(), InventoryError> {
        let Some((position, expected)) = self.mark().await? else {
            return Ok(());
        };
        let before = Position(position.0.saturating_sub(1));
        let next = log.read_unfiltered(before, 1).await?;
        let found = match next.first() {
            Some(event) if event.position == position && event.id == expected => return Ok(()),
            Some(event) if event.position == position => format!("event {}", event.id),
            Some(_) | None => "none".to_owned(),
        };
        Err(InventoryError::OtherLog {
            position: position.0,
            found,
            expected,
        })
    }

    /// Forgets how far they were compared: the next look covers the whole log, whichever it is.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn unmark(&self) -> Result<(), VaultError> {
        self.ask(|| rows::unmark(&self.inner.pool)).await
    }

    /// Compares what the log has gained since the last look with the keys, and moves the mark; calls `progress` with
    /// the position reached after each page. Keys that the log says are destroyed are, before the mark passes them.
    ///
    /// # Errors
    /// [`InventoryError::Missing`] at the first page that needs a key the vault does not have, and when one of the two
    /// does not answer.
    pub async fn check(&self, log: &EventLog, mut progress: impl FnMut(Position)) -> Result<(), InventoryError> {
        let mut after = self.compared_up_to().await?;
        loop {
            let page = log.read_unfiltered(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            let destroyed = page.iter().filter(|it| it.event_type == DESTROYED);
            let destroyed: Vec<DataSubject> = destroyed
                .filter_map(|it| stream_id(&it.stream))
                .map(DataSubject)
                .collect();
            self.destroy_all(&destroyed).await?;
            let missing = self.missing_among(&page).await?;
            if let Some(first) = missing.first() {
                return Err(InventoryError::Missing {
                    subject: first.subject,
                    position: first.position.0,
                    more: Others(missing.len() - 1),
                });
            }
            self.ask(|| rows::set_mark(&self.inner.pool, last.position, last.id))
                .await?;
            after = last.position;
            progress(after);
        }
    }

    /// The next people, in the order of the log, whose keys are missing; `after` is the position to look behind, and
    /// becomes the one looked up to. None at the end of the log.
    ///
    /// # Errors
    /// When log or vault do not answer.
    pub async fn next_missing(&self, log: &EventLog, after: &mut Position) -> Result<Vec<Missing>, InventoryError> {
        loop {
            let page = log.read_unfiltered(*after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(Vec::new()) };
            *after = last.position;
            let missing = self.missing_among(&page).await?;
            if !missing.is_empty() {
                return Ok(missing);
            }
        }
    }

    /// Up to where the log was compared with the keys; [`Position::START`] when it never was.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn compared_up_to(&self) -> Result<Position, VaultError> {
        Ok(self.mark().await?.map_or(Position::START, |(position, _)| position))
    }

    async fn mark(&self) -> Result<Option<(Position, Uuid)>, VaultError> {
        self.ask(|| rows::mark(&self.inner.pool)).await
    }

    async fn missing_among(&self, page: &[Raw]) -> Result<Vec<Missing>, VaultError> {
        let mut needed = Vec::new();
        let mut seen = BTreeSet::new();
        for event in page {
            for subject in sealed_under(event) {
                if seen.insert(subject) {
                    needed.push(Missing {
                        subject,
                        position: event.position,
                    });
                }
            }
        }
        if needed.is_empty() {
            return Ok(needed);
        }
        let subjects: Vec<Uuid> = seen.iter().map(|it| it.0).collect();
        let known: BTreeSet<Uuid> = self
            .ask(|| rows::known(&self.inner.pool, &subjects))
            .await?
            .into_iter()
            .collect();
        needed.retain(|it| !known.contains(&it.subject.0));
        Ok(needed)
    }
}

/// Whose keys seal the event. Metadata that does not read is somebody else's complaint.
fn sealed_under(event: &Raw) -> Vec<DataSubject> {
    let sealed: Option<Sealed> = serde_json::from_slice(&event.metadata).ok();
    let names = sealed.and_then(|it| it.subjects).unwrap_or_default();
    names
        .split(',')
        .filter_map(|it| it.parse().ok().map(DataSubject))
        .collect()
}
