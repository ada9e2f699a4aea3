//! What shows that events were in the log when it was sealed, for event after event in the order of the log.
//!
//! Of each sealed range the hashes of its leaves are held, at most 10,000, and of the log a page at a time.

use std::collections::VecDeque;

use domain::{
    decider::Decider,
    event::DomainEvent,
    log_seal::{LogSeal, LogSealEvent},
};
use event_store::{
    EventLog, Leaf, LogError, Position, Raw, SealRecord, decode, inclusion::Inclusion, merkle::Levels, statement,
};
use projections::audit_entry::lets_in;

use crate::problem::{Problem, internal, unavailable};

/// Events read at a time.
const PAGE: usize = 256;
/// Seals read at a time.
const SEALS: usize = 64;

/// An event and what vouches for it.
#[derive(Debug)]
pub(super) struct Proven {
    /// The stream of the event.
    pub(super) stream: String,
    /// Its bytes and the way to its seal.
    pub(super) inclusion: Inclusion,
    /// Its seal, when no event before had it.
    pub(super) seal: Option<SealRecord>,
}

/// Goes through a log.
#[derive(Debug)]
pub(super) struct Prover {
    log: EventLog,
    /// Seals that were read and not passed.
    seals: VecDeque<SealRecord>,
    /// Where the reading of seals goes on; `None` when there are no more.
    seals_after: Option<Position>,
    range: Option<Range>,
    /// Events that were read and not passed.
    events: VecDeque<Raw>,
}

/// A sealed range.
#[derive(Debug)]
struct Range {
    revision: u64,
    last: u64,
    positions: Vec<u64>,
    levels: Levels,
}

impl Prover {
    /// At the beginning of a log.
    pub(super) fn new(log: EventLog) -> Self {
        Self {
            log,
            seals: VecDeque::new(),
            seals_after: Some(Position::START),
            range: None,
            events: VecDeque::new(),
        }
    }

    /// The proof of an event that stands behind the one before.
    ///
    /// # Errors
    /// When the log does not answer, or is no longer what was sealed.
    pub(super) async fn prove(&mut self, position: u64) -> Result<Proven, Problem> {
        let raw = self.event(position).await?;
        let mut inclusion = Inclusion::unsealed(&Leaf::from(&raw), !lets_in(&raw.payload));
        let mut seal = None;
        if self.range.as_ref().is_none_or(|it| it.last < position) {
            seal = self.seal(position).await?;
            self.range = match &seal {
                Some(record) => Some(self.read(record).await?),
                None => None,
            };
        }
        if let Some(range) = &self.range {
            let index = range.positions.binary_search(&position);
            let index =
                index.map_err(|_absent| internal(&format!("position {position} is sealed and not in its range")))?;
            inclusion.seal = Some(range.revision);
            inclusion.index = Some(index as u64);
            inclusion.path = range.levels.path(index);
        }
        Ok(Proven {
            stream: raw.stream,
            inclusion,
            seal,
        })
    }

    async fn event(&mut self, position: u64) -> Result<Raw, Problem> {
        self.events.retain(|it| it.position.0 >= position);
        if self.events.is_empty() {
            let after = Position(position.saturating_sub(1));
            self.events = self.log.read_unfiltered(after, PAGE).await.map_err(failed)?.into();
        }
        let found = self.events.pop_front().filter(|it| it.position.0 == position);
        found.ok_or_else(|| {
            internal(&format!(
                "the log has no event at position {position}, of which the audit tells"
            ))
        })
    }

    /// The seal in whose range a position lies.
    async fn seal(&mut self, position: u64) -> Result<Option<SealRecord>, Problem> {
        loop {
            while self.seals.front().is_some_and(|it| it.seal.last < position) {
                self.seals.pop_front();
            }
            if let Some(seal) = self.seals.front() {
                return Ok(Some(seal.clone()));
            }
            let Some(after) = self.seals_after else { return Ok(None) };
            // A seal stands behind all that it seals: those before the position are of no use.
            let after = after.max(Position(position));
            let types = [format!("{}.", LogSeal::CATEGORY)];
            let types: Vec<&str> = types.iter().map(String::as_str).collect();
            let page = self.log.read_all(after, &types, SEALS).await.map_err(failed)?;
            self.seals_after = page.last().filter(|_| page.len() == SEALS).map(|it| it.position);
            for raw in &page {
                self.seals.extend(record(raw)?);
            }
        }
    }

    /// The leaves of a sealed range, when they are still those that were sealed.
    async fn read(&self, record: &SealRecord) -> Result<Range, Problem> {
        let (stated, _) = statement(&record.seal).map_err(|it| internal(&it))?;
        let (mut positions, mut leaves, mut buffer) = (Vec::new(), Vec::new(), Vec::new());
        let mut after = Position(stated.first.saturating_sub(1));
        while after.0 < stated.last {
            let page = self.log.read_unfiltered(after, PAGE).await.map_err(failed)?;
            let Some(last) = page.last() else { break };
            after = last.position;
            let within = page
                .iter()
                .map(Leaf::from)
                .filter(|it| it.is_sealed() && it.position <= stated.last);
            for leaf in within {
                positions.push(leaf.position);
                leaves.push(leaf.digest(&mut buffer));
            }
        }
        let levels = Levels::new(leaves);
        if levels.root() != stated.root {
            return Err(changed(stated.first, stated.last));
        }
        Ok(Range {
            revision: record.revision,
            last: stated.last,
            positions,
            levels,
        })
    }
}

fn record(raw: &Raw) -> Result<Option<SealRecord>, Problem> {
    let recorded = decode(raw).map_err(|it| internal(&it))?;
    let DomainEvent::LogSeal(LogSealEvent::Sealed(seal)) = recorded.event else {
        return Ok(None);
    };
    Ok(Some(SealRecord {
        revision: raw.revision,
        position: raw.position.0,
        seal,
    }))
}

fn failed(error: LogError) -> Problem {
    match error {
        LogError::Unavailable { .. } => unavailable(),
        other @ (LogError::Conflict { .. }
        | LogError::Damaged { .. }
        | LogError::Refused { .. }
        | LogError::Address { .. }) => internal(&other),
    }
}

fn changed(first: u64, last: u64) -> Problem {
    tracing::error!(
        first,
        last,
        "the log is no longer what was sealed: run `letopis-replay verify`"
    );
    Problem::new(
        "INTERNAL",
        format!(
            "журнал с позиции {first} по {last} не тот, что был запечатан: доказательства нет; letopis-replay verify"
        ),
        format!(
            "the log from position {first} to {last} is not what was sealed: there is no proof; letopis-replay verify"
        ),
    )
}
