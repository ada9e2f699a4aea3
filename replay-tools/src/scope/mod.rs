//! Which events of a log are meant: of which types, of which streams, from where, up to where.

mod bound;

use std::{collections::BTreeSet, ops::ControlFlow};

pub use bound::{Bound, NoBound};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::{Event, Source, SourceError, find_ticket, ticket_streams};

/// What is asked for; nothing means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Beginnings of stored types, such as `ticket.` or `ticket.opened`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub types: BTreeSet<String>,
    /// Names of streams.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub streams: BTreeSet<String>,
    /// The first place that counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Bound>,
    /// The last place that counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<Bound>,
}

/// Why nothing can be there. One line each.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// The log.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A stream.
    #[error(
        "there is no stream {0:?} in this log: names are <category>-<uuid>, such as ticket-2513a464-18d5-5124-9637-3fc8edf6b751"
    )]
    Stream(String),
    /// A ticket.
    #[error("ticket {0:?} is not in this log: give its number, its uuid or its id in the API")]
    Ticket(String),
    /// The end comes before the beginning.
    #[error("--from {from} lies behind --to {to}: nothing lies between")]
    Reversed {
        /// The beginning.
        from: Bound,
        /// The end.
        to: Bound,
    },
    /// Everything asked for lies before the first event.
    #[error("--to {to} lies before the log, which begins at position {position}, {}", rfc3339(*.recorded))]
    Before {
        /// What was asked for.
        to: Bound,
        /// Of the first event.
        position: u64,
        /// Of the first event.
        recorded: DateTime<Utc>,
    },
    /// Something asked for is not there yet.
    #[error("--{option} {bound} lies behind the log, which ends at position {position}, {}", rfc3339(*.recorded))]
    Behind {
        /// `from` or `to`.
        option: &'static str,
        /// What was asked for.
        bound: Bound,
        /// Of the newest event.
        position: u64,
        /// Of the newest event.
        recorded: DateTime<Utc>,
    },
    /// An instant that has not come.
    #[error("--to {0} has not come yet: give an instant in the past, or leave it out for everything there is")]
    Future(Bound),
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

impl Scope {
    /// Adds the streams of a ticket.
    ///
    /// # Errors
    /// [`ScopeError::Ticket`] when it has none.
    pub fn add_ticket(&mut self, source: &Source, ticket: &str) -> Result<(), ScopeError> {
        let unknown = || ScopeError::Ticket(ticket.to_owned());
        let streams = find_ticket(source, ticket)?.map(ticket_streams).ok_or_else(unknown)?;
        let [its_own, ..] = &streams;
        if !has_stream(source, its_own)? {
            return Err(unknown());
        }
        self.streams.extend(streams);
        Ok(())
    }

    /// Adds a stream.
    ///
    /// # Errors
    /// [`ScopeError::Stream`] when it has no events.
    pub fn add_stream(&mut self, source: &Source, name: &str) -> Result<(), ScopeError> {
        if !has_stream(source, name)? {
            return Err(ScopeError::Stream(name.to_owned()));
        }
        self.streams.insert(name.to_owned());
        Ok(())
    }

    /// Refuses places that the log does not have.
    ///
    /// # Errors
    /// [`ScopeError`].
    pub fn check(&self, source: &Source, now: DateTime<Utc>) -> Result<(), ScopeError> {
        let (from, to) = (self.from, self.to);
        if let (Some(from), Some(to)) = (from, to)
            && from.is_behind(to)
        {
            return Err(ScopeError::Reversed { from, to });
        }
        if let Some(to @ Bound::Instant(at)) = to
            && at > now
        {
            return Err(ScopeError::Future(to));
        }
        if let Some(to) = to
            && let Some(first) = source.first()?
            && !to.includes(first.position, first.recorded)
        {
            let (position, recorded) = (first.position, first.recorded);
            return Err(ScopeError::Before { to, position, recorded });
        }
        self.check_end(source)
    }

    fn check_end(&self, source: &Source) -> Result<(), ScopeError> {
        let positions = self.to.filter(|it| matches!(it, Bound::Position(_)));
        for (option, bound) in [("from", self.from), ("to", positions)] {
            let Some(bound) = bound else { continue };
            let Some(last) = source.last()? else { continue };
            let is_behind = match bound {
                Bound::Position(position) => position > last.position,
                Bound::Instant(at) => at > last.recorded,
            };
            if is_behind {
                return Err(ScopeError::Behind {
                    option,
                    bound,
                    position: last.position,
                    recorded: last.recorded,
                });
            }
        }
        Ok(())
    }

    /// Behind which position to begin. Positions of a server need not be those of events, so there from the start.
    pub fn start(&self, source: &Source) -> u64 {
        match self.from {
            Some(Bound::Position(position)) if source.is_dense() => position.saturating_sub(1),
            Some(_) | None => 0,
        }
    }

    /// Whether it leaves whole streams out, or their beginnings.
    pub fn is_partial(&self) -> bool {
        !self.types.is_empty() || !self.streams.is_empty() || self.from.is_some()
    }

    /// Whether an event is meant; a break when nothing behind it can be.
    pub fn takes(&self, event: &Event<'_>) -> ControlFlow<(), bool> {
        let leaf = &event.leaf;
        if let Some(Bound::Position(to)) = self.to
            && leaf.position > to
        {
            return ControlFlow::Break(());
        }
        let (position, recorded) = (leaf.position, event.recorded);
        let takes = self.from.is_none_or(|it| it.is_reached(position, recorded))
            && self.to.is_none_or(|it| it.includes(position, recorded))
            && (self.streams.is_empty() || self.streams.contains(leaf.stream))
            && (self.types.is_empty() || self.types.iter().any(|it| leaf.event_type.starts_with(it.as_str())));
        ControlFlow::Continue(takes)
    }
}

fn has_stream(source: &Source, name: &str) -> Result<bool, SourceError> {
    let mut found = false;
    source.visit_stream(name, &mut |_first| {
        found = true;
        ControlFlow::Break(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use event_store::Leaf;
    use uuid::Uuid;

    use super::Scope;
    use crate::Event;

    fn event(position: u64, event_type: &'static str, recorded: &str) -> Event<'static> {
        Event {
            leaf: Leaf {
                position,
                stream: "ticket-1",
                revision: 0,
                id: Uuid::nil(),
                event_type,
                metadata: b"{}",
                payload: b"{}",
            },
            recorded: recorded.parse().unwrap(),
            is_json: true,
        }
    }

    #[test]
    fn only_what_is_asked_for_is_taken_and_the_end_is_told() {
        let scope = Scope {
            types: ["ticket.".to_owned()].into(),
            from: Some("2026-03-01".parse().unwrap()),
            to: Some("9".parse().unwrap()),
            ..Scope::default()
        };
        let takes = |position, event_type, at| scope.takes(&event(position, event_type, at));
        assert_eq!(
            takes(8, "ticket.opened", "2026-03-01T00:00:00Z"),
            ControlFlow::Continue(true)
        );
        assert_eq!(
            takes(8, "tickets", "2026-03-01T00:00:00Z"),
            ControlFlow::Continue(false)
        );
        assert_eq!(
            takes(8, "ticket.opened", "2026-02-28T23:59:59Z"),
            ControlFlow::Continue(false)
        );
        assert_eq!(
            takes(10, "ticket.opened", "2026-03-01T00:00:00Z"),
            ControlFlow::Break(())
        );
        assert!(
            scope.is_partial()
                && !Scope {
                    to: scope.to,
                    ..Scope::default()
                }
                .is_partial()
        );
    }
}
