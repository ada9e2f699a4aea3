//! Another system's history of one work item, told again as commands at their instants and appended at once.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    actor::Actor,
    decider::{Context, Decider},
    event::DomainEvent,
    ids::CommandId,
    ticket::TicketEvent,
};
use event_store::{Envelope, LogError, Position, Scan, decode};
use uuid::Uuid;

use crate::{
    CommandError, Handler,
    folded::{Folded, Stored, read_opened},
};

/// Events read at a time when looking for what is there already.
const PAGE: usize = 4096;

/// Events and when each happened.
type Dated<E> = Vec<(E, DateTime<Utc>)>;

/// A whole history of one stream.
#[derive(Debug, Clone)]
pub struct History<C> {
    /// Id of the stream.
    pub id: Uuid,
    /// Names the history: the same id is the same history.
    pub command_id: CommandId,
    /// Who imports.
    pub actor: Actor,
    /// Commands and when they were carried out there, oldest first.
    pub steps: Vec<(C, DateTime<Utc>)>,
}

/// How much of a history is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Present {
    /// Events that were appended now.
    pub appended: usize,
    /// Events that were there already.
    pub before: usize,
}

/// Why a history was not taken.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError<R> {
    /// A rule forbids one of its steps; nothing was appended.
    #[error("step {step} is refused: {refusal}")]
    Refused {
        /// Index among the steps, from 0.
        step: usize,
        /// The rule.
        refusal: R,
    },
    /// The stream has gone another way since it was imported, or is told otherwise now; nothing was appended.
    #[error("{stream} has been changed since it was imported, here or in what is imported")]
    Diverged {
        /// The stream.
        stream: String,
    },
    /// The log.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl Handler {
    /// Appends the events of a history in one append; what is there of it already is not written again.
    ///
    /// # Errors
    /// [`HistoryError`]; nothing is appended then.
    pub async fn record<D: Stored>(&self, history: &History<D::Command>) -> Result<Present, HistoryError<D::Refusal>> {
        let events = replay::<D>(history)?;
        if events.is_empty() {
            return Ok(Present::default());
        }
        let id = history.command_id.0;
        let envelope = Envelope {
            command_id: history.command_id,
            correlation_id: id,
            causation_id: id,
            actor: history.actor.clone(),
            from: None,
            request: String::new(),
            traceparent: None,
        };
        let folded = Folded::<D>::unborn(history.id);
        let known = self.log_head();
        match self.append_after(&folded, &envelope, 0, events.clone()).await {
            Ok(position) if position.0 > known => Ok(Present {
                appended: events.len(),
                before: 0,
            }),
            Ok(_) => Ok(Present {
                appended: 0,
                before: events.len(),
            }),
            Err(CommandError::Log(LogError::Conflict { .. })) => self.go_on::<D>(history.id, &envelope, events).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Appends what a longer history has beyond the one that was imported before.
    async fn go_on<D: Stored>(
        &self,
        id: Uuid,
        envelope: &Envelope,
        events: Dated<D::Event>,
    ) -> Result<Present, HistoryError<D::Refusal>> {
        let folded = Folded::<D>::read(&self.log, &self.vault, id).await?;
        let there = usize::try_from(folded.version()).unwrap_or(usize::MAX);
        let diverged = || HistoryError::Diverged {
            stream: folded.stream.clone(),
        };
        let imported_only =
            folded.commands() == [envelope.command_id] && self.begins::<D>(&folded.stream, &events).await?;
        let rest = events
            .get(there..)
            .filter(|it| imported_only && !it.is_empty())
            .ok_or_else(diverged)?;
        match self.append_after(&folded, envelope, there, rest.to_vec()).await {
            Ok(_) => Ok(Present {
                appended: rest.len(),
                before: there,
            }),
            Err(CommandError::Log(LogError::Conflict { .. })) => Err(diverged()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the events in the log are the first of these, so that the rest may follow them.
    async fn begins<D: Stored>(
        &self,
        stream: &str,
        events: &[(D::Event, DateTime<Utc>)],
    ) -> Result<bool, CommandError> {
        let there = read_opened(&self.log, &self.vault, stream).await?;
        for (recorded, (event, at)) in there.iter().zip(events) {
            if recorded.event != event.clone().into()
                || recorded.metadata.at.timestamp_micros() != at.timestamp_micros()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn append_after<D: Stored>(
        &self,
        folded: &Folded<D>,
        envelope: &Envelope,
        first_index: usize,
        events: Dated<D::Event>,
    ) -> Result<Position, CommandError> {
        let proposal = folded.propose(&self.vault, envelope, first_index, events).await?;
        let appended = self
            .log
            .append(&folded.stream, folded.expected(), &proposal.encoded)
            .await
            .map_err(CommandError::Log)?;
        self.learn(appended.position);
        Ok(appended.position)
    }

    /// Numbers of the tickets that were opened from `channel`, by their names there.
    ///
    /// # Errors
    /// When the log does not answer, or holds what cannot be read.
    pub async fn opened_from(&self, channel: &str) -> Result<HashMap<String, i64>, CommandError> {
        let mut numbers = HashMap::new();
        let mut log = Scan::start(&self.log, Position::START, &["ticket.opened"]);
        while let Some(page) = log.next(PAGE).await.map_err(CommandError::Log)? {
            for raw in &page {
                if let DomainEvent::Ticket(TicketEvent::Opened { number, source, .. }) = decode(raw)?.event
                    && source.channel == channel
                    && let Some(external_id) = source.external_id
                {
                    numbers.insert(external_id, number);
                }
            }
        }
        Ok(numbers)
    }

    /// A block of `count` ticket numbers that nobody else has.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn reserve_numbers(&self, count: u32) -> Result<std::ops::RangeInclusive<i64>, CommandError> {
        self.numbers.reserve(count).await
    }
}

/// The events of all steps, each decided on the state that those before leave.
fn replay<D: Decider<Event: Clone>>(
    history: &History<D::Command>,
) -> Result<Dated<D::Event>, HistoryError<D::Refusal>> {
    let mut state: Option<D> = None;
    let mut events = Vec::new();
    for (step, (command, at)) in history.steps.iter().enumerate() {
        let context = Context {
            at: *at,
            actor: history.actor.clone(),
            id: history.id,
        };
        let decided =
            D::decide(state.as_ref(), command, &context).map_err(|refusal| HistoryError::Refused { step, refusal })?;
        for event in decided {
            state = D::evolve(state, &event);
            events.push((event, *at));
        }
    }
    Ok(events)
}
