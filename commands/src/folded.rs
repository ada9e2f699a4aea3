//! One stream in hand: its folded state, where it ends, and which commands are in it.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use domain::{
    decider::{Decider, Touches},
    event::DomainEvent,
    ids::{CommandId, stream_name},
};
use event_store::{
    Appended, Chain, Envelope, EventLog, Expected, LogError, NewEvent, Position, Raw, Recorded, Vault, decode, encode,
    subjects,
};
use uuid::Uuid;

use crate::CommandError;

/// A decider whose events are among the domain's.
pub trait Stored: Decider<Event: Into<DomainEvent> + TryFrom<DomainEvent, Error = DomainEvent> + Clone> {}

impl<D: Decider<Event: Into<DomainEvent> + TryFrom<DomainEvent, Error = DomainEvent> + Clone>> Stored for D {}

/// A command whose events are in the stream.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub(crate) command_id: CommandId,
    pub(crate) request: String,
    /// Of its last event.
    pub(crate) position: Position,
}

/// A stream's events, their personal data opened.
pub(crate) async fn read_opened(
    log: &EventLog,
    vault: &Vault,
    stream: &str,
) -> Result<Vec<Recorded<DomainEvent>>, CommandError> {
    let raw: Vec<Raw> = log.read_stream(stream, 0).await.map_err(CommandError::Log)?;
    let mut events = raw.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
    vault.open_events(&mut events).await?;
    Ok(events)
}

#[derive(Debug, Clone)]
pub(crate) struct Folded<D> {
    pub(crate) stream: String,
    pub(crate) state: Option<D>,
    /// Of the last event.
    pub(crate) revision: Option<u64>,
    /// Of the last event.
    pub(crate) position: Position,
    chain: Chain,
    done: Vec<Done>,
    /// The product's own events at the very end, after all else, with what they touch; the newest [`TAIL`] of them.
    tail: VecDeque<(Position, Touches)>,
}

/// Events at the end of a stream of which it is known that they are the product's own: who has not seen more has not
/// looked for long.
const TAIL: usize = 32;

/// Events ready to be appended, and the chain they lead to.
pub(crate) struct Proposal<E> {
    pub(crate) events: Vec<E>,
    pub(crate) encoded: Vec<NewEvent>,
    chain: Chain,
}

impl<D: Stored> Folded<D> {
    /// A stream without events.
    pub(crate) fn unborn(id: Uuid) -> Self {
        let stream = stream_name(D::CATEGORY, id);
        let chain = Chain::genesis(&stream);
        Self {
            stream,
            state: None,
            revision: None,
            position: Position::START,
            chain,
            done: Vec::new(),
            tail: VecDeque::new(),
        }
    }

    /// The stream as the log has it.
    pub(crate) async fn read(log: &EventLog, vault: &Vault, id: Uuid) -> Result<Self, CommandError> {
        let mut folded = Self::unborn(id);
        for recorded in read_opened(log, vault, &folded.stream).await? {
            let foreign = |event: DomainEvent| LogError::Refused {
                reason: format!(
                    "stream {} holds an event of another aggregate: {event:?}",
                    folded.stream
                ),
            };
            let event = D::Event::try_from(recorded.event).map_err(|it| CommandError::Log(foreign(it)))?;
            folded.heed(&event, recorded.position);
            folded.state = D::evolve(folded.state.take(), &event);
            folded.revision = Some(recorded.revision);
            folded.position = recorded.position;
            folded.chain = Chain::recorded(&recorded.metadata).unwrap_or(folded.chain);
            folded.note(
                recorded.metadata.command_id,
                &recorded.metadata.request,
                recorded.position,
            );
        }
        Ok(folded)
    }

    /// The command's traces, if it is in the stream.
    pub(crate) fn find(&self, command_id: CommandId) -> Option<&Done> {
        self.done.iter().rev().find(|it| it.command_id == command_id)
    }

    /// The commands whose events are in the stream, oldest first.
    pub(crate) fn commands(&self) -> Vec<CommandId> {
        self.done.iter().map(|it| it.command_id).collect()
    }

    pub(crate) fn expected(&self) -> Expected {
        Expected::after(self.revision)
    }

    /// How many events the stream has.
    pub(crate) fn version(&self) -> u64 {
        self.revision.map_or(0, |it| it + 1)
    }

    /// `events`, sealed, encoded and chained to the stream's end. `first_index` counts the command's events already
    /// there.
    pub(crate) async fn propose(
        &self,
        vault: &Vault,
        envelope: &Envelope,
        first_index: usize,
        events: Vec<(D::Event, DateTime<Utc>)>,
    ) -> Result<Proposal<D::Event>, CommandError> {
        let mut dated: Vec<(DomainEvent, _)> = events.iter().map(|(event, at)| (event.clone().into(), *at)).collect();
        let sealed_for = subjects(dated.iter_mut().map(|(event, _)| event));
        let mut keys = vault.keys_or_new(&sealed_for).await?;
        if let Some(from) = &envelope.from
            && let Some(key) = vault.key_at_hand(from.of()).await
        {
            keys.put(from.of(), key);
        }
        let (encoded, chain) = encode(self.chain, envelope, first_index, dated, &keys)?;
        Ok(Proposal {
            events: events.into_iter().map(|(event, _)| event).collect(),
            encoded,
            chain,
        })
    }

    /// The stream after `proposal` has been appended.
    pub(crate) fn after(mut self, proposal: &Proposal<D::Event>, envelope: &Envelope, appended: Appended) -> Self {
        for event in &proposal.events {
            self.heed(event, appended.position);
        }
        self.state = proposal.events.iter().fold(self.state, D::evolve);
        self.revision = Some(appended.revision);
        self.position = appended.position;
        self.chain = proposal.chain;
        self.note(envelope.command_id, &envelope.request, appended.position);
        self
    }

    /// The last `count` events, if all of them are the product's own: position of the first, and what they touch.
    pub(crate) fn own_tail(&self, count: u64) -> Option<(Position, impl Iterator<Item = Touches>)> {
        let skipped = self.tail.len().checked_sub(usize::try_from(count).ok()?)?;
        let mut tail = self.tail.iter().skip(skipped).copied().peekable();
        let (since, _) = *tail.peek()?;
        Some((since, tail.map(|it| it.1)))
    }

    fn heed(&mut self, event: &D::Event, at: Position) {
        match D::touches(event) {
            Some(touched) => self.tail.push_back((at, touched)),
            None => self.tail.clear(),
        }
        if self.tail.len() > TAIL {
            self.tail.pop_front();
        }
    }

    fn note(&mut self, command_id: CommandId, request: &str, position: Position) {
        match self.done.last_mut() {
            Some(last) if last.command_id == command_id => last.position = position,
            Some(_) | None => self.done.push(Done {
                command_id,
                request: request.to_owned(),
                position,
            }),
        }
    }
}
