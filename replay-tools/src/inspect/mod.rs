//! A stream or a ticket, told event by event: who, what, and which fields have another value than before.

mod fields;
mod open;

use std::ops::ControlFlow;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{assignment::Assignment, decider::Decider, ids::stream_name, ticket::Ticket};
use event_store::Raw;
pub use fields::{Change, Field, Told, tell};
pub use open::{Opened, Value as OpenedValue, opened};
use uuid::Uuid;

use crate::{Bound, Source, SourceError, find_ticket, ticket_streams};

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A stream.
    Stream(String),
    /// A ticket with everything that belongs to it.
    Ticket(Uuid),
}

/// Up to where it is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Until {
    /// An instant or a position; `None`: everything.
    pub as_of: Option<Bound>,
    /// A version; `None`: everything. Of a ticket: as the API counts it; of a stream: how many events it has.
    pub version: Option<u64>,
}

/// Why nothing is told. One line each.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The log.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// No such thing.
    #[error(
        "there is no stream and no ticket {0:?} in this log: give a stream such as ticket-2513a464-18d5-5124-9637-3fc8edf6b751, \
         or a ticket by its number, its uuid or its id in the API"
    )]
    Unknown(String),
    /// A time at which nothing of it was there.
    #[error(
        "--as-of {as_of} lies before its first event, position {position}, {}",
        recorded.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    )]
    Before {
        /// What was asked for.
        as_of: Bound,
        /// Of its first event.
        position: u64,
        /// Of its first event.
        recorded: DateTime<Utc>,
    },
    /// A time that has not come, or a position that is not there.
    #[error("--as-of {as_of} has not come yet: the log ends at position {position}")]
    Future {
        /// What was asked for.
        as_of: Bound,
        /// Where the log ends.
        position: u64,
    },
    /// A version that it never had.
    #[error("version {version} never was: it has had versions 1 to {newest}")]
    Version {
        /// What was asked for.
        version: u64,
        /// The newest there is.
        newest: u64,
    },
}

impl Subject {
    /// The stream with this name, else the ticket with this number, uuid or id of the API.
    ///
    /// # Errors
    /// [`InspectError::Unknown`].
    pub fn find(source: &Source, text: &str) -> Result<Self, InspectError> {
        let stream = Self::Stream(text.to_owned());
        if !stream.events(source)?.is_empty() {
            return Ok(stream);
        }
        let unknown = || InspectError::Unknown(text.to_owned());
        let ticket = Self::Ticket(find_ticket(source, text)?.ok_or_else(unknown)?);
        if ticket.events(source)?.is_empty() {
            return Err(unknown());
        }
        Ok(ticket)
    }

    /// Its events in the order of the log.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn events(&self, source: &Source) -> Result<Vec<Raw>, SourceError> {
        let streams = match self {
            Self::Stream(name) => vec![name.clone()],
            Self::Ticket(id) => ticket_streams(*id).to_vec(),
        };
        let mut events = Vec::new();
        for stream in &streams {
            source.visit_stream(stream, &mut |event| {
                events.push(event.to_raw());
                ControlFlow::Continue(())
            })?;
        }
        events.sort_by_key(|it| it.position);
        Ok(events)
    }

    /// Leaves those away that came later.
    ///
    /// # Errors
    /// There is nothing at that time, or never was that version.
    pub fn cut(
        &self,
        source: &Source,
        events: &mut Vec<Raw>,
        until: Until,
        now: DateTime<Utc>,
    ) -> Result<(), InspectError> {
        if let Some(as_of) = until.as_of {
            cut_at(source, events, as_of, now)?;
        }
        if let Some(version) = until.version {
            self.cut_at_version(events, version)?;
        }
        Ok(())
    }

    fn cut_at_version(&self, events: &mut Vec<Raw>, version: u64) -> Result<(), InspectError> {
        let counting: Vec<_> = events
            .iter()
            .filter(|it| self.counts(&it.stream))
            .map(|it| it.position)
            .collect();
        let which = usize::try_from(version).ok().and_then(|it| it.checked_sub(1));
        let Some(last) = which.and_then(|it| counting.get(it)).copied() else {
            return Err(InspectError::Version {
                version,
                newest: counting.len() as u64,
            });
        };
        events.retain(|it| it.position <= last);
        Ok(())
    }

    /// Whether events of a stream raise the version.
    fn counts(&self, stream: &str) -> bool {
        match self {
            Self::Stream(_) => true,
            Self::Ticket(id) => [Ticket::CATEGORY, Assignment::CATEGORY]
                .iter()
                .any(|it| stream_name(it, *id) == stream),
        }
    }
}

fn cut_at(source: &Source, events: &mut Vec<Raw>, as_of: Bound, now: DateTime<Utc>) -> Result<(), InspectError> {
    let head = source.head()?;
    let is_future = match as_of {
        Bound::Position(position) => position > head,
        Bound::Instant(at) => at > now,
    };
    if is_future {
        return Err(InspectError::Future { as_of, position: head });
    }
    if let Some(first) = events.first()
        && !as_of.includes(first.position.0, first.stored_at)
    {
        return Err(InspectError::Before {
            as_of,
            position: first.position.0,
            recorded: first.stored_at,
        });
    }
    events.retain(|it| as_of.includes(it.position.0, it.stored_at));
    Ok(())
}
