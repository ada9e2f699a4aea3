//! A period under other rules: what would have become of its tickets, beside what did.
//!
//! The log is read once. Each ticket of the period is folded twice, as it was and as it would have been: what rules and the
//! learned classifier chose is left out of the second fold, and decided again by the aggregate itself, on a copy of its
//! state, whenever the process that receives tickets would have looked. What people did stays in both.
//! Both are written into a schema of their own, and the figures are asked of that. Deliberately absent: every write to the
//! log or to a read model.

mod case;
mod figures;
mod scratch;
mod world;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{
    event::DomainEvent,
    what_if::{Definition, Report},
};
use event_store::{EventLog, Position, Recorded, Scan, Vault, decode};
pub use scratch::{schema, sweep};
use sqlx::PgPool;
use uuid::Uuid;

use self::{case::Cases, scratch::Scratch, world::World};
use crate::ProjectError;

/// Events read at a time.
const PAGE: usize = 2048;
/// What a ticket's classification depends on, and what is counted of it.
const TYPES: &[&str] = &[
    "ticket.",
    "assignment.",
    "conversation.message_received",
    "conversation.message_posted",
    "conversation.message_redacted",
    "contact.",
    "classification.",
    "category.",
    "inbox.",
    "classifier.",
];
/// What a definition may name.
const CONFIGURATION: &[&str] = &["classification.", "category.", "classifier."];

/// Why nothing comes of it.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// Log, vault, or Postgres; or events that do not fit.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A rule names a category that is not there.
    #[error("there is no category {0:?}: name one that is there, or add it under categories")]
    CategoryUnknown(String),
    /// Nothing was learnt under this number.
    #[error("there is no version {0} of the learned classifier")]
    VersionUnknown(u64),
    /// Rules are given, and there never were any to take the thresholds from.
    #[error("the organisation has no classification rules to take the thresholds from: give them too")]
    ThresholdsNeeded,
    /// The period ends before the first ticket was opened, UTC; `None` when there is none.
    #[error("{}", before(*.0))]
    BeforeTickets(Option<DateTime<Utc>>),
}

fn before(first: Option<DateTime<Utc>>) -> String {
    first.map_or_else(
        || "the log has no tickets".to_owned(),
        |it| {
            format!(
                "the period ends before the first ticket, which was opened at {}",
                it.to_rfc3339()
            )
        },
    )
}

impl From<sqlx::Error> for WhatIfError {
    fn from(error: sqlx::Error) -> Self {
        Self::Project(error.into())
    }
}

impl From<event_store::LogError> for WhatIfError {
    fn from(error: event_store::LogError) -> Self {
        Self::Project(error.into())
    }
}

/// A replay on its way.
#[derive(Debug)]
pub struct Replay {
    vault: Vault,
    log: Scan,
    head: Position,
    /// Of the last event that was read.
    reached: Position,
    definition: Arc<Definition>,
    world: World,
    cases: Cases,
}

impl Replay {
    /// Begins one of everything that the log has now; the definition was checked.
    ///
    /// # Errors
    /// [`WhatIfError`]: when it names what is not there, before the log is read.
    pub async fn begin(log: &EventLog, vault: &Vault, definition: Definition) -> Result<Self, WhatIfError> {
        let head = log.head().await?;
        let definition = Arc::new(definition);
        let mut known = World::new(Arc::clone(&definition), None);
        let mut configuration = Scan::start(log, Position::START, CONFIGURATION);
        while let Some(page) = configuration.next(PAGE).await? {
            for raw in page.iter().filter(|it| it.position <= head) {
                known.note(&decode(raw).map_err(ProjectError::from)?);
            }
        }
        known.check()?;
        Ok(Self {
            vault: vault.clone(),
            log: Scan::start(log, Position::START, TYPES),
            head,
            reached: Position::START,
            world: World::new(Arc::clone(&definition), Some(known)),
            cases: Cases::new((definition.from, definition.until)),
            definition,
        })
    }

    /// Reads on; how much of the log is read, in thousandths, `None` when all of it is.
    ///
    /// # Errors
    /// [`WhatIfError::Project`].
    pub async fn step(&mut self) -> Result<Option<u32>, WhatIfError> {
        let Some(page) = self.log.next(PAGE).await? else {
            return Ok(None);
        };
        let known = page.iter().filter(|it| it.position <= self.head);
        let mut events = known
            .map(decode)
            .collect::<Result<Vec<Recorded<DomainEvent>>, _>>()
            .map_err(ProjectError::from)?;
        self.vault.open_events(&mut events).await.map_err(ProjectError::from)?;
        self.reached = page.last().map_or(self.reached, |it| it.position);
        for event in &events {
            // What came later changed neither rules nor tickets then; but nobody is to read what was withdrawn since.
            if event.metadata.at < self.definition.until {
                self.world.note(event);
                self.cases.note(event);
                self.cases.take(event, &mut self.world)?;
            } else {
                self.cases.withdraw(event);
            }
        }
        if page.iter().any(|it| it.position > self.head) {
            return Ok(None);
        }
        let share = self.reached.0.saturating_mul(1000) / self.head.0.max(1);
        Ok(Some(u32::try_from(share.min(1000)).unwrap_or(1000)))
    }

    /// What it came to: the table, and at most `top` tickets that differ most. The rows it is made of stand in a schema of
    /// their own ([`schema`] of `id`), which is removed again unless it is to be kept.
    ///
    /// # Errors
    /// [`WhatIfError::BeforeTickets`], and when Postgres does not answer.
    pub async fn finish(self, pool: &PgPool, id: Uuid, top: u32, keep: bool) -> Result<Report, WhatIfError> {
        if self.cases.first_opened.is_none_or(|it| it >= self.definition.until) {
            return Err(WhatIfError::BeforeTickets(self.cases.first_opened));
        }
        let (outcomes, counts) = self.cases.outcomes();
        let mut scratch = Scratch::make(pool, id).await?;
        scratch.write(&outcomes).await?;
        let report = figures::report(scratch.connection(), self.definition.until, top, counts).await?;
        if keep {
            scratch.keep().await?;
        } else {
            scratch.remove().await?;
        }
        Ok(report)
    }
}
